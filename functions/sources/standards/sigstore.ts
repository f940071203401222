/**
 * Verifies an attestation's signer: the bundle's DSSE signature, its certificate up to a trusted root, and the proof of
 * the signing time (a transparency log or timestamps), checked offline by Sigstore's own library. The signer is read from
 * the certificate, never from the predicate, which any signer may write. The certificate must name the repository and
 * commit that the predicate names, and an issuer and repository that the configuration trusts.
 *
 * Extensions of the certificate: sigstore/fulcio, docs/oid-info.md.
 */
import { bundleFromJSON } from "@sigstore/bundle";
import { ASN1Obj } from "@sigstore/core";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { type Signer, toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { wildcard } from "../../../schemas/scalars.ts";
import type { Verdict, Verify } from "./attestation.ts";
import type { Commit } from "./provenance.ts";
import type { Trust, Trusted } from "./trust.ts";

const OIDS = {
  issuer: "1.3.6.1.4.1.57264.1.8",
  repository: "1.3.6.1.4.1.57264.1.12",
  sha: "1.3.6.1.4.1.57264.1.13",
} as const;

/** An extension of the signer's certificate: a DER-encoded UTF8String. */
function extension(signer: Signer, oid: string): string | undefined {
  const found = signer.identity?.oids?.find(({ oid: one }) => one?.id.join(".") === oid);
  return found === undefined
    ? undefined
    : ASN1Obj.parseBuffer(Buffer.from(found.value)).value.toString("utf8");
}

function verifierOf(text: string): Verifier {
  const root = TrustedRoot.fromJSON(JSON.parse(text));
  // GitHub's own root, for private repositories, has no public logs: signed timestamps prove the time.
  const isPublic = root.tlogs.length > 0;
  return new Verifier(toTrustMaterial(root), {
    tlogThreshold: isPublic ? 1 : 0,
    ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  });
}

const same = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase();

function verdictOn(signer: Signer, commit: Commit, signers: readonly Trusted[]): Verdict {
  const of = {
    issuer: extension(signer, OIDS.issuer),
    repository: extension(signer, OIDS.repository),
    sha: extension(signer, OIDS.sha),
  };
  if (!same(of.repository, commit.repository) || !same(of.sha, commit.sha)) {
    return { verified: false, reason: "the certificate and the predicate name different commits" };
  }
  const isTrusted = signers.some(
    ({ issuer, repository }) => issuer === of.issuer && wildcard(repository).test(of.repository ?? ""),
  );
  return isTrusted
    ? { verified: true }
    : { verified: false, reason: `${of.issuer} and ${of.repository} are not a trusted signer` };
}

/** Throws if a root is invalid. */
export function verifying({ roots, signers }: Trust): Verify {
  const verifiers = roots.map(verifierOf);
  return async (bundle, commit) => {
    let reason = "no trusted root is configured";
    for (const verifier of verifiers) {
      try {
        return verdictOn(verifier.verify(toSignedEntity(bundleFromJSON(bundle))), commit, signers);
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
    }
    return { verified: false, reason };
  };
}
