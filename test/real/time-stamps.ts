/** Time-stamping authorities made by `openssl ts`, in a folder of their own. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const KEYS = {
  rsa: ["-newkey", "rsa:2048"],
  ec: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
} as const;

const SETTINGS = `[tsa]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
`;

/** What a certificate of an authority says it is for. */
export const FOR_TIME_STAMPS = "extendedKeyUsage=critical,timeStamping";

export interface Authority {
  /** Certificates as PEM: of the root, and of the authority itself. */
  readonly root: string;
  readonly certificate: string;
  readonly stamp: (data: Buffer) => Promise<Buffer>;
  /** Signs the content of a time-stamp anew, whatever its certificate is for. @returns CMS signed data */
  readonly sign: (content: Buffer) => Promise<Buffer>;
}

/**
 * @param folder an empty one
 * @param hasIntermediate whether another certificate stands between the root and the authority
 */
export async function newAuthority(
  folder: string,
  key: keyof typeof KEYS,
  hasIntermediate: boolean,
  use = FOR_TIME_STAMPS,
): Promise<Authority> {
  const openssl = (...args: string[]) => run("openssl", args, { cwd: folder });
  const write = (name: string, bytes: string | Buffer): void => writeFileSync(join(folder, name), bytes);
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  write("settings", SETTINGS);
  write("serial", "01");
  const make = async (name: string, issuer: string, extensions: string) => {
    await openssl(
      "req",
      ...KEYS[key],
      "-nodes",
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
      "-subj",
      `/O=Test/CN=${name}`,
    );
    write(`${name}.extensions`, extensions);
    const by = [
      "-CA",
      `${issuer}.pem`,
      "-CAkey",
      `${issuer}.key`,
      "-extfile",
      `${name}.extensions`,
      "-days",
      "3650",
    ];
    await openssl("x509", "-req", "-in", `${name}.csr`, ...by, "-out", `${name}.pem`);
  };
  const root = ["-keyout", "root.key", "-out", "root.pem", "-subj", "/O=Test/CN=root", "-days", "3650"];
  await openssl("req", "-x509", ...KEYS[key], "-nodes", ...root, "-addext", "keyUsage=critical,keyCertSign");
  const ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
  if (hasIntermediate) await make("intermediate", "root", ca);
  const issuer = hasIntermediate ? "intermediate" : "root";
  await make("authority", issuer, `basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n${use}\n`);
  const signer = ["-inkey", "authority.key", "-signer", "authority.pem"];
  return {
    root: read("root.pem").toString(),
    certificate: read("authority.pem").toString(),
    stamp: async (data) => {
      write("data", data);
      await openssl("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "query");
      const answer = ["-config", "settings", "-section", "tsa", ...signer, "-chain", `${issuer}.pem`];
      await openssl("ts", "-reply", "-queryfile", "query", ...answer, "-out", "response");
      return read("response");
    },
    sign: async (content) => {
      write("content", content);
      const what = ["-binary", "-in", "content", "-nodetach", "-econtent_type", "id-smime-ct-TSTInfo"];
      await openssl("cms", "-sign", ...what, "-cades", ...signer, "-outform", "DER", "-out", "signed");
      return read("signed");
    },
  };
}
