/** Whose attestations are trusted: the roots of their certificates, and their signers. Part of the configuration. */
import * as z from "zod";
import { readJson } from "../payload.ts";

/** An asterisk in the host or owner: `https://github.com/acme*` would also match the owner acme-evil. */
const LOOSE = /^https?:\/\/(?:[^/*]*\*|[^/*]+\/[^/*]+\*)/i;

/** A trusted signer: an issuer of identities, and its repositories (`*` matches any text). */
export const Trusted = z.strictObject({
  issuer: z.url(),
  repository: z
    .string()
    .min(1)
    .refine((pattern) => !LOOSE.test(pattern), {
      error: "must name the complete host and owner before an asterisk, like https://github.com/acme/*",
    }),
});
export type Trusted = z.infer<typeof Trusted>;
export const Signers = z.array(Trusted).min(1);

export interface Trust {
  /** Trusted roots, each as JSON text; `gh attestation trusted-root` prints one on each line. */
  readonly roots: readonly string[];
  readonly signers: readonly Trusted[];
}

/** The minimum to distinguish a trusted root from other files. */
const TrustedRoot = z.looseObject({
  mediaType: z.string().startsWith("application/vnd.dev.sigstore.trustedroot"),
});

/** The trusted roots in a file, each on a line of JSON. Throws an Error if the file contains anything else. */
export function rootsIn(text: string): string[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  // One on each line, as GitHub's tool prints them, or a single one over many lines, as cosign prints it.
  const roots = (lines[0]?.trim() === "{" ? [text] : lines).map((root) => {
    const json = readJson(root);
    if (json.is === "fault" || !TrustedRoot.safeParse(json.value).success) {
      throw new Error("must contain Sigstore's trusted roots, as `gh attestation trusted-root` prints them");
    }
    return JSON.stringify(json.value);
  });
  if (roots.length === 0) throw new Error("holds no trusted root");
  return roots;
}
