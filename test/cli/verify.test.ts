/** `asof verify` on a terminal, from a folder and from an address. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { signCheckpoint } from "../../functions/seal/checkpoint.ts";
import { GrowingTree, type Hash, hashesOf, hashOfLeaf, inclusionParts } from "../../functions/seal/merkle.ts";
import { writeKey } from "../../functions/seal/note.ts";
import { writeProof } from "../../functions/seal/proof.ts";
import { bundleOf, entriesOf } from "../../functions/seal/tiles.ts";
import { KINDS } from "../../functions/seal/verify/findings.ts";
import { type Files, factEntry, madeLog, minute, writeFolder } from "../seal/made-log.ts";
import { newSigner } from "../seal/signer.ts";
import { asof, cleanUp, newFolder } from "./harness.ts";

afterEach(cleanUp);

const signer = newSigner("ledger.example/log");
const KEY = ["--key", writeKey(signer.key)];
const NOW = minute(20);
let made: Files;
/** More bundles than are checked before the first thread starts. */
let large: Files;
beforeAll(async () => {
  made = await madeLog(signer, [19, 9, 3]);
  large = await madeLog(signer, [1900, 900, 3]);
});

function folderOf(files: Files): string {
  const folder = newFolder();
  writeFolder(folder, files);
  return folder;
}

const verify = (args: readonly string[], env = {}) => asof(["verify", ...args, ...KEY], env, NOW);

/** The log with one fact altered. */
function altered(): Files {
  const entries = entriesOf(large.get("tile/entries/000") ?? Buffer.of()) ?? [];
  const other = factEntry("fact-1-7", minute(0), { tag: "other" });
  return new Map([...large, ["tile/entries/000", bundleOf(entries.with(7, other))]]);
}

describe("a folder", () => {
  it("is verified; what was not checked and who could still cheat is printed", async () => {
    const { code, out, err } = await verify([folderOf(large)]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^log ledger\.example\/log: 2,806 leaves, 2,803 facts, 3 seals$/m);
    expect(out).toMatch(/^newest seal 3 of .*, 17m old$/m);
    expect(out).toMatch(/^NOT CHECKED: whether this log continues an earlier one/m);
    expect(out).toMatch(/^COULD STILL CHEAT: whoever holds the log's key .*: all of it/m);
    expect(out).toMatch(/\nverified$/);
  });

  it("names the fact that was altered, and ends with the code of the gravest failure", async () => {
    const folder = folderOf(altered());
    const { code, out } = await verify([folder]);
    expect(code).toBe(KINDS.altered);
    expect(out).toContain(
      'FAILED altered (12): tile/entries/000, leaf 7, fact "fact-1-7" of "/test/registry": the entry was altered',
    );
    expect(out).toMatch(/not verified; exit code 12$/);
    const json = JSON.parse((await verify([folder, "--json"])).out);
    expect(json).toMatchObject({ verified: false, exit: 12, log: { facts: 2803, seals: 3 } });
    expect(json.findings[0]).toMatchObject({ kind: "altered", index: 7, fact: { id: "fact-1-7" } });
  });

  it("is compared with a saved checkpoint, which the key must have signed", async () => {
    const folder = folderOf(made);
    expect((await verify([folder, "--since", join(folder, "checkpoints/20")])).code).toBe(0);
    const short = folderOf(await madeLog(signer, [2]));
    const cut = await verify([short, "--since", join(folder, "checkpoints/20")]);
    expect([cut.code, cut.out]).toEqual([KINDS.history, expect.stringContaining("it was cut off")]);
    const none = await verify([folder, "--since", join(folder, "key")]);
    expect([none.code, none.err]).toEqual([KINDS.signature, expect.stringContaining("--since")]);
  });

  it("fails on a longer time without a seal only if told so", async () => {
    const folder = folderOf(made);
    expect((await verify([folder, "--max-gap", "20m"])).code).toBe(0);
    expect((await verify([folder, "--max-gap", "10m"])).code).toBe(KINDS.gap);
    expect((await verify([folder, "--max-gap", "10m", "--at", minute(4)])).code).toBe(0);
    const day = await verify([folder, "--max-gap", "10m", "--at", "2026-10-01"]);
    expect([day.code, day.out]).toEqual([KINDS.gap, expect.stringContaining("to 2026-10-01T23:59:59.999Z")]);
  });

  it("is refused under another key", async () => {
    const { code, out } = await asof(
      ["verify", folderOf(made), "--key", writeKey(newSigner("other").key)],
      {},
      NOW,
    );
    expect([code, out]).toEqual([KINDS.signature, expect.stringContaining("not signed by the key")]);
  });

  it.each([
    ["there is no such folder", ["/nonexistent"]],
    ["one of them", []],
    ["one of them", ["/nonexistent", "--proof", "file"]],
    ["--key", ["/nonexistent", "--key", "x"]],
    ["--max-gap", ["/", "--max-gap", "2 hours"]],
    ["--at", ["/", "--at", "later"]],
  ])("is not read where the command line is wrong: %s", async (message, args) => {
    const { code, err } = await asof(["verify", ...KEY, ...args], {}, NOW);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe("an address", () => {
  async function served(files: Files, token = "auditor-token"): Promise<{ url: string; stop: () => void }> {
    const server = createServer((request, response) => {
      const bytes = files.get((request.url ?? "").replace("/v1/log/", ""));
      const isAllowed = request.headers.authorization === `Bearer ${token}`;
      const status = isAllowed ? (bytes === undefined ? 404 : 200) : 403;
      const problem = JSON.stringify({
        type: "about:blank",
        title: "Forbidden",
        status,
        detail: "needs an auditor",
      });
      response
        .writeHead(status, { "content-type": "application/problem+json" })
        .end(isAllowed ? bytes : problem);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("has no port");
    return { url: `http://127.0.0.1:${address.port}`, stop: () => server.close() };
  }

  it("is read with a token; files that it cannot list are said to be unchecked", async () => {
    const { url, stop } = await served(made);
    const { code, out } = await verify([url], { ASOF_TOKEN: "auditor-token" });
    expect([code, out]).toEqual([0, expect.stringContaining("a folder can be listed, an address cannot")]);
    const refused = await verify([url], { ASOF_TOKEN: "other-token" });
    expect([refused.code, refused.err]).toEqual([5, expect.stringContaining("needs an auditor")]);
    stop();
  });

  it("that does not answer ends the command with 4", async () => {
    const { url, stop } = await served(made);
    stop();
    expect((await verify([url])).code).toBe(4);
  });
});

describe("the proof of one fact", () => {
  const entries = ["a", "b", "c"].map((id) => factEntry(id, minute(0)));
  let proof: string;
  beforeAll(async () => {
    const nodes = new Map<string, Hash>();
    const tree = new GrowingTree(0, [], ({ level, index }, hash) => nodes.set(`${level}/${index}`, hash));
    for (const entry of entries) tree.append(hashOfLeaf(entry));
    const hashes = hashesOf(
      inclusionParts(1, 3),
      ({ level, index }) => nodes.get(`${level}/${index}`) ?? Buffer.of(),
    );
    proof = writeProof(1, hashes, await signCheckpoint({ size: 3, root: tree.root() }, signer));
  });

  function given(fact: Buffer | string): string[] {
    const folder = newFolder();
    writeFileSync(join(folder, "proof"), proof);
    writeFileSync(join(folder, "fact"), fact);
    return ["--proof", join(folder, "proof"), "--fact", join(folder, "fact")];
  }

  it("shows that the fact is in the log, with or without a newline behind it", async () => {
    for (const more of ["", "\n"]) {
      const { code, out } = await verify(given(`${entries[1]}${more}`));
      expect([code, out]).toEqual([
        0,
        expect.stringMatching(/^verified: the fact b of \/test\/registry is leaf 1 of/),
      ]);
      expect(out).toContain("NOT CHECKED: when the fact was sealed");
    }
    const { out } = await verify([...given(entries[1] ?? ""), "--json"]);
    expect(JSON.parse(out)).toMatchObject({ verified: true, fact: { id: "b" }, index: 1, size: 3 });
  });

  it("shows nothing of another fact, of an altered one, or under another key", async () => {
    for (const fact of [entries[0] ?? "", `${entries[1]}`.replace("acme", "evil"), ""]) {
      const { code, out } = await verify(given(fact));
      expect([code, out]).toEqual([KINDS.proof, expect.stringContaining("FAILED proof (21)")]);
    }
    const args = ["verify", ...given(entries[1] ?? ""), "--key", writeKey(newSigner("other").key)];
    expect((await asof(args, {}, NOW)).code).toBe(KINDS.proof);
  });
});
