/** Anchors, against time-stamps that `openssl ts` makes. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assuranceOf } from "../functions/seal/verify/assurance.ts";
import { checkBundle } from "../functions/seal/verify/bundle.ts";
import { context, elements, TAG, within } from "../functions/seal/verify/der.ts";
import { verifyLog } from "../functions/seal/verify/log.ts";
import { certificatesIn, readTimeStamp } from "../functions/seal/verify/time-stamp.ts";
import { type Authority, newAuthority } from "./real/time-stamps.ts";
import { type Files, inMemory, LogWriter } from "./seal/made-log.ts";
import { newSigner } from "./seal/signer.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-time-stamps-"));
let made = 0;
function authority(...args: [key: "rsa" | "ec", hasIntermediate: boolean, use?: string]): Promise<Authority> {
  const own = join(folder, String(made++));
  mkdirSync(own);
  return newAuthority(own, ...args);
}
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DATA = Buffer.from("ledger.example/log\n3\nroot\n");
let rsa: Authority;
let other: Authority;
beforeAll(async () => {
  [rsa, other] = await Promise.all([authority("rsa", false), authority("rsa", false)]);
});

describe("a time-stamp", () => {
  it.each([
    ["rsa", false],
    ["rsa", true],
    ["ec", false],
    ["ec", true],
  ] as const)("of an %s key is right under its root, with intermediate: %s", async (key, hasIntermediate) => {
    const { root, stamp } = await authority(key, hasIntermediate);
    const read = readTimeStamp(await stamp(DATA), DATA, certificatesIn(root));
    expect(read).toMatchObject({ authority: "O=Test, CN=authority", isTrusted: true });
    const ageMs = typeof read === "string" ? Number.NaN : Date.now() - read.time.getTime();
    expect(Math.abs(ageMs)).toBeLessThan(600_000);
  });

  it("is right under the authority's own certificate, and by its signature alone where nobody is trusted", async () => {
    const response = await rsa.stamp(DATA);
    expect(readTimeStamp(response, DATA, certificatesIn(rsa.certificate))).toMatchObject({ isTrusted: true });
    expect(readTimeStamp(response, DATA, [])).toMatchObject({ isTrusted: false });
  });

  it("is refused of other data, and of an authority that nobody trusts", async () => {
    const response = await rsa.stamp(DATA);
    expect(readTimeStamp(response, Buffer.from("other"), [])).toMatch(/something else/);
    expect(readTimeStamp(response, DATA, certificatesIn(other.root))).toMatch(
      /none of the given authorities/,
    );
    const both = certificatesIn(`${other.root}${rsa.root}`);
    expect(readTimeStamp(response, DATA, both)).toMatchObject({ isTrusted: true });
  });

  it("is refused with a byte changed, or says the same where nobody signed that byte", async () => {
    const response = await rsa.stamp(DATA);
    const trusted = certificatesIn(rsa.root);
    const expected = readTimeStamp(response, DATA, trusted);
    let refused = 0;
    for (const at of response.keys()) {
      const changed = Buffer.from(response);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      const read = readTimeStamp(changed, DATA, trusted);
      if (typeof read === "string") refused++;
      else expect(read).toEqual(expected);
    }
    expect(refused).toBeGreaterThan(700);
    expect(readTimeStamp(Buffer.concat([response, Buffer.of(0)]), DATA, trusted)).toMatch(/damaged/);
    expect(readTimeStamp(response.subarray(0, -1), DATA, trusted)).toMatch(/damaged/);
    expect(readTimeStamp(Buffer.of(), DATA, trusted)).toMatch(/damaged/);
  });

  it.each([
    ["serves another purpose", "extendedKeyUsage=critical,codeSigning"],
    ["serves one more purpose", "extendedKeyUsage=critical,timeStamping,codeSigning"],
    ["does not say so critically", "extendedKeyUsage=timeStamping"],
    ["says nothing of its purpose", "subjectKeyIdentifier=hash"],
  ])("is refused if the certificate %s", async (_, use) => {
    const wrong = await authority("ec", false, use);
    const [root] = elements(await rsa.stamp(DATA));
    const [, token] = within(root, TAG.sequence);
    const [, content] = within(token, TAG.sequence);
    const [, , encapsulated] = within(within(content, context(0))[0], TAG.sequence);
    const [, octets] = within(encapsulated, TAG.sequence);
    const info = within(octets, context(0))[0]?.value ?? Buffer.of();
    const signed = await wrong.sign(info);
    const status = Buffer.of(TAG.sequence, 3, TAG.integer, 1, 0);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(status.length + signed.length);
    const response = Buffer.concat([Buffer.of(TAG.sequence, 0x82), length, status, signed]);
    expect(readTimeStamp(response, DATA, certificatesIn(wrong.root))).toMatch(/not for time-stamping alone/);
  });
});

describe("a log with anchors", () => {
  const signer = newSigner("ledger.example/log");
  const now = new Date();
  const ago = (minutes: number): string => new Date(now.getTime() - minutes * 60_000).toISOString();

  async function anchored(sealedAt: string): Promise<Files> {
    const files: Files = new Map();
    const log = new LogWriter(signer, (path, bytes) => files.set(path, bytes));
    log.fact("one", sealedAt);
    await log.seal(sealedAt);
    files.set("anchors/2.tsr", await rsa.stamp(files.get("checkpoints/2") ?? Buffer.of()));
    return files;
  }

  const verified = (files: Files, authorities?: string) =>
    verifyLog({
      ...{ files: inMemory(files), key: signer.key, now, check: checkBundle, ahead: 2 },
      ...(authorities === undefined ? {} : { authorities }),
    });

  it("names who had which checkpoint when, and from where on the log can have been rewritten", async () => {
    const files = await anchored(ago(1));
    const verification = await verified(files, rsa.root);
    expect(verification.findings).toEqual([]);
    expect(verification.anchored).toMatchObject([
      { size: 2, authority: "O=Test, CN=authority", isTrusted: true },
    ]);
    const { couldCheat } = assuranceOf(verification, { hasAuthorities: true, isListed: true });
    expect(couldCheat[0]).toMatch(/only what comes after leaf 2, which O=Test, CN=authority had at/);
  });

  it("says that it did not check who made them, where no authority is given", async () => {
    const verification = await verified(await anchored(ago(1)));
    const { notChecked, couldCheat } = assuranceOf(verification, { hasAuthorities: false, isListed: true });
    expect(notChecked.join("\n")).toContain("who made the 1 time-stamps");
    expect(couldCheat[0]).toContain("all of it");
  });

  it("fails on an anchor of another checkpoint, of a stranger, or without its checkpoint", async () => {
    const files = await anchored(ago(1));
    const wrong = new Map([...files, ["anchors/2.tsr", await rsa.stamp(DATA)]]);
    const gone = new Map([...files].filter(([path]) => path !== "checkpoints/2"));
    for (const [log, message] of [
      [wrong, "is of something else than this checkpoint"],
      [gone, "there is no checkpoint of this size that is right"],
    ] as const)
      expect((await verified(log, rsa.root)).findings).toEqual([
        { kind: "anchor", path: "anchors/2.tsr", message },
      ]);
    expect((await verified(files, other.root)).findings).toMatchObject([{ kind: "anchor" }]);
  });

  it("fails if the authority had the checkpoint before its seal says that it was made", async () => {
    const { findings } = await verified(await anchored(ago(-16)), rsa.root);
    expect(findings).toContainEqual(
      expect.objectContaining({ kind: "anchor", message: expect.stringContaining("before its seal") }),
    );
  });
});
