/** What the verifier finds in a log, and what it says of what it did not check. */
import { describe, expect, it } from "vitest";
import { readCheckpoint, signCheckpoint } from "../../functions/seal/checkpoint.ts";
import { bundleOf, entriesOf } from "../../functions/seal/tiles.ts";
import { assuranceOf } from "../../functions/seal/verify/assurance.ts";
import { checkBundle } from "../../functions/seal/verify/bundle.ts";
import { exitOf, KINDS } from "../../functions/seal/verify/findings.ts";
import { type LogQuestion, verifyLog } from "../../functions/seal/verify/log.ts";
import { type Files, factEntry, inMemory, LogWriter, madeLog, minute } from "./made-log.ts";
import { newSigner } from "./signer.ts";

const signer = newSigner("ledger.example/log");

const verified = (files: Files, more: Partial<LogQuestion> = {}) =>
  verifyLog({
    ...{ files: inMemory(files), key: signer.key, now: new Date(minute(60)) },
    ...{ check: checkBundle, ahead: 2, ...more },
  });

/** A log as a test writes it. */
async function written(write: (log: LogWriter) => Promise<void>): Promise<Files> {
  const files: Files = new Map();
  await write(new LogWriter(signer, (path, bytes) => files.set(path, bytes)));
  return files;
}

const found = async (files: Files, more: Partial<LogQuestion> = {}) =>
  (await verified(files, more)).findings.map(({ kind, message, index, fact }) => ({
    ...{ kind, message },
    ...(index === undefined ? {} : { index }),
    ...(fact === undefined ? {} : { id: fact.id }),
  }));

describe("a log that is right", () => {
  it("is verified at any size around the width of a tile", async () => {
    for (const sizes of [[0], [1], [253, 0], [254, 0], [255, 0], [255, 1], [511], [512], [300, 0, 5, 220]]) {
      const { findings, facts, newest, checkpoint } = await verified(await madeLog(signer, sizes));
      const sum = sizes.reduce((total, size) => total + size, 0);
      expect(findings).toEqual([]);
      expect([facts, newest?.n, checkpoint?.size]).toEqual([sum, sizes.length, sum + sizes.length]);
    }
  });

  it("is verified at 66,000 leaves, where a third level of tiles begins", async () => {
    const files = await madeLog(
      signer,
      Array.from({ length: 33 }, () => 1999),
    );
    expect(files.has("tile/2/000.p/1")).toBe(true);
    expect((await verified(files)).findings).toEqual([]);
  });

  it("is verified without facts or seals, if an empty tree is signed", async () => {
    const files = await written((log) => log.publish());
    expect(await verified(files)).toMatchObject({ facts: 0, findings: [], gaps: { count: 0 } });
  });

  it("may grow while it is verified", async () => {
    const [before, after] = [await madeLog(signer, [3]), await madeLog(signer, [3, 300])];
    const grown = inMemory(after);
    let reads = 0;
    // The first read of the checkpoint is before, all others come after.
    const read = async (path: string) => (path === "checkpoint" && reads++ === 0 ? before : after).get(path);
    const { findings } = await verified(before, { files: { ...grown, read } });
    expect(findings.map(({ kind, path }) => ({ kind, path }))).toEqual([]);
  });
});

describe("a saved checkpoint", () => {
  const at = (files: Files, path: string) => {
    const checkpoint = readCheckpoint(files.get(path)?.toString() ?? "", signer.key);
    if (checkpoint === undefined) throw new Error(`${path} must be readable`);
    return checkpoint;
  };

  it("is continued by the log that it is of", async () => {
    const files = await madeLog(signer, [2, 300, 2]);
    for (const path of ["checkpoints/3", "checkpoints/304", "checkpoint"])
      expect(await found(files, { since: at(files, path) })).toEqual([]);
  });

  it("is not continued by a shorter log, one with another past, or one that sealed elsewhere", async () => {
    const [files, other] = [await madeLog(signer, [2, 3]), await madeLog(signer, [2, 2, 2])];
    expect(await found(await madeLog(signer, [2]), { since: at(files, "checkpoint") })).toEqual([
      { kind: "history", message: expect.stringContaining("it was cut off") },
    ]);
    expect(await found(other, { since: at(files, "checkpoint") })).toEqual([
      { kind: "history", message: expect.stringContaining("no seal at 7 leaves") },
    ]);
    const another = await written(async (log) => {
      for (const id of ["a", "b"]) log.fact(id, minute(1));
      await log.seal(minute(1));
    });
    expect(await found(another, { since: at(files, "checkpoints/3") })).toEqual([
      { kind: "history", message: expect.stringContaining("another past") },
    ]);
  });
});

describe("entries", () => {
  const withEntry = (entry: Buffer) =>
    written(async (log) => {
      log.fact("one", minute(1));
      log.entry(entry);
      await log.seal(minute(1));
    });

  it.each([
    ["is no JSON object", Buffer.from("[1]")],
    ["is no JSON object", Buffer.from("{")],
    ["is no JSON object", Buffer.from("[".repeat(60_000))],
    ["is not UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
    ["is not in canonical form", Buffer.from('{"id": "x"}')],
    ["is not in canonical form", Buffer.from('{"kind":"a","id":"x"}')],
    ["is not in canonical form", Buffer.from('{"id":"x","id":"x"}')],
    ["is not in canonical form", Buffer.from('{"id":"\\ud800","kind":"a"}')],
    ["is not in canonical form", Buffer.from('{"a":{"2":1,"10":1}}')],
    ["is not in canonical form", Buffer.from('{"n":1.0}')],
    ["has no kind, source or id", Buffer.from('{"id":"x","source":"/y"}')],
    [
      "has no recordedAt",
      Buffer.from('{"id":"x","kind":"a","recordedAt":"2026-02-30T00:00:00.000Z","source":"/y"}'),
    ],
    ["fields are not those of a seal", Buffer.from('{"id":"x","kind":"seal","source":"/y"}')],
  ])("are found where one %s", async (why, entry) => {
    const findings = await found(await withEntry(entry));
    expect(findings).toContainEqual(
      expect.objectContaining({ kind: "entry", message: expect.stringContaining(why), index: 1 }),
    );
  });

  it("are right with numbers as keys, escapes, and a word that looks like one", async () => {
    const odd = { "10": 1, "9": 2, text: '\\ud800 \u0001 "quoted" € 😀', nested: [{ b: 1e21, c: -0.5 }] };
    expect(await found(await withEntry(factEntry("two", minute(0), { odd })))).toEqual([
      // It was recorded a minute before the other one, which this test did not tell the writer.
      { kind: "seal", index: 2, message: expect.stringContaining("lag") },
    ]);
  });

  it("are found where a fact stands there twice, also far apart", async () => {
    const files = await written(async (log) => {
      log.fact("once", minute(1));
      await log.seal(minute(1));
      for (let n = 0; n < 300; n++) log.fact(`fact-${n}`, minute(2));
      log.fact("once", minute(2));
      await log.seal(minute(2));
    });
    expect(await found(files)).toEqual([
      { kind: "entry", index: 302, id: "once", message: "the fact is in the log already, as leaf 0" },
    ]);
  });
});

describe("seals", () => {
  const two = (more: object, second = minute(2)) =>
    written(async (log) => {
      log.fact("one", minute(1));
      await log.seal(minute(1));
      log.fact("two", minute(2));
      await log.seal(second, more);
    });

  it.each([
    ["it should be number 2", { n: 3 }],
    ["it says 5 facts, and has 1", { count: 5 }],
    ["it says a lag of 1 ms, and its facts show 0 ms", { lag: 1 }],
    ["it does not continue the tree", { previous: { size: 1, root: "0".repeat(64) } }],
    ["it does not continue the tree", { previous: { size: 2, root: "0".repeat(64) } }],
  ])("do not chain: %s", async (message, more) => {
    const findings = await found(await two(more));
    expect(findings).toEqual([{ kind: "seal", index: 3, message: expect.stringContaining(message) }]);
  });

  it("must rise in time, end the log, and not lie in the future", async () => {
    const again = await found(await two({}, minute(1)));
    expect(again).toEqual([
      { kind: "seal", index: 3, message: expect.stringContaining("is not later than") },
    ]);
    const open = await written(async (log) => {
      log.fact("one", minute(1));
      await log.seal(minute(1));
      log.fact("two", minute(2));
      await log.publish();
    });
    expect(await found(open)).toEqual([
      { kind: "history", message: expect.stringContaining("no seal ends there") },
      { kind: "seal", index: 2, id: "two", message: "the log does not end with a seal" },
    ]);
    expect(await found(await madeLog(signer, [1]), { now: new Date("2026-09-30T00:00:00Z") })).toEqual([
      { kind: "seal", message: expect.stringMatching(/^seal 1 is dated/) },
    ]);
  });

  it("list gaps, which fail only beyond the longest that is allowed, the age of the newest included", async () => {
    const files = await written(async (log) => {
      for (const n of [0, 60, 120, 300]) await log.seal(minute(n));
    });
    const now = new Date(minute(320));
    expect(await verified(files, { now })).toMatchObject({
      findings: [],
      gaps: { count: 1, longest: [{ from: minute(120), to: minute(300), ms: 180 * 60_000 }] },
    });
    expect(await found(files, { now, maxGapMs: 3 * 3_600_000 })).toEqual([]);
    expect(await found(files, { now, maxGapMs: 2 * 3_600_000 })).toEqual([
      { kind: "gap", message: expect.stringMatching(/^no seal for 3h before seal 4: /) },
    ]);
    expect(await found(files, { now: new Date(minute(600)), maxGapMs: 4 * 3_600_000 })).toEqual([
      { kind: "gap", message: expect.stringMatching(/^no seal for 5h since seal 4: /) },
    ]);
  });
});

describe("the time of a fact", () => {
  const secondSeal = (recordedAt: string, facts = 1) =>
    written(async (log) => {
      for (let n = 0; n < facts; n++) log.fact(`early-${n}`, minute(29));
      await log.seal(minute(30));
      log.fact("odd", recordedAt);
      await log.seal(minute(31));
    });

  it("lies in the interval of its seal, give or take what clocks and indexes lag", async () => {
    expect(await verified(await secondSeal(minute(31)))).toMatchObject({ findings: [], nearly: 0 });
    expect(await verified(await secondSeal(minute(15)))).toMatchObject({ findings: [], nearly: 1 });
    expect(await verified(await secondSeal(minute(46)))).toMatchObject({ findings: [], nearly: 1 });
  });

  it("is LATE if it was inserted with an old time, and FUTURE if it was sealed before it", async () => {
    expect(await found(await secondSeal(minute(14)))).toEqual([
      {
        kind: "time",
        index: 2,
        id: "odd",
        message: "LATE: recordedAt is 16m before its seal's interval begins",
      },
    ]);
    expect(await found(await secondSeal(minute(47)))).toEqual([
      { kind: "time", index: 2, id: "odd", message: "FUTURE: recordedAt is 16m after it was sealed" },
    ]);
  });

  it("may be older behind a full seal, which the rest of a backlog follows in order", async () => {
    const backlog = (last: string) =>
      written(async (log) => {
        await log.seal(minute(0));
        for (let n = 0; n < 2000; n++) log.fact(`backlog-${n}`, minute(100));
        await log.seal(minute(1000));
        log.fact("rest", last);
        await log.seal(minute(1001));
      });
    const now = new Date(minute(1002));
    expect(await verified(await backlog(minute(100)), { now })).toMatchObject({ findings: [], nearly: 0 });
    expect(await found(await backlog(minute(80)), { now })).toEqual([
      { kind: "time", index: 2002, id: "rest", message: expect.stringContaining("LATE") },
    ]);
  });
});

describe("where the log disagrees with itself", () => {
  it("the entry is at fault if the tiles lead to the signed root, and the tile if the entries do", async () => {
    const files = await madeLog(signer, [300, 4]);
    const path = "tile/entries/000";
    const entries = entriesOf(files.get(path) ?? Buffer.of()) ?? [];
    const changed = factEntry("fact-1-7", minute(0), { tag: "other" });
    expect(await found(new Map([...files, [path, bundleOf(entries.with(7, changed))]]))).toContainEqual({
      kind: "altered",
      ...{ index: 7, id: "fact-1-7", message: "the entry was altered" },
    });
    const tile = Buffer.from(files.get("tile/0/000") ?? Buffer.of());
    tile[7 * 32] = (tile[7 * 32] ?? 0) ^ 1;
    expect(await found(new Map([...files, ["tile/0/000", tile]]))).toEqual([
      { kind: "tile", index: 7, id: "fact-1-7", message: "the tile has another hash than this entry" },
    ]);
  });

  it("a bundle and its tile that were changed together are found by the tile above", async () => {
    const [files, other] = [await madeLog(signer, [600]), new Map<string, Buffer>()];
    const log = new LogWriter(signer, (path, bytes) => other.set(path, bytes));
    for (let n = 0; n < 600; n++) log.fact(n === 7 ? "forged" : `fact-1-${n}`, "2026-10-01T00:00:30.000Z");
    await log.seal(minute(1));
    for (const path of ["tile/entries/000", "tile/0/000"]) files.set(path, other.get(path) ?? Buffer.of());
    expect(await found(files)).toEqual([
      { kind: "altered", message: expect.stringContaining("entries were altered") },
      { kind: "altered", message: "was signed for another log than this" },
      { kind: "tile", message: expect.stringContaining("leaves 0 to 255") },
    ]);
  });

  it("an entry that is gone is said to be gone, and no other fact is named for it", async () => {
    const files = await madeLog(signer, [300]);
    const entries = entriesOf(files.get("tile/entries/000") ?? Buffer.of()) ?? [];
    files.set("tile/entries/000", bundleOf(entries.toSpliced(7, 1)));
    expect(await found(files)).toContainEqual({ kind: "altered", message: "the entry of leaf 7 is gone" });
  });

  it("a log that claims a size without having it ends soon", async () => {
    const files = await madeLog(signer, [1]);
    const root = Buffer.alloc(32);
    files.set("checkpoint", Buffer.from(await signCheckpoint({ size: 9_000_000_000_000_000, root }, signer)));
    const { findings, counts } = await verified(files);
    expect(exitOf(findings)).toBe(KINDS.altered);
    expect(counts.missing).toBeGreaterThan(100);
    expect(findings.filter(({ kind }) => kind === "missing")).toHaveLength(100);
  });
});

describe("what stays open", () => {
  const of = async (more: Partial<LogQuestion>, setup: Parameters<typeof assuranceOf>[1]) =>
    assuranceOf(await verified(await madeLog(signer, [2, 3]), more), setup);

  it("names the missing starting point and who could have rewritten everything", async () => {
    const { notChecked, couldCheat } = await of({}, { hasAuthorities: false, isListed: true });
    expect(notChecked[0]).toContain("no trusted starting point");
    expect(notChecked.join("\n")).toContain("the log has no anchor");
    expect(notChecked.join("\n")).toContain("never that it is complete");
    expect(couldCheat[0]).toContain("all of it");
  });

  it("says from where on a log can have been rewritten after a saved checkpoint", async () => {
    const { notChecked, couldCheat } = await of({}, { since: 3, hasAuthorities: false, isListed: false });
    expect(notChecked.join("\n")).not.toContain("starting point");
    expect(notChecked.join("\n")).toContain("an address cannot");
    expect(couldCheat[0]).toContain("only what comes after leaf 3");
  });
});

it("each kind of failure has an exit code of its own, beside those of the other commands", () => {
  const codes = Object.values(KINDS);
  expect(new Set(codes).size).toBe(codes.length);
  expect(Math.min(...codes)).toBeGreaterThanOrEqual(10);
  expect(exitOf([])).toBe(0);
  expect(
    exitOf([
      { kind: "extra", message: "" },
      { kind: "tile", message: "" },
    ]),
  ).toBe(KINDS.tile);
});
