/**
 * Each write of a seal fails, with and without effect, at the sizes where tiles fill up; then the sealer runs again, with
 * the same facts or with more.
 */
import { describe, expect, it } from "vitest";
import { signCheckpoint } from "../../functions/seal/checkpoint.ts";
import { grown } from "../../functions/seal/growth.ts";
import type { LogStore } from "../../functions/seal/log-store.ts";
import { emptyRoot } from "../../functions/seal/merkle.ts";
import { bundleWith, readEntries, readPublished } from "../../functions/seal/read-log.ts";
import { readSeal, sealEntry } from "../../functions/seal/seal-leaf.ts";
import { type Sealing, seal } from "../../functions/seal/sealer.ts";
import { bundleOf } from "../../functions/seal/tiles.ts";
import { entryOf } from "../../functions/seal/unsealed-facts.ts";
import type { Fact } from "../../schemas/fact.ts";
import { wrongIn } from "./check-log.ts";
import { factOf, laggingStore, type Row, rowOf } from "./late-store.ts";
import { type MemoryLog, memoryLog } from "./memory-log.ts";
import { newSigner } from "./signer.ts";

const signer = newSigner("log.example/test");
const LONG_AGO = "2026-11-01T09:00:00.000Z";
const NOW = "2026-11-28T09:00:00.000Z";

/** A log of this size: facts of long ago in one seal. */
async function logOf(size: number) {
  const facts = Array.from({ length: size - 1 }, (_, n) => factOf(n, LONG_AGO));
  const leaf = sealEntry({
    n: 1,
    sealedAt: LONG_AGO,
    previous: { size: 0, root: emptyRoot().toString("hex") },
    count: facts.length,
    lag: 0,
  });
  const entries = [...facts.map(entryOf), leaf];
  const tree = await grown(memoryLog(), { size: 0, root: emptyRoot() }, entries);
  const root = tree.root.toString("hex");
  const note = Buffer.from(await signCheckpoint(tree, signer));
  const head = { size, root, staging: "staging/first", n: 1, sealedAt: LONG_AGO, newest: LONG_AGO };
  const files = new Map(tree.files)
    .set("head", Buffer.from(JSON.stringify(head)))
    .set("staging/first", bundleOf([leaf]))
    .set("checkpoint", note)
    .set(`checkpoints/${size}`, note);
  return { files, facts, tree };
}

type Base = Awaited<ReturnType<typeof logOf>>;

/** The entries after the base. */
async function newEntries({ tree }: Base, log: MemoryLog, size: number): Promise<Buffer[]> {
  const first = Math.floor(tree.size / 256) * 256;
  const bundles: Buffer[] = [];
  for (let index = first; index < size; index += 256)
    bundles.push(...(await readEntries(log, bundleWith(index, size))));
  return bundles.slice(tree.size - first);
}

/** Whether the log is what the base becomes with these facts: the files are made anew, in one go. */
async function isRight(base: Base, log: MemoryLog, facts: readonly Fact[]): Promise<boolean> {
  const published = await readPublished(log, signer.key);
  const entries = await newEntries(base, log, published?.size ?? 0);
  const made = await grown(memoryLog(new Map(base.files)), base.tree, entries);
  const sealed = entries.filter((entry) => readSeal(entry) === undefined).map(String);
  return (
    published?.root.equals(made.root) === true &&
    [...made.files].every(([path, bytes]) => log.files.get(path)?.equals(bytes)) &&
    JSON.stringify(sealed) === JSON.stringify(facts.map((fact) => JSON.stringify(fact)))
  );
}

/** The same log; its write number `n` fails. */
function failing(log: LogStore, n: number, isApplied: boolean): LogStore & { readonly writes: () => number } {
  let writes = 0;
  const write = async <T>(apply: () => Promise<T>): Promise<T> => {
    if (writes++ !== n) return apply();
    if (isApplied) await apply();
    throw new Error("the bucket did not answer");
  };
  return {
    get: log.get,
    putIfAbsent: (path, bytes) => write(() => log.putIfAbsent(path, bytes)),
    putIfMatch: (path, bytes, etag) => write(() => log.putIfMatch(path, bytes, etag)),
    writes: () => writes,
  };
}

describe.each([255, 256, 257, 65_535, 65_536, 65_537])("a seal that makes the log %i long", (size) => {
  it("can fail at each of its writes, with and without effect, and is made up for", async () => {
    const base = await logOf(size - 2);
    const run = async (n: number, isApplied: boolean, hasMore: boolean) => {
      const log = memoryLog(new Map(base.files));
      const rows: Row[] = [rowOf(factOf(size, NOW))];
      const sealing = (over: LogStore): Sealing => ({
        log: over,
        signer,
        store: laggingStore(rows, () => 0),
        now: () => new Date(NOW),
      });
      const over = failing(log, n, isApplied);
      const failed = await seal(sealing(over)).then(
        () => false,
        () => true,
      );
      if (hasMore) rows.push(rowOf(factOf(size + 1, NOW)));
      await seal(sealing(log));
      const outcome = await seal(sealing(log));
      const facts = rows.map(({ fact }) => fact);
      return {
        failed,
        isRight: await isRight(base, log, facts),
        outcome: outcome.is,
        writes: over.writes(),
        wrong: () =>
          wrongIn(log.files, {
            key: signer.key,
            facts: [...base.facts, ...facts].map((fact) => JSON.stringify(fact)),
          }),
      };
    };
    const { writes, wrong } = await run(-1, false, false);
    expect(wrong()).toEqual([]);
    expect(writes).toBeGreaterThanOrEqual(7);
    for (let n = 0; n < writes; n++)
      for (const isApplied of [false, true])
        for (const hasMore of [false, true])
          expect({ n, isApplied, hasMore, ...(await run(n, isApplied, hasMore)) }).toMatchObject({
            failed: true,
            isRight: true,
            outcome: "nothing",
          });
  });
});
