/** What the log's adapters for AWS send, through the real SDK. */
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kmsSigner } from "../../functions/adapters/kms/signer.ts";
import { s3Log } from "../../functions/adapters/s3/log-store.ts";
import { opened, signed } from "../../functions/seal/note.ts";
import { withAwsEnvironment } from "./aws-environment.ts";
import { type S3Server, startS3 } from "./s3-server.ts";

withAwsEnvironment();

describe("the log in S3", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.stop());

  it("sends a condition and a checksum with every put", async () => {
    const log = s3Log("asof-log", server.endpoint);
    await log.putIfAbsent("head", Buffer.from("one"));
    await log.putIfMatch("head", Buffer.from("two"), (await log.get("head"))?.etag ?? "");
    expect(server.puts.map(({ path }) => path)).toEqual(["/asof-log/head", "/asof-log/head"]);
    for (const { headers } of server.puts) {
      expect([headers["if-none-match"], headers["if-match"]].filter((one) => one !== undefined)).toHaveLength(
        1,
      );
      expect(`${headers["x-amz-checksum-sha256"]} ${headers["x-amz-trailer"]}`).toMatch(/=|sha256/);
    }
    expect(server.objects.get("/asof-log/head")?.toString()).toBe("two");
  });

  it("reports a failure as unknown, and not as a refused condition", async () => {
    const stopped = await startS3();
    await stopped.stop();
    const log = s3Log("asof-log", stopped.endpoint);
    await expect(log.putIfAbsent("head", Buffer.from("one"))).rejects.toMatchObject({ code: "unavailable" });
    await expect(log.get("head")).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a key of KMS", () => {
  it("signs the text itself, so that signed notes verify", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const asked: { readonly target: unknown; readonly body: Record<string, string> }[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body: Record<string, string> = JSON.parse(Buffer.concat(chunks).toString());
        asked.push({ target: request.headers["x-amz-target"], body });
        const text = Buffer.from(body.Message ?? "", "base64");
        response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
        response.end(
          JSON.stringify({
            PublicKey: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
            Signature: sign(null, text, privateKey).toString("base64"),
          }),
        );
      });
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port }: { port?: number } = Object(server.address());
    const signer = await kmsSigner("arn:aws:kms:key", "ledger.example/asof", `http://127.0.0.1:${port}`);
    expect(opened(await signed("text\n", signer), signer.key)).toBe("text\n");
    expect(asked.map(({ target }) => target)).toEqual(["TrentService.GetPublicKey", "TrentService.Sign"]);
    expect(asked[1]?.body).toMatchObject({ MessageType: "RAW", SigningAlgorithm: "ED25519_SHA_512" });
    server.closeAllConnections();
    server.close();
  });
});
