/** Whatever is done to a sealed log, the verifier notices: all but what happens to files that it says it ignores. */
import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../functions/seal/checkpoint.ts";
import { checkBundle } from "../../functions/seal/verify/bundle.ts";
import { verifyLog } from "../../functions/seal/verify/log.ts";
import { RUNS, STEP } from "../runs.ts";

const SEED = Number(process.env.ASOF_SEED);

import { EDITED_SIZES, EDITS, randomFrom } from "./edits.ts";
import { type Files, inMemory, LogWriter, madeLog, minute } from "./made-log.ts";
import { newSigner } from "./signer.ts";

const signer = newSigner("ledger.example/log");

const verified = (files: Files) =>
  verifyLog({
    ...{ files: inMemory(files), key: signer.key, now: new Date(minute(60)) },
    ...{ check: checkBundle, ahead: 2 },
  });

describe("a small log", () => {
  it("is refused with any of its bytes changed", async () => {
    const files = await madeLog(signer, [2, 1]);
    expect((await verified(files)).findings).toEqual([]);
    const accepted: string[] = [];
    let n = SEED;
    for (const [path, bytes] of files)
      for (const at of bytes.keys()) {
        if (n++ % STEP !== 0) continue;
        const other = Buffer.from(bytes);
        other[at] = (other[at] ?? 0) ^ (1 << (at % 8));
        const { findings } = await verified(new Map([...files, [path, other]]));
        if (findings.length === 0) accepted.push(`${path}: byte ${at}`);
      }
    expect(accepted).toEqual([]);
  });

  it("is refused with any of its files gone, but for earlier copies and checkpoints", async () => {
    const files = await madeLog(signer, [2, 1]);
    const accepted: string[] = [];
    for (const path of files.keys()) {
      const less = new Map(files);
      less.delete(path);
      if ((await verified(less)).findings.length === 0) accepted.push(path);
    }
    expect(accepted).toEqual(["tile/entries/000.p/3", "tile/0/000.p/3", "checkpoints/3", "checkpoints/5"]);
  });

  it("may have the sealer's own files beside it, and no others", async () => {
    const files = await madeLog(signer, [2, 1]);
    const [bytes, anything] = [Buffer.from("anything"), new Map(files)];
    for (const path of ["head", "staging/9-ab", "positions/a/b", ".lock", `.partial-${randomUUID()}`])
      anything.set(path, bytes);
    expect((await verified(anything)).findings).toEqual([]);
    for (const path of [
      ...[
        "heads",
        "head/x",
        "notes.txt",
        "tile/0/001.p/1",
        "tile/x",
        "tile/entries/000.p/6",
        "tile/1/000.p/1",
      ],
      ...[
        "checkpoints/latest",
        "anchors/5.txt",
        "checkpoints/5/x",
        "keys/key",
        ".locks",
        ".partial-",
        "tile/.lock",
        "tile/0/000.p/03",
      ],
    ]) {
      const { findings } = await verified(new Map([...files, [path, bytes]]));
      expect([path, ...findings.map(({ kind }) => kind)]).toEqual([path, "extra"]);
    }
  });
});

/** The gate's are enough for a look at every kind of edit. */
const TRIES = RUNS > 2000 ? RUNS * 3 : Math.min(RUNS, 300);

describe(`${TRIES} random edits of a log`, () => {
  let made: Files;
  beforeAll(async () => {
    made = await madeLog(signer, EDITED_SIZES);
    expect((await verified(made)).findings).toEqual([]);
  });

  const kinds = Object.entries(EDITS);
  it.each(kinds)("are noticed, and the fact is named, if somebody %s", async (_, edit) => {
    const random = randomFrom(SEED + kinds.findIndex(([, one]) => one === edit) * 7919);
    const [accepted, unnamed]: [string[], string[]] = [[], []];
    for (let n = 0; n < Math.ceil(TRIES / kinds.length); n++) {
      const files = new Map(made);
      const { what, names = [] } = await edit(files, random);
      const { findings } = await verified(files);
      if (findings.length === 0) accepted.push(what);
      const named = findings.map(({ fact }) => fact?.id);
      if (names.length > 0 && !names.some((name) => named.includes(name))) unnamed.push(what);
    }
    expect({ accepted, unnamed }).toEqual({ accepted: [], unnamed: [] });
  });
});

describe("who holds the key", () => {
  const now = new Date(minute(60));

  it("can write another log, which a saved checkpoint gives away, and which has nothing else wrong", async () => {
    const honest = await madeLog(signer, [2, 2]);
    const files: Files = new Map();
    const log = new LogWriter(signer, (path, bytes) => files.set(path, bytes));
    log.fact("fact-1-0", minute(1));
    log.fact("fact-another", minute(1));
    await log.seal(minute(1));
    await log.seal(minute(2));
    expect((await verified(files)).findings).toEqual([]);
    const since = readCheckpoint(honest.get("checkpoints/3")?.toString() ?? "", signer.key);
    if (since === undefined) throw new Error("the checkpoint must be readable");
    const question = { files: inMemory(files), key: signer.key, now, check: checkBundle, ahead: 2, since };
    const { findings } = await verifyLog(question);
    expect(findings).toEqual([{ kind: "history", message: expect.stringContaining("another past") }]);
  });
});
