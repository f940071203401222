/** A second verifier, written in Python from the specifications alone, agrees with this one on every log and proof. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { readCheckpoint, signCheckpoint } from "../functions/seal/checkpoint.ts";
import { GrowingTree, type Hash, hashesOf, hashOfLeaf, inclusionParts } from "../functions/seal/merkle.ts";
import { writeKey } from "../functions/seal/note.ts";
import { readProof, writeProof } from "../functions/seal/proof.ts";
import { checkBundle } from "../functions/seal/verify/bundle.ts";
import { verifyLog } from "../functions/seal/verify/log.ts";
import { python } from "./real/python.ts";
import { EDITED_SIZES, EDITS, randomFrom } from "./seal/edits.ts";
import { type Files, factEntry, inMemory, LogWriter, madeLog, minute, writeFolder } from "./seal/made-log.ts";
import { newSigner } from "./seal/signer.ts";

const SEED = Number(process.env.ASOF_SEED);
const EDITS_OF_A_KIND = 10;

const signer = newSigner("ledger.example/log");
const NOW = minute(60);
const folder = mkdtempSync(join(tmpdir(), "asof-independent-"));
const Answer = z.object({ ok: z.boolean(), problems: z.array(z.string()) });
let verifier: ChildProcess;
let answers: Interface;

beforeAll(() => {
  const program = join(import.meta.dirname, "independent/verify.py");
  const env = { PATH: process.env.PATH, PYTHONIOENCODING: "utf-8", PYTHONDONTWRITEBYTECODE: "1" };
  const child = spawn(python(), [program, "--serve"], { stdio: ["pipe", "pipe", "inherit"], env });
  verifier = child;
  answers = createInterface({ input: child.stdout });
});
afterAll(() => {
  verifier.stdin?.end();
  rmSync(folder, { recursive: true, force: true });
});

async function asked(request: object): Promise<z.infer<typeof Answer>> {
  verifier.stdin?.write(`${JSON.stringify({ key: writeKey(signer.key), at: NOW, ...request })}\n`);
  const [line] = await once(answers, "line");
  return Answer.parse(JSON.parse(String(line)));
}

let logs = 0;

/** What both say of a log: whether it is right. */
async function both(
  files: Files,
  since?: Buffer,
): Promise<{ ours: boolean; theirs: boolean; why: readonly string[] }> {
  const at = join(folder, String(logs++));
  writeFolder(at, files);
  const saved = since === undefined ? undefined : readCheckpoint(since.toString(), signer.key);
  const [{ findings }, { ok, problems }] = await Promise.all([
    verifyLog({
      ...{ files: inMemory(files), key: signer.key, now: new Date(NOW), check: checkBundle, ahead: 2 },
      ...(saved === undefined ? {} : { since: saved }),
    }),
    asked({ folder: at, ...(since === undefined ? {} : { since: since.toString("base64") }) }),
  ]);
  rmSync(at, { recursive: true });
  const why = [
    ...findings.map(({ kind, path, message }) => `ours: ${kind} ${path}: ${message}`),
    ...problems.map((one) => `theirs: ${one}`),
  ];
  return { ours: findings.length === 0, theirs: ok, why };
}

const RIGHT = { ours: true, theirs: true, why: [] };
const WRONG = { ours: false, theirs: false };

describe("both verifiers", () => {
  it("take a log that is right, of any size around the width of a tile", async () => {
    for (const sizes of [[0], [254, 0], [255], [255, 1], [511, 0], [2000, 2000], EDITED_SIZES])
      expect(await both(await madeLog(signer, sizes))).toEqual(RIGHT);
  });

  it("take odd facts, and refuse what is not canonical", async () => {
    const odd = [
      ...[
        { text: '\\ud800 \u0001\u001f\u007f "q" € 😀 \u2028' },
        { "10": 1, "9": 2, "\u{1f600}": 3, "\ufb33": 4 },
      ],
      ...[
        {
          numbers: [
            0,
            -1,
            1e21,
            1e20,
            1.5e-7,
            1e-6,
            123456789012345680000,
            2 ** 53,
            0.1,
            5e-324,
            1.7976931348623157e308,
          ],
        },
      ],
      ...[{ nested: { z: [], a: {}, "": null, t: true } }, { kind: "change.noted" }],
    ];
    const right: Files = new Map();
    const log = new LogWriter(signer, (path, bytes) => right.set(path, bytes));
    for (const [n, more] of odd.entries()) log.fact(`odd-${n}`, minute(1), more);
    await log.seal(minute(1));
    expect(await both(right)).toEqual(RIGHT);
    for (const text of [
      ...[
        '{"id": "x"}',
        '{"b":1,"a":1}',
        '{"n":1.0}',
        '{"n":1e2}',
        '{"n":-0}',
        '{"s":"\\u0041"}',
        '{"s":"\\ud800"}',
      ],
      ...[
        '{"a":1,"a":1}',
        '{"n":100000000000000000001}',
        "[]",
        "null",
        '"x"',
        "",
        "{",
        '{"s":"\\/"}',
        '{"n":NaN}',
      ],
      ...['{"id":"x","kind":"seal","source":"/y"}', "\ufeff{}", `${"[".repeat(5000)}${"]".repeat(5000)}`],
      '{"id":"x","kind":"a","recordedAt":"2026-02-30T00:00:00.000Z","source":"/y"}',
    ]) {
      const files: Files = new Map();
      const log = new LogWriter(signer, (path, bytes) => files.set(path, bytes));
      log.entry(Buffer.from(text));
      await log.seal(minute(1));
      expect({ text, ...(await both(files)) }).toMatchObject({ text, ...WRONG });
    }
  });

  it("refuse a small log with any of its bytes changed", async () => {
    const files = await madeLog(signer, [1, 1]);
    const differing: unknown[] = [];
    for (const [path, bytes] of files)
      for (let at = 0; at < bytes.length; at += 3) {
        const other = Buffer.from(bytes);
        other[at] = (other[at] ?? 0) ^ (1 << (at % 8));
        const { ours, theirs, why } = await both(new Map([...files, [path, other]]));
        if (ours || theirs) differing.push({ path, at, why });
      }
    expect(differing).toEqual([]);
  });

  const kinds = Object.entries(EDITS);
  it.each(kinds)("refuse a log if somebody %s", async (_, edit) => {
    const made = await madeLog(signer, EDITED_SIZES);
    const random = randomFrom(SEED + kinds.findIndex(([, one]) => one === edit) * 104_729);
    for (let n = 0; n < EDITS_OF_A_KIND; n++) {
      const files = new Map(made);
      const { what } = await edit(files, random);
      expect({ what, ...(await both(files)) }).toMatchObject({ what, ...WRONG });
    }
  });

  it("refuse a log with anything gone, and take one without earlier copies and checkpoints", async () => {
    const files = await madeLog(signer, [300, 4]);
    for (const path of files.keys()) {
      const less = new Map(files);
      less.delete(path);
      const isEarlier = /^checkpoints\/|\.p\/(45|1)$/.test(path) && !path.endsWith("1/000.p/1");
      expect({ path, ...(await both(less)) }).toMatchObject({ path, ...(isEarlier ? RIGHT : WRONG) });
    }
  });

  it("find seals that do not chain, facts outside of their interval, and a fact that is there twice", async () => {
    const log = (write: (log: LogWriter) => Promise<void>) => async () => {
      const files: Files = new Map();
      await write(new LogWriter(signer, (path, bytes) => files.set(path, bytes)));
      return files;
    };
    const second = (recordedAt: string, id = "two", more: object = {}, sealedAt = minute(31)) =>
      log(async (writer) => {
        writer.fact("one", minute(29));
        await writer.seal(minute(30));
        writer.fact(id, recordedAt);
        await writer.seal(sealedAt, more);
      });
    for (const right of [second(minute(31)), second(minute(15)), second(minute(46))])
      expect(await both(await right())).toEqual(RIGHT);
    for (const wrong of [
      ...[
        second(minute(14)),
        second(minute(47)),
        second(minute(31), "one"),
        second(minute(31), "two", { n: 3 }),
      ],
      ...[
        second(minute(31), "two", { count: 2 }),
        second(minute(31), "two", { lag: 1 }),
        second(minute(30), "two", {}, minute(30)),
      ],
      ...[
        second(minute(31), "two", { previous: { size: 2, root: "0".repeat(64) } }),
        second(minute(80), "two", {}, minute(80)),
      ],
    ])
      expect(await both(await wrong())).toMatchObject(WRONG);
  });

  it("compare a log with a saved checkpoint", async () => {
    const [files, other] = [await madeLog(signer, [2, 3]), await madeLog(signer, [2, 2, 2])];
    const saved = (path: string): Buffer => files.get(path) ?? Buffer.of();
    expect(await both(files, saved("checkpoints/3"))).toEqual(RIGHT);
    expect(await both(other, saved("checkpoints/3"))).toEqual(RIGHT);
    expect(await both(other, saved("checkpoint"))).toMatchObject(WRONG);
    expect(await both(await madeLog(signer, [2]), saved("checkpoint"))).toMatchObject(WRONG);
  });
});

describe("both readers of proofs", () => {
  const entries = Array.from({ length: 11 }, (_, n) => factEntry(`fact-${n}`, minute(0)));

  async function proofs(): Promise<string[]> {
    const nodes = new Map<string, Hash>();
    const tree = new GrowingTree(0, [], ({ level, index }, hash) => nodes.set(`${level}/${index}`, hash));
    for (const entry of entries) tree.append(hashOfLeaf(entry));
    const checkpoint = await signCheckpoint({ size: tree.size, root: tree.root() }, signer);
    const hashOf = ({ level, index }: { level: number; index: number }) =>
      nodes.get(`${level}/${index}`) ?? Buffer.of();
    return entries.map((_, index) =>
      writeProof(index, hashesOf(inclusionParts(index, 11), hashOf), checkpoint),
    );
  }

  async function agreed(proof: string, entry: Buffer): Promise<boolean> {
    const ours = typeof readProof(proof, entry, signer.key) !== "string";
    const [text, fact] = [Buffer.from(proof).toString("base64"), entry.toString("base64")];
    const { ok } = await asked({ proof: text, fact });
    expect({ proof, ok }).toEqual({ proof, ok: ours });
    return ours;
  }

  /** What a reader must not skip: each hash left out, repeated, exchanged with the next, or put at an end. */
  function forgedHashes(proof: string): string[] {
    const [head = "", ...rest] = proof.split("\n\n");
    const lines = head.split("\n");
    const forged = [...lines.keys()].slice(2).flatMap((at) => {
      const [one = "", next = one] = lines.slice(at, at + 2);
      return [
        ...[lines.toSpliced(at, 1), lines.toSpliced(at, 0, one), [...lines, one], lines.toSpliced(2, 0, one)],
        ...(one === next ? [] : [lines.toSpliced(at, 2, next, one)]),
      ];
    });
    return forged.map((one) => [one.join("\n"), ...rest].join("\n\n"));
  }

  it("take each fact's own proof, and no forged one", async () => {
    const all = await proofs();
    for (const [n, proof] of all.entries()) {
      const entry = entries[n] ?? Buffer.of();
      expect(await agreed(proof, entry)).toBe(true);
      expect(await agreed(all[(n + 1) % 11] ?? "", entry)).toBe(false);
      const indexed = [n + 11, n + 16, 2 ** 52 + n, -n - 1].map((index) =>
        proof.replace(`index ${n}\n`, `index ${index}\n`),
      );
      for (const forged of [...forgedHashes(proof), ...indexed])
        expect(await agreed(forged, entry)).toBe(false);
    }
  });

  it("refuse a proof whose hashes are an inner node's, as if that were a leaf", async () => {
    const [proof = ""] = await proofs();
    const lines = proof.split("\n");
    // The node over the first two leaves, given as an entry: 0x01 in front of it is no leaf's prefix.
    const inner = Buffer.concat([Buffer.of(1), ...entries.slice(0, 2).map(hashOfLeaf)]);
    expect(await agreed(lines.toSpliced(2, 1).join("\n"), inner)).toBe(false);
    expect(await agreed(lines.toSpliced(2, 1).join("\n"), inner.subarray(1))).toBe(false);
  });
});
