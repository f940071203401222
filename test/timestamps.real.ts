/** Checkpoints are time-stamped by a real authority, OpenSSL's, and its time-stamps verify. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { timestampAuthority } from "../functions/adapters/timestamp-authority.ts";
import { anchor, anchorPath } from "../functions/seal/anchor.ts";
import { sealedLedger } from "./seal/given.ts";

const SETTINGS = `
[tsa]
dir = .
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.pem
certs = ./ca.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
`;

describe("a time-stamping authority", () => {
  const folder = mkdtempSync(join(tmpdir(), "asof-tsa-"));
  const openssl = (...args: string[]): string =>
    execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const write = (name: string, bytes: string | Buffer): void => writeFileSync(join(folder, name), bytes);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      write("request.tsq", Buffer.concat(chunks));
      openssl(
        "ts",
        "-reply",
        "-config",
        "tsa.cnf",
        "-section",
        "tsa",
        "-queryfile",
        "request.tsq",
        "-out",
        "answer.tsr",
      );
      response.writeHead(200, { "content-type": "application/timestamp-reply" });
      response.end(readFileSync(join(folder, "answer.tsr")));
    });
  });
  let url = "";

  beforeAll(async () => {
    write("tsa.cnf", SETTINGS);
    write("serial", "01\n");
    write("tsa.ext", "extendedKeyUsage = critical, timeStamping\nkeyUsage = critical, digitalSignature\n");
    openssl(
      "req",
      "-x509",
      "-newkey",
      "ed25519",
      "-nodes",
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-subj",
      "/CN=Test CA",
    );
    openssl(
      "req",
      "-new",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "tsa.key",
      "-out",
      "tsa.csr",
      "-subj",
      "/CN=Test TSA",
    );
    openssl(
      "x509",
      "-req",
      "-in",
      "tsa.csr",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-extfile",
      "tsa.ext",
      "-out",
      "tsa.pem",
    );
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = Object(server.address()) satisfies AddressInfo;
    url = `http://127.0.0.1:${port}/`;
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  it("stamps a checkpoint once, and OpenSSL verifies what is stored", async () => {
    const ledger = sealedLedger();
    await ledger.seal();
    const { log, signer } = ledger.sealing;
    expect(await anchor(log, signer.key, timestampAuthority(url))).toBe(1);
    expect(await anchor(log, signer.key, timestampAuthority(url))).toBeUndefined();
    write("checkpoint", ledger.log.files.get("checkpoints/1") ?? "");
    write("stored.tsr", ledger.log.files.get(anchorPath(1)) ?? "");
    expect(
      openssl("ts", "-verify", "-in", "stored.tsr", "-data", "checkpoint", "-CAfile", "ca.pem"),
    ).toContain("OK");
    expect(openssl("ts", "-query", "-in", "request.tsq", "-text")).toMatch(
      /Hash Algorithm: sha256[\s\S]*Certificate required: yes/,
    );
    write("checkpoint", "another\n");
    expect(() =>
      openssl("ts", "-verify", "-in", "stored.tsr", "-data", "checkpoint", "-CAfile", "ca.pem"),
    ).toThrow();
  });
});
