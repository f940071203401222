/**
 * Attestations of builds: in-toto statements with SLSA provenance v1 or v0.2, plain, in a DSSE envelope, or in a
 * Sigstore bundle, as GitHub makes them (`gh attestation download`).
 *
 * Key: the hash of the statement's bytes, and the index of the subject. Verified facts have keys of their own, so an
 * attestation that arrived before its trust root was configured can be sent again, and is then recorded as verified.
 * Proof: the DSSE signature and the certificate in the bundle, see `sigstore.ts`; without them it is an unverified claim.
 * Not in the payload: the image's repository, unless it is the subject's name.
 * See `provenance.ts` for the builds that predicates describe.
 * Format: in-toto/attestation, spec/v1/statement.md; slsa.dev/spec/v1.0/provenance and /v0.2/provenance;
 * secure-systems-lab/dsse, envelope.md; sigstore/protobuf-specs, sigstore_bundle.proto.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { faultsOf, imageRepository, time } from "../../../schemas/scalars.ts";
import { firstLink, ignored, maybeText, present, readJson, rejected, said } from "../payload.ts";
import { readPurl } from "../registries/purl.ts";
import { buildOf, type Commit } from "./provenance.ts";

const MAX_SUBJECTS = 100;
const PAYLOAD_TYPE = "application/vnd.in-toto+json";

const Envelope = z.looseObject({
  payloadType: z.literal(PAYLOAD_TYPE, `must be ${PAYLOAD_TYPE}`),
  payload: z.base64(),
});
const Bundle = z.looseObject({ mediaType: z.string(), dsseEnvelope: Envelope });

/** A received attestation: the statement, the hash of its bytes, and the bundle that may prove its signer. */
export interface Attestation {
  readonly statement: unknown;
  readonly hash: string;
  readonly bundle?: unknown;
}
export type Attested =
  | { readonly is: "attestation"; readonly attestation: Attestation }
  | { readonly is: "fault"; readonly reason: string };

const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const fault = (reason: string): Attested => ({ is: "fault", reason });

function unpacked(envelope: unknown, more: Pick<Attestation, "bundle">): Attested {
  const parsed = Envelope.safeParse(envelope);
  if (!parsed.success) return fault(faultsOf(parsed.error));
  const bytes = Buffer.from(parsed.data.payload, "base64");
  const json = readJson(bytes.toString("utf8"));
  if (json.is === "fault") return fault(`payload: ${json.reason}`);
  return { is: "attestation", attestation: { statement: json.value, hash: sha256(bytes), ...more } };
}

const Any = z.looseObject({ dsseEnvelope: z.unknown().optional(), payloadType: z.unknown().optional() });

/** An attestation in any of its three forms. */
export function readAttestation(value: unknown): Attested {
  const any = Any.safeParse(value);
  if (!any.success)
    return fault("must be an in-toto statement, a DSSE envelope or a Sigstore bundle, as a JSON object");
  if (any.data.dsseEnvelope !== undefined) {
    const bundle = Bundle.safeParse(value);
    return bundle.success
      ? unpacked(bundle.data.dsseEnvelope, { bundle: value })
      : fault(faultsOf(bundle.error));
  }
  if (any.data.payloadType !== undefined) return unpacked(value, {});
  return { is: "attestation", attestation: { statement: value, hash: sha256(JSON.stringify(value)) } };
}

// --- the statement ----------------------------------------------------------------------------------------

const Statement = z.looseObject({
  _type: z.enum(
    ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"],
    "must be an in-toto statement's",
  ),
  subject: z
    .array(
      z.looseObject({
        name: maybeText,
        digest: z.looseObject({ sha256: maybeText, sha512: maybeText }),
      }),
    )
    .min(1)
    .max(MAX_SUBJECTS),
  predicateType: z.string(),
  predicate: z.unknown(),
});
type Statement = z.infer<typeof Statement>;

/** The image repository in a subject's name: an image name, or a package URL. */
function repositoryOf(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const image = name.startsWith("pkg:") ? readPurl(name) : undefined;
  const named = image?.is === "image" ? image.parts.repository : name;
  return imageRepository.safeParse(named).success ? named : undefined;
}

const digestOf = ({ digest }: Statement["subject"][number]): string | undefined =>
  digest.sha256 === undefined
    ? digest.sha512 === undefined
      ? undefined
      : `sha512:${digest.sha512}`
    : `sha256:${digest.sha256}`;

/** Whether a trusted signer signed it for this commit; else the reason. */
export type Verdict = { readonly verified: true } | { readonly verified: false; readonly reason: string };
export type Verify = (bundle: unknown, commit: Commit) => Promise<Verdict>;

/** The facts of an attestation: for each subject, the commit that it was built from; and why they are not verified. */
export interface Builds {
  readonly mapped: readonly Mapped[];
  readonly unverified?: string;
}

export async function toBuilds(
  { statement, hash, bundle }: Attestation,
  verify: Verify,
  receivedAt: string,
): Promise<Builds> {
  const none = (mapped: Mapped): Builds => ({ mapped: [mapped] });
  const parsed = Statement.safeParse(statement);
  if (!parsed.success) return none(rejected(faultsOf(parsed.error), statement));
  const build = buildOf(parsed.data);
  if ("ignored" in build) return none(ignored(build.ignored, statement));
  if ("fault" in build) return none(rejected(build.fault, statement));
  if (build.isDirty) {
    return none(
      ignored("the image was built from a working tree with changes that no commit holds", statement),
    );
  }
  const [commit, ...others] = build.commits;
  if (commit === undefined || others.some(({ sha }) => sha !== commit.sha)) {
    return none(
      rejected("predicate: must name one commit of a git repository, by its URL and full id", statement),
    );
  }
  const verdict = bundle === undefined ? UNSIGNED : await verify(bundle, commit);
  const when =
    build.finishedAt !== undefined && time.safeParse(build.finishedAt).success
      ? { occurredAt: build.finishedAt }
      : { occurredAt: receivedAt, timeFrom: "receipt" };
  const { verified } = verdict;
  const mapped = parsed.data.subject.map((subject, n) =>
    said(
      {
        kind: "artifact.built",
        source: "/asof/attestations",
        id: `${verified ? "verified" : "claimed"}/${hash}/${n}`,
        ...when,
        commit,
        evidence: "slsa",
        verified,
        ...present({
          digest: digestOf(subject),
          repository: repositoryOf(subject.name),
          url: firstLink(build.run),
        }),
      },
      statement,
    ),
  );
  return { mapped, ...(verdict.verified ? {} : { unverified: verdict.reason }) };
}

const UNSIGNED: Verdict = { verified: false, reason: "it came without a signature" };
