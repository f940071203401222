/** Time-stamps of an authority: RFC 3161 responses, with RFC 5816's signer and RFC 5652's signature. */
import { constants, createHash, type KeyObject, verify, X509Certificate } from "node:crypto";
import { bytesOf, context, type Der, elements, oidOf, TAG, within } from "./der.ts";

export interface TimeStamp {
  /** When the authority had the data, to the second or better. */
  readonly time: Date;
  /** The subject of the authority's certificate, in one line. */
  readonly authority: string;
  /** Whether one of the given authorities vouches for that certificate. */
  readonly isTrusted: boolean;
}

const OID = {
  signedData: "1.2.840.113549.1.7.2",
  timeStampInfo: "1.2.840.113549.1.9.16.1.4",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingCertificate: "1.2.840.113549.1.9.16.2.12",
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47",
  extendedKeyUsage: "2.5.29.37",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  pss: "1.2.840.113549.1.1.10",
} as const;

const DIGESTS: Readonly<Record<string, string>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

/** Signature algorithms that name their digest; the others are signed over the signer's digest. */
const SIGNED_OVER: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
};

/** A reason for which a time-stamp proves nothing. */
class Refusal extends Error {}

/** The certificates of a PEM file. Throws an Error if it holds none, or one is malformed. */
export function certificatesIn(pem: string): X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw new Error("holds no certificate: it must be PEM");
  return found.map((one) => new X509Certificate(one));
}

/**
 * Reads and checks the response of a time-stamping authority.
 * @param data what was stamped
 * @param authorities certificates to trust; without any, the signature alone is checked
 * @returns a reason, as text, if it proves nothing
 */
export function readTimeStamp(
  response: Buffer,
  data: Buffer,
  authorities: readonly X509Certificate[],
): TimeStamp | string {
  try {
    return checked(response, data, authorities);
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    return "is no time-stamp response, or is damaged";
  }
}

/** The parts of a response that are checked. */
function parts(response: Buffer) {
  const [root, ...more] = elements(response);
  if (more.length > 0) throw new RangeError("bytes after the response");
  const [statusInfo, token] = within(root, TAG.sequence);
  const status = bytesOf(within(statusInfo, TAG.sequence)[0], TAG.integer);
  if (status.length !== 1 || status.readUInt8(0) > 1) throw new Refusal("the authority did not grant it");
  const [type, content] = within(token, TAG.sequence);
  if (oidOf(type) !== OID.signedData) throw new Refusal("is not signed data");
  const [, , encapsulated, ...rest] = within(within(content, context(0))[0], TAG.sequence);
  const [contentType, octets] = within(encapsulated, TAG.sequence);
  if (oidOf(contentType) !== OID.timeStampInfo) throw new Refusal("signs something else than a time-stamp");
  const signers = within(rest.at(-1), TAG.set);
  if (signers.length !== 1) throw new Refusal("has not exactly one signer");
  const certificates = rest.filter(({ tag }) => tag === context(0)).flatMap(({ value }) => elements(value));
  return {
    info: bytesOf(within(octets, context(0))[0], TAG.octets),
    certificates: certificates.map(({ raw }) => new X509Certificate(raw)),
    signer: within(signers[0], TAG.sequence),
  };
}

const digestOf = (algorithm: Der | undefined): string => {
  const digest = DIGESTS[oidOf(within(algorithm, TAG.sequence)[0])];
  if (digest === undefined) throw new Refusal("uses a digest other than SHA-256, SHA-384 and SHA-512");
  return digest;
};

const hashed = (digest: string, data: Uint8Array): Buffer => createHash(digest).update(data).digest();

function checked(response: Buffer, data: Buffer, authorities: readonly X509Certificate[]): TimeStamp {
  const { info, certificates, signer } = parts(response);
  const [, , imprint, , genTime] = within(elements(info)[0], TAG.sequence);
  const [algorithm, stamped] = within(imprint, TAG.sequence);
  if (!hashed(digestOf(algorithm), data).equals(bytesOf(stamped, TAG.octets)))
    throw new Refusal("is of something else than this checkpoint");
  const time = timeOf(genTime);
  const [, signerName, digestAlgorithm, signed, signatureAlgorithm, signature] = signer;
  const attributes = attributesOf(signed);
  const digest = digestOf(digestAlgorithm);
  if (oidOf(attributes.get(OID.contentType)) !== OID.timeStampInfo)
    throw new Refusal("its signature is of another type of content");
  if (!hashed(digest, info).equals(bytesOf(attributes.get(OID.messageDigest), TAG.octets)))
    throw new Refusal("its content was altered");
  const certificate = [...certificates, ...authorities].find((one) => isSigner(one, attributes));
  if (certificate === undefined) throw new Refusal("the certificate of its signer is not there");
  checkName(signerName, certificate);
  // What is signed are the attributes as a SET, whose tag the context replaces.
  const bytes = Buffer.from(signed?.raw ?? Buffer.of());
  bytes[0] = TAG.set;
  const scheme = oidOf(within(signatureAlgorithm, TAG.sequence)[0]);
  if (!isSignature(bytes, bytesOf(signature, TAG.octets), certificate.publicKey, scheme, digest))
    throw new Refusal("its signature is wrong");
  checkUse(certificate, time);
  if (authorities.length > 0) checkChain(certificate, certificates, authorities, time);
  return { time, authority: nameOf(certificate), isTrusted: authorities.length > 0 };
}

/** The signed attributes of one value each, by their types. */
function attributesOf(signed: Der | undefined): Map<string, Der> {
  const found = within(signed, context(0)).map((attribute) => {
    const [type, values] = within(attribute, TAG.sequence);
    const [value, ...more] = within(values, TAG.set);
    if (value === undefined || more.length > 0) throw new Refusal("an attribute has not exactly one value");
    return [oidOf(type), value] as const;
  });
  const attributes = new Map(found);
  if (attributes.size !== found.length) throw new Refusal("an attribute is there twice");
  return attributes;
}

function timeOf(element: Der | undefined): Date {
  const text = bytesOf(element, TAG.generalizedTime).toString("latin1");
  const [, year, month, day, hour, minute, second, fraction = ""] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/.exec(text) ?? [];
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}Z`);
  if (Number.isNaN(time.getTime())) throw new RangeError("no time");
  return time;
}

/** Whether the signed attributes name this certificate by its hash (RFC 5035, RFC 2634). */
function isSigner(certificate: X509Certificate, attributes: ReadonlyMap<string, Der>): boolean {
  const named = attributes.get(OID.signingCertificateV2) ?? attributes.get(OID.signingCertificate);
  if (named === undefined) throw new Refusal("it does not name the certificate of its signer");
  const [first] = within(within(named, TAG.sequence)[0], TAG.sequence);
  const fields = within(first, TAG.sequence);
  const algorithm = attributes.has(OID.signingCertificateV2)
    ? fields.find(({ tag }) => tag === TAG.sequence)
    : undefined;
  const isHash = fields[0]?.tag === TAG.octets;
  const v2 = isHash || algorithm === undefined ? "sha256" : digestOf(algorithm);
  const hash = bytesOf(
    fields.find(({ tag }) => tag === TAG.octets),
    TAG.octets,
  );
  return hashed(attributes.has(OID.signingCertificateV2) ? v2 : "sha1", certificate.raw).equals(hash);
}

function isSignature(
  bytes: Buffer,
  signature: Buffer,
  key: KeyObject,
  scheme: string,
  digest: string,
): boolean {
  const type = key.asymmetricKeyType;
  if (type === "ed25519" || type === "ed448") return verify(null, bytes, key, signature);
  const over = SIGNED_OVER[scheme] ?? digest;
  if (scheme !== OID.pss) return verify(over, bytes, key, signature);
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_AUTO: saltLength } = constants;
  return verify(over, bytes, { key, padding, saltLength }, signature);
}

const isValidAt = ({ validFrom, validTo }: X509Certificate, time: Date): boolean =>
  new Date(validFrom) <= time && time <= new Date(validTo);

/** The first part of a certificate, which is signed: from the serial number on. */
function bodyOf(certificate: X509Certificate): Der[] {
  const [body] = within(elements(certificate.raw)[0], TAG.sequence);
  const fields = within(body, TAG.sequence);
  return fields[0]?.tag === context(0) ? fields.slice(1) : fields;
}

/** A signer that is named by issuer and serial number must have the certificate of these (RFC 5652, 5.3). */
function checkName(signer: Der | undefined, certificate: X509Certificate): void {
  if (signer?.tag !== TAG.sequence) return;
  const [issuer, serial] = elements(signer.value);
  const [itsSerial, , itsIssuer] = bodyOf(certificate);
  const isSame = (a: Der | undefined, b: Der | undefined): boolean =>
    a !== undefined && b?.raw.equals(a.raw) === true;
  if (!isSame(issuer, itsIssuer) || !isSame(serial, itsSerial))
    throw new Refusal("names another signer than its certificate");
}

/** The certificate must be for time-stamping alone, and say so critically (RFC 3161, 2.3). */
function checkUse(certificate: X509Certificate, time: Date): void {
  const extensions = bodyOf(certificate)
    .filter(({ tag }) => tag === context(3))
    .flatMap(({ value }) => within(elements(value)[0], TAG.sequence))
    .map((extension) => within(extension, TAG.sequence));
  const use = extensions.find(([id]) => oidOf(id) === OID.extendedKeyUsage);
  const isCritical = use?.[1]?.tag === TAG.boolean && use[1].value[0] === 0xff;
  const uses = use === undefined ? [] : within(elements(bytesOf(use.at(-1), TAG.octets))[0], TAG.sequence);
  if (!isCritical || uses.length !== 1 || oidOf(uses[0]) !== OID.timeStamping)
    throw new Refusal(`the certificate of ${nameOf(certificate)} is not for time-stamping alone`);
  if (!isValidAt(certificate, time))
    throw new Refusal(`the certificate of ${nameOf(certificate)} was not valid then`);
}

/** More certificates than any authority puts between its root and its signer. */
const MAX_CHAIN = 8;

/** Follows the issuers from the signer to one of the authorities, through certificates that came with the time-stamp. */
function checkChain(
  signer: X509Certificate,
  others: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  time: Date,
): void {
  const isTrusted = (one: X509Certificate): boolean => authorities.some(({ raw }) => raw.equals(one.raw));
  let current = signer;
  for (let n = 0; n < MAX_CHAIN; n++) {
    if (isTrusted(current)) return;
    const issuer = [...authorities, ...others].find(
      (one) => one.ca && isValidAt(one, time) && current.checkIssued(one) && current.verify(one.publicKey),
    );
    if (issuer === undefined || issuer.raw.equals(current.raw)) break;
    current = issuer;
  }
  throw new Refusal(`none of the given authorities vouches for ${nameOf(signer)}`);
}

const nameOf = ({ subject }: X509Certificate): string => (subject ?? "").split("\n").join(", ");
