/** Signs with an Ed25519 key of KMS, which never leaves it. */
import { createPublicKey } from "node:crypto";
import { type Signer, verifierKey } from "../../seal/note.ts";
import { TIMEOUTS } from "../timeouts.ts";

/** The form of KMS's public keys: SubjectPublicKeyInfo, in DER. */
const rawKey = (der: Uint8Array): Buffer =>
  Buffer.from(
    createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" }).export({ format: "jwk" }).x ?? "",
    "base64url",
  );

/**
 * @param KeyId of a key with the specification ECC_NIST_EDWARDS25519
 * @param name of the log
 * @param endpoint of a server with the API of KMS; absent: AWS
 */
export async function kmsSigner(KeyId: string, name: string, endpoint?: string): Promise<Signer> {
  const { GetPublicKeyCommand, KMSClient, SignCommand } = await import("@aws-sdk/client-kms");
  const client = new KMSClient({
    requestHandler: TIMEOUTS,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const { PublicKey = new Uint8Array() } = await client.send(new GetPublicKeyCommand({ KeyId }));
  return {
    key: verifierKey(name, rawKey(PublicKey)),
    sign: async (Message) => {
      // The text itself (PureEdDSA, RFC 8032), as signed notes want it; ED25519_PH_SHA_512 would sign its hash.
      const { Signature = new Uint8Array() } = await client.send(
        new SignCommand({ KeyId, Message, MessageType: "RAW", SigningAlgorithm: "ED25519_SHA_512" }),
      );
      return Buffer.from(Signature);
    },
  };
}
