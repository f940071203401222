/** A signer with a key made for a test. */
import { generateKeyPairSync, sign } from "node:crypto";
import { type Signer, verifierKey } from "../../functions/seal/note.ts";

export function newSigner(name: string): Signer {
  const pair = generateKeyPairSync("ed25519");
  const { x = "" } = pair.publicKey.export({ format: "jwk" });
  return {
    key: verifierKey(name, Buffer.from(x, "base64url")),
    sign: async (bytes) => sign(null, bytes, pair.privateKey),
  };
}
