/** The package for auditors: what is in it, whom it is refused, and that its copies are verified with its log. */
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { parse } from "csv-parse/sync";
import { afterEach, describe, expect, it } from "vitest";
import { exportCommand } from "../../cli/export/export.ts";
import type { Io } from "../../cli/io.ts";
import { run as runCommand } from "../../cli/run.ts";
import { filesOf } from "../../cli/verify/package-files.ts";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { writeKey } from "../../functions/seal/note.ts";
import { seal } from "../../functions/seal/sealer.ts";
import { deployed, givenDoors, SECRETS, tokenOf } from "../http/given.ts";
import { memoryLog } from "../seal/memory-log.ts";
import { newSigner } from "../seal/signer.ts";
import { asof, cleanUp, ledgerServer, linesOf, newFolder } from "./harness.ts";

afterEach(cleanUp);

const BOUND = "bound-auditor-that-nobody-may-see";
const NOON = "2026-11-22T12:00:00.000Z";

/** A ledger with a sealed log, and the programs of a package as files that stand for them. */
async function given() {
  const log = memoryLog();
  const signer = newSigner("log.example/test");
  const tokens = parseTokens(
    `writer:w:${tokenOf("writer")},auditor:al:${tokenOf("auditor")},auditor:bo:${BOUND}:environments=production`,
  );
  const doors = givenDoors({ sealedLog: log, secrets: async () => ({ tokens, webhooks: SECRETS }) });
  const server = await ledgerServer(doors);
  const folder = newFolder();
  const programs = join(folder, "programs");
  mkdirSync(programs);
  for (const name of ["asof-verify.mjs", "verify.py"]) writeFileSync(join(programs, name), "");
  const out = join(folder, "package");
  const pack = async (more: readonly string[] = [], token = tokenOf("auditor")) => {
    const lines: string[] = [];
    const err: string[] = [];
    let code = 0;
    const io: Io = {
      env: { ASOF_URL: server.url, ASOF_TOKEN: token },
      out: (line) => lines.push(line),
      err: (line) => err.push(line),
      now: () => new Date(NOON),
      waitMs: 1,
      isAttended: false,
      interrupted: () => new AbortController().signal,
      end: (given) => {
        code = given;
      },
    };
    const args = ["--package", out, "--from", "2026-11-22", ...more];
    const url = pathToFileURL(`${programs}/`);
    await runCommand(args, io, (safe) => exportCommand(new Command("export"), safe, url));
    return { code, out: lines.join("\n"), err: err.join("\n") };
  };
  const record = (...ids: string[]) =>
    doors.client("writer").sayAll(ids.map((id) => deployed(id, "2026-11-22T08:00:00.000Z")));
  const sealNow = () => seal({ store: doors.ledger.store, log, signer, now: doors.ledger.now });
  const key = writeKey(signer.key);
  const verify = (now = NOON) => asof(["verify", out, "--key", key], {}, now);
  await record("1", "2", "3");
  doors.setNow("2026-11-22T09:01:00.000Z");
  return { ...server, doors, log, key, out, pack, record, sealNow, verify };
}

async function packed() {
  const it = await given();
  await it.sealNow();
  it.doors.setNow("2026-11-22T09:02:00.000Z");
  return { ...it, made: await it.pack(["--environment", "production"]) };
}

describe("a package", () => {
  it("holds the log, the facts in three formats, the report, the verifiers and a README", async () => {
    const { made, out, log } = await packed();
    expect(made).toMatchObject({ code: 0, err: "" });
    expect(made.out).toMatch(/package: 3 facts, 1 audit report, a log of 4 leaves/);
    const inLog = [...log.files.keys()].filter((path) => !/^(head|staging|positions)/.test(path));
    expect(filesOf(out)).toEqual(
      [
        ...["README.md", "asof-verify.mjs", "audit/production.csv", "audit/production.html"],
        ...["facts.csv", "facts.ndjson", "facts.parquet", "verify.py"],
        ...inLog.map((path) => `log/${path}`),
      ].toSorted(),
    );
    for (const path of inLog) expect(readFileSync(join(out, "log", path))).toEqual(log.files.get(path));
  });

  it("says in its table where in the log each fact stands", async () => {
    const { out } = await packed();
    const rows: Record<string, string>[] = parse(readFileSync(join(out, "facts.csv")), { columns: true });
    expect(rows.map((row) => [row.id, row["log index"]])).toEqual([
      ["1", "0"],
      ["2", "1"],
      ["3", "2"],
    ]);
    expect(rows.map(({ fact }) => fact)).toEqual(linesOf(join(out, "facts.ndjson")));
  });

  it("is verified with its log", async () => {
    const { verify } = await packed();
    const { code, out } = await verify();
    expect([code, out]).toEqual([0, expect.stringContaining("NOT CHECKED: whether the tables")]);
  });

  it("leaves out what is too new to be sealed, and has it when it is made again", async () => {
    const { pack, record, sealNow, doors, out, verify } = await packed();
    await record("4");
    doors.setNow("2026-11-22T09:03:00.000Z");
    const early = await pack();
    expect([early.code, early.out]).toEqual([
      0,
      expect.stringContaining("1 fact of the last minutes not sealed"),
    ]);
    expect(linesOf(join(out, "facts.ndjson"))).toHaveLength(3);
    expect((await verify()).code).toBe(0);
    await sealNow();
    doors.setNow("2026-11-22T09:04:00.000Z");
    expect((await pack()).code).toBe(0);
    expect(linesOf(join(out, "facts.ndjson"))).toHaveLength(4);
    expect((await verify()).code).toBe(0);
  });

  it("fails where the ledger has an old fact that its log has not", async () => {
    const { pack, doors, verify, out } = await packed();
    doors.setNow("2026-11-22T08:30:00.000Z");
    await doors.client("writer").say(deployed("behind", "2026-11-22T08:00:00.000Z"));
    doors.setNow("2026-11-22T09:05:00.000Z");
    const { code, err } = await pack(["--from", "2026-11-22T08:00:00Z"]);
    expect([code, err]).toEqual([1, expect.stringContaining("the fact behind of /test")]);
    expect((await verify()).code).not.toBe(0);
    expect(readdirSync(out)).not.toContain("SHA256SUMS");
  });

  it("goes on with a log that was copied in part, and does not ask again for what is there", async () => {
    const { pack, out, asked } = await packed();
    rmSync(join(out, "log/checkpoint"));
    rmSync(join(out, "log/tile/0"), { recursive: true });
    const entries = join(out, "log/tile/entries/000.p/4");
    const before = statSync(entries).mtimeMs;
    const requests = asked.length;
    expect((await pack(["--environment", "production"])).code).toBe(0);
    expect(statSync(entries).mtimeMs).toBe(before);
    // Of the log: key and checkpoint, twice; first bundle, anchors, and the one tile of hashes.
    expect(asked.length - requests).toBe(4 + 1 + 1 + 1 + 3);
  });

  it("is refused a ledger without a log, and a folder with something else, before anything is exported", async () => {
    const it = await given();
    expect(await it.pack()).toMatchObject({ code: 1, err: expect.stringContaining("no sealed log") });
    await it.sealNow();
    mkdirSync(it.out);
    writeFileSync(join(it.out, "notes.txt"), "mine");
    expect(await it.pack()).toMatchObject({ code: 1, err: expect.stringContaining("notes.txt") });
    expect(it.doors.jobs).toEqual([]);
    for (const more of [["--format", "csv"], ["--excel"], ["--group", "all"]])
      expect((await it.pack(more)).code).toBe(2);
  });

  it("has the facts that a release names as sealed", async () => {
    const { url } = await packed();
    const show = (...more: string[]) =>
      asof(["show", "production/acme/billing", ...more], {
        ASOF_URL: url,
        ASOF_TOKEN: tokenOf("auditor"),
      });
    expect((await show("--sealed")).out).toMatch(/^sealed: 1 of 1 fact, in a log of size 4$/m);
    expect(JSON.parse((await show("--sealed", "-o", "json")).out).sealed).toMatchObject({ size: 4 });
    expect((await show()).out).not.toContain("sealed");
  });

  it("is recorded as an export", async () => {
    const { doors } = await packed();
    expect(doors.jobs).toContainEqual(expect.objectContaining({ is: "record export", by: "al", count: 3 }));
  });
});

/** A package for an auditor who may see production alone. */
async function packedForBound() {
  const it = await given();
  const { doors } = it;
  doors.setNow("2026-11-22T09:00:30.000Z");
  await doors
    .client("writer")
    .say(deployed("elsewhere", "2026-11-22T08:00:00.000Z", { environment: "staging" }));
  doors.setNow("2026-11-22T09:01:00.000Z");
  await it.sealNow();
  doors.setNow("2026-11-22T09:02:00.000Z");
  return { ...it, made: await it.pack([], BOUND) };
}

describe("a package for a bound auditor", () => {
  it("holds the facts that it may see with the proof of each, instead of the log", async () => {
    const { made, out, log } = await packedForBound();
    expect(made).toMatchObject({ code: 0, err: "" });
    expect(made.out).toMatch(/package: 3 facts, 1 audit report, a proof of each fact in a log of 5 leaves/);
    expect(filesOf(out)).toEqual([
      ...["README.md", "asof-verify.mjs", "audit/production.csv", "audit/production.html", "checkpoint"],
      ...["facts.csv", "facts.ndjson", "facts.parquet", "facts.proofs", "key", "verify.py"],
    ]);
    expect(readFileSync(join(out, "checkpoint"))).toEqual(log.files.get("checkpoint"));
    expect(readFileSync(join(out, "facts.ndjson"), "utf8")).not.toContain("elsewhere");
    const rows: Record<string, string>[] = parse(readFileSync(join(out, "facts.csv")), { columns: true });
    const proofs = readFileSync(join(out, "facts.proofs"), "utf8");
    expect([...proofs.matchAll(/^index (\d+)$/gm)].map(([, index]) => index)).toEqual(
      rows.map((row) => row["log index"]),
    );
    const readme = readFileSync(join(out, "README.md"), "utf8");
    expect(readme).toContain('node asof-verify.mjs . --key "$(cat key)"');
    expect(readme).toContain("That the part is whole");
  });

  it("is verified by the proofs, which also stand by themselves", async () => {
    const { verify, out, key } = await packedForBound();
    const { code, out: printed } = await verify();
    expect([code, printed]).toEqual([0, expect.stringMatching(/^verified: 3 facts are leaves of the log/m)]);
    expect(printed).toContain("NOT CHECKED: the log itself");
    const [proofs, facts] = [join(out, "facts.proofs"), join(out, "facts.ndjson")];
    const alone = await asof(["verify", "--proof", proofs, "--fact", facts, "--key", key]);
    expect([alone.code, alone.out]).toEqual([0, expect.stringMatching(/^verified: 3 facts/)]);
    const since = await asof(["verify", out, "--key", key, "--since", join(out, "checkpoint")]);
    expect([since.code, since.err]).toEqual([2, expect.stringContaining("--since")]);
  });

  it("is refused with a byte changed in any file, a line gone, swapped or told twice, and says where", async () => {
    const { verify, out, pack } = await packedForBound();
    for (const path of filesOf(out)) {
      if (/^(asof-verify|verify)/.test(path)) continue;
      const file = join(out, path);
      const before = readFileSync(file);
      const bytes = Buffer.from(before);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(file, bytes);
      const found = await verify();
      expect([path, found.code > 0, found.out]).toEqual([path, true, expect.stringContaining(`: ${path}`)]);
      writeFileSync(file, before);
    }
    const file = join(out, "facts.ndjson");
    const [one = "", two = "", three = ""] = linesOf(file);
    for (const [lines, message] of [
      [
        [one.replace("acme/billing", "acme/bullion"), two, three],
        'fact "1" of "/test": line 1: the proof does not',
      ],
      [[two, one, three], 'fact "2" of "/test": line 1: the proof does not'],
      [[one, two], "1 proof has no fact"],
      [[one, two, three, one], 'fact "1" of "/test": line 4: it has no proof'],
    ] as const) {
      writeFileSync(file, `${lines.join("\n")}\n`);
      expect(await verify()).toMatchObject({ code: 21, out: expect.stringContaining(message) });
    }
    rmSync(file);
    expect(await verify()).toMatchObject({ code: 13, out: expect.stringContaining("facts.ndjson") });
    expect((await pack([], BOUND)).code).toBe(0);
    expect((await verify()).code).toBe(0);
  });

  it("goes into no folder that has the whole log, and asks for hashes alone", async () => {
    const { pack, out, asked } = await packed();
    expect(await pack([], BOUND)).toMatchObject({ code: 1, err: expect.stringContaining("log") });
    rmSync(out, { recursive: true });
    const before = asked.length;
    expect((await pack([], BOUND)).code).toBe(0);
    // Checkpoint and key, twice; the entries, which are refused; the tile of hashes; export, environments, session, report.
    expect(asked.length - before).toBe(4 + 1 + 1 + 4);
  });

  it("fails where the ledger has an old fact without a proof", async () => {
    const { pack, doors } = await packedForBound();
    doors.setNow("2026-11-22T08:30:00.000Z");
    await doors.client("writer").say(deployed("behind", "2026-11-22T08:00:00.000Z"));
    doors.setNow("2026-11-22T09:05:00.000Z");
    const { code, err } = await pack(["--from", "2026-11-22T08:00:00Z"], BOUND);
    expect([code, err]).toEqual([1, expect.stringContaining("the fact behind of /test")]);
  });
});

describe("the verification of a package", () => {
  const flipped = (file: string): void => {
    const bytes = readFileSync(file);
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };

  it("names every file with a changed byte", async () => {
    const { out, verify } = await packed();
    for (const path of ["asof-verify.mjs", "verify.py"]) appendFileSync(join(out, path), "x");
    const files = filesOf(out).filter((path) => !/^(asof-verify|verify)/.test(path));
    for (const path of files) {
      const file = join(out, path);
      const before = readFileSync(file);
      flipped(file);
      const found = await verify();
      expect([path, found.code > 0, found.out]).toEqual([path, true, expect.stringContaining(`: ${path}`)]);
      writeFileSync(file, before);
    }
    flipped(join(out, "SHA256SUMS"));
    expect((await verify()).code).toBeGreaterThan(0);
  });

  it("finds a fact that was altered, added or told twice, though its hash was made again", async () => {
    const { out, verify, pack } = await packed();
    const file = join(out, "facts.ndjson");
    const [one = "", ...others] = readFileSync(file, "utf8").split("\n");
    for (const [lines, message] of [
      [[one.replace("acme/billing", "acme/bullion"), ...others], "line 1 is no fact of the log"],
      [[one, one, ...others], "line 2 is line 1 once more"],
    ] as const) {
      writeFileSync(file, lines.join("\n"));
      const { code, out: printed } = await verify();
      expect([code, printed]).toEqual([
        22,
        expect.stringContaining(`facts.ndjson, fact "1" of "/test": ${message}`),
      ]);
    }
    expect((await pack(["--environment", "production"])).code).toBe(0);
    expect((await verify()).code).toBe(0);
  });

  it("misses what is gone, and finds what was added", async () => {
    const { out, verify } = await packed();
    writeFileSync(join(out, "extra.txt"), "");
    expect(await verify()).toMatchObject({ code: 20, out: expect.stringContaining("extra.txt") });
    rmSync(join(out, "extra.txt"));
    for (const path of ["facts.ndjson", "SHA256SUMS", "facts.csv"]) {
      renameSync(join(out, path), join(out, "..", "away"));
      expect(await verify()).toMatchObject({ code: 13, out: expect.stringContaining(path) });
      renameSync(join(out, "..", "away"), join(out, path));
    }
  });
});
