/** One ledger copied into another: what comes along, what goes on after an interruption, and what is refused. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Database, temporaryDatabase } from "../../functions/adapters/sqlite/database.ts";
import { CannotCopy, type Copied, copyLedger, type Side } from "../../functions/ledger/export/copy.ts";
import { everythingIn, fill, sideOf } from "../store/copies.ts";
import { frozen, keep } from "../store/stores.ts";

const UNTIL = "2027-01-01T00:00:00.000Z";
const MANY = 500;

let source: Database;
let target: Database;
beforeEach(() => {
  source = temporaryDatabase();
  target = temporaryDatabase();
});
afterEach(() => {
  source.close();
  target.close();
});

const copied = (to: Side = sideOf(target, "the target")): Promise<Copied> =>
  copyLedger(sideOf(source, "the source"), to, UNTIL, () => undefined);

/** A target whose puts fail after some. */
function failingAfter(puts: number): Side {
  const side = sideOf(target);
  let left = puts;
  return {
    ...side,
    store: {
      ...side.store,
      put: async (posted) => {
        if (left-- <= 0) throw new Error("the power failed");
        return side.store.put(posted);
      },
    },
  };
}

it("holds every row that the source holds: facts, hashes beside them, entries, names and people", async () => {
  const facts = await fill(source, MANY);
  expect(await copied()).toMatchObject({
    facts,
    written: facts,
    people: 1,
    sha256: expect.stringMatching(/^\w{64}$/),
  });
  expect(everythingIn(target)).toEqual(everythingIn(source));
});

it("goes on where it was interrupted, and ends as one that was not", async () => {
  const facts = await fill(source, MANY);
  await expect(copied(failingAfter(300))).rejects.toThrow("the power failed");
  const { written } = await copied();
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThan(facts);
  expect(everythingIn(target)).toEqual(everythingIn(source));
  expect(await copied()).toMatchObject({ facts, written: 0 });
});

it("goes on with what the source recorded since", async () => {
  await fill(source, 1);
  await copied();
  await keep(sideOf(source).store, frozen("/ci/acme", "later", { recordedAt: "2026-12-01T00:00:00.000Z" }));
  expect(await copied()).toMatchObject({ written: 1 });
});

it.each([
  ["another fact", "2026-10-01T00:30:00.000Z"],
  ["another fact after all others", "2026-12-24T00:00:00.000Z"],
])("is refused, and nothing is written, where the target holds %s", async (_, recordedAt) => {
  await fill(source, MANY);
  await keep(sideOf(target).store, frozen("/ci/other", "1", { recordedAt }));
  const before = everythingIn(target);
  await expect(copied()).rejects.toThrow(
    /the target has a fact that the source does not have \(\/ci\/other 1\); copy into an empty ledger/,
  );
  expect(everythingIn(target)).toEqual(before);
});

it("has the entries of the present keys, also where the source was written under older ones", async () => {
  await fill(source);
  const before = everythingIn(source);
  source.prepare("DELETE FROM entries WHERE part LIKE 'digest %'").run();
  expect(everythingIn(source)).not.toEqual(before);
  await copied();
  expect(everythingIn(target)).toEqual(before);
});

it("has nobody who was erased in the source since it began", async () => {
  await fill(source, MANY);
  await expect(copied(failingAfter(300))).rejects.toThrow("the power failed");
  source.prepare("DELETE FROM people").run();
  expect(await copied()).toMatchObject({ people: 0 });
  expect(everythingIn(target)).toEqual(everythingIn(source));
});

it("does not pass for whole where the target keeps something else than was put", async () => {
  await fill(source);
  const side = sideOf(target);
  const lossy = {
    ...side.store,
    put: ({ rawHash: _, ...posted }: Parameters<typeof side.store.put>[0]) => side.store.put(posted),
  };
  await expect(copied({ ...side, store: lossy })).rejects.toThrow(CannotCopy);
});
