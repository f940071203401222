/** Verifies OIDC tokens with `jose`, by the keys that their issuers publish. Only configured issuers are ever asked. */
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import {
  type Claims,
  holderFrom,
  type Identities,
  IssuerFailure,
  type Policy,
  type Verified,
  type Verifier,
} from "../../ledger/authority/identities.ts";
import { authorizationUrl, redeemCode } from "./code-flow.ts";
import { type Discovered, discover } from "./discovery.ts";

/** Asymmetric only: with a shared secret, whoever can verify could also sign. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** ID tokens, and access tokens for the ledger (RFC 9068). Other types, like logout tokens, mean something else. */
const TYPES: ReadonlySet<unknown> = new Set([undefined, "JWT", "jwt", "at+jwt", "application/at+jwt"]);
const CLOCK_TOLERANCE_S = 30;
/** How long a discovery document is used, and how long a failure is remembered, so that a flood asks nobody. */
const DISCOVERY_MS = 3600_000;
const FAILURE_MS = 5000;

interface Issuer {
  readonly keys: JWTVerifyGetKey;
  readonly discovered: Discovered;
}

/** The keys of a token's issuer, read when the first token needs them. Throws an IssuerFailure. */
function issuers(now: () => Date): (issuer: string) => Promise<Issuer> {
  const known = new Map<string, { readonly untilMs: number; readonly read: Promise<Issuer> }>();
  const read = async (issuer: string): Promise<Issuer> => {
    const discovered = await discover(issuer);
    const remote = createRemoteJWKSet(new URL(discovered.jwks_uri));
    const keys: JWTVerifyGetKey = (header, input) =>
      remote(header, input).catch((error: unknown) => {
        if (isOfToken(error)) throw error;
        throw new IssuerFailure(`the keys of the issuer ${issuer} cannot be read`, { cause: error });
      });
    return { keys, discovered };
  };
  return (issuer) => {
    const nowMs = now().getTime();
    const found = known.get(issuer);
    if (found !== undefined && nowMs < found.untilMs) return found.read;
    const made = { untilMs: nowMs + DISCOVERY_MS, read: read(issuer) };
    known.set(issuer, made);
    made.read.catch(() => known.set(issuer, { ...made, untilMs: nowMs + FAILURE_MS }));
    return made.read;
  };
}

/** Whether a key was not found because of the token, not because of the issuer. */
const isOfToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported;

/** Why a token proves nothing. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "exp: the token has ended; get a new one";
  if (error instanceof errors.JWTClaimValidationFailed) return `${error.claim}: ${error.message}`;
  if (error instanceof errors.JOSEAlgNotAllowed) return `alg: must be one of ${ALGORITHMS.join(", ")}`;
  if (error instanceof errors.JWKSNoMatchingKey) return "kid: the issuer publishes no such key";
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return "kid: is needed, for the issuer has several keys";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the signature is not the issuer's";
  return "it is no token that can be verified";
}

const invalid = (reason: string): Verified => ({ is: "invalid", reason });

/** What a token says of itself, not verified. */
function unverified(token: string): { readonly typ: unknown; readonly claims: JWTPayload } | undefined {
  try {
    return { typ: decodeProtectedHeader(token).typ, claims: decodeJwt(token) };
  } catch {
    return undefined;
  }
}

/** What `jose` leaves to its callers. */
function faultOf(claims: JWTPayload, now: Date): string | undefined {
  // A token for several audiences could be replayed by the others.
  if (Array.isArray(claims.aud) && claims.aud.length !== 1) return "aud: must name this ledger alone";
  if ((claims.iat ?? 0) > now.getTime() / 1000 + CLOCK_TOLERANCE_S) return "iat: lies in the future";
  return undefined;
}

/** The claims of a token, or what it does not prove. Throws an IssuerFailure, and what `jose` throws. */
async function claimsOf(
  token: string,
  policies: readonly Policy[],
  { keys }: Issuer,
  now: Date,
): Promise<Claims> {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ALGORITHMS,
    issuer: policies.map(({ issuer }) => issuer),
    audience: policies.flatMap(({ audience }) => audience),
    requiredClaims: ["exp", "iat", "sub"],
    clockTolerance: CLOCK_TOLERANCE_S,
    currentDate: now,
  });
  return payload;
}

/**
 * A verifier of the configured policies.
 * @param loginSecret the secret of the client by which people sign in, where the issuer gave it one
 */
export function verifier(
  { policies, login }: Identities,
  now: () => Date,
  loginSecret: () => Promise<string | undefined>,
): Verifier {
  const issuerOf = issuers(now);
  const verify = async (token: string): Promise<Verified> => {
    const said = unverified(token);
    if (said === undefined) return invalid("it is no token that can be verified");
    const own = policies.filter(({ issuer }) => issuer === said.claims.iss);
    const [first] = own;
    if (first === undefined) return invalid("iss: no policy of this ledger takes tokens of its issuer");
    if (!TYPES.has(said.typ)) return invalid("typ: must be JWT");
    try {
      const claims = await claimsOf(token, own, await issuerOf(first.issuer), now());
      const fault = faultOf(claims, now());
      if (fault !== undefined) return invalid(fault);
      const found = holderFrom(own, claims);
      return "holder" in found
        ? { is: "identity", identity: { holder: found.holder, claims } }
        : { is: "strange", reason: found.reason };
    } catch (error) {
      if (error instanceof IssuerFailure) return { is: "unavailable", reason: error.message };
      return invalid(reasonOf(error));
    }
  };
  if (login === undefined) return { verify };
  const clientId = login.clientId;
  const client = { clientId, redirectUri: `${login.url}/auth/callback`, scopes: login.scopes };
  const discovered = async (): Promise<Discovered> => (await issuerOf(login.issuer)).discovered;
  return {
    verify,
    signIn: {
      login,
      authorizationUrl: async (challenge) => authorizationUrl(await discovered(), client, challenge),
      redeem: async (code, codeVerifier) => {
        const clientSecret = await loginSecret();
        const proven = clientSecret === undefined ? client : { ...client, clientSecret };
        return (await redeemCode(await discovered(), proven, code, codeVerifier))?.idToken;
      },
    },
  };
}
