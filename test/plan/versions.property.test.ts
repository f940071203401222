/** The whole set of versions, against the state of a database, which reads the same facts the other way round. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { all, EVER } from "../../functions/ledger/fact-reader.ts";
import { databaseState } from "../../functions/queries/migrations/database-state.ts";
import { factsAt, factsSince, versionsOf } from "../../functions/queries/migrations/versions.ts";
import { Statement } from "../../schemas/fact.ts";
import { act, migrated, snapshot, snapshotInParts } from "../histories/statements.ts";
import { moment, time } from "../histories/words.ts";
import { type Given, given } from "../ledger/given.ts";
import { migration, snapshot as shows } from "../ledger/saying.ts";

const place = { environment: "production", database: "billing" };

/** Everything about one database. */
const histories = fc
  .array(fc.oneof({ weight: 3, arbitrary: act(migrated) }, act(snapshot), snapshotInParts), {
    minLength: 1,
    maxLength: 14,
    size: "max",
  })
  .map((acts) =>
    acts
      .flatMap((one) => ("says" in one ? one.says : []))
      .map((said, n) => Statement.parse({ ...said, ...place, source: "/ci", id: String(n) })),
  );

const upTo = async (ledger: Given, to: string) =>
  versionsOf(await all(ledger.at(to), { of: "schema", ...place }), to);

async function stateAt(ledger: Given, at: string) {
  const { migrations } = await databaseState(ledger.at(at), place.environment, place.database, at);
  if (migrations.some(({ status }) => status === "unknown")) return "unknown";
  return migrations.flatMap(({ version }) => version ?? []);
}

describe("the versions that a database has applied", () => {
  it("end where the database stands, in any history at any moment", async () => {
    await fc.assert(
      fc.asyncProperty(histories, moment, async (statements, at) => {
        const ledger = await given(...statements);
        for (const when of [at, EVER]) {
          expect((await upTo(ledger, when)).newest ?? "unknown").toEqual(await stateAt(ledger, when));
        }
      }),
    );
  });

  it("are the same whether read from the beginning or from the set before a moment", async () => {
    await fc.assert(
      fc.asyncProperty(histories, moment, async (statements, at) => {
        const ledger = await given(...statements);
        const facts = await factsSince(ledger.at(at), place.environment, place.database, at);
        const names = ({ applied, newest, isWhole }: ReturnType<typeof versionsOf>) => ({
          versions: applied.map(({ version }) => version),
          newest,
          isWhole,
        });
        expect(names(versionsOf(facts))).toEqual(names(await upTo(ledger, EVER)));
        expect(names(versionsOf(facts, at))).toEqual(names(await upTo(ledger, at)));
        const enough = await factsAt(ledger.at(at), place.environment, place.database, at);
        expect(names(versionsOf(enough, at))).toEqual(names(await upTo(ledger, at)));
      }),
    );
  });

  it.each([
    ["what was said, in that order", [said("1"), said("3", "02:00"), said("2", "03:00")], ["1", "3", "2"]],
    ["without what was reverted", [said("1"), said("2"), undone("2")], ["1"]],
    ["in the order of the tool's table", [said("2"), shows("12:00", "set", ["1", "2"])], ["1", "2"]],
    ["without what a set no longer shows", [said("1"), said("2"), shows("12:00", "set", ["1"])], ["1"]],
    ["without what lies above a head", [said("1"), said("2"), shows("12:00", "head", ["1"])], ["1"]],
    ["with a head that nobody said", [said("1"), shows("12:00", "head", ["3"])], ["1", "3"]],
    ["none after an empty set", [said("1"), shows("12:00", "set", [])], []],
  ])("are %s", async (_, statements, expected) => {
    const { applied } = await upTo(await given(...statements), EVER);
    expect(applied.map(({ version }) => version)).toEqual(expected);
  });

  it("are those that a later set dates, with what stands above them", async () => {
    const ledger = await given(
      shows("12:00", "set", ["0", { version: "1", appliedAt: "2026-10-20T08:00:00.000Z" }, "2"]),
    );
    const { applied, newest, isWhole } = await upTo(ledger, "2026-10-20T09:00:00.000Z");
    expect(applied.map(({ version, at, by }) => ({ version, at, by }))).toEqual([
      { version: "0", at: undefined, by: "2026-10-20T08:00:00.000Z" },
      { version: "1", at: "2026-10-20T08:00:00.000Z", by: "2026-10-20T08:00:00.000Z" },
    ]);
    expect({ newest, isWhole }).toEqual({ newest: ["1"], isWhole: false });
  });

  it("know when they came: by the tool's own table, else as said, else between two snapshots", async () => {
    const ledger = await given(
      shows("08:00", "set", []),
      migration("applied", "08:30", "1"),
      shows("09:00", "set", ["1", "2", { version: "3", appliedAt: time(0) }]),
    );
    const { applied } = await upTo(ledger, EVER);
    expect(applied.map(({ version, at, after }) => ({ version, at, after }))).toEqual([
      { version: "1", at: "2026-10-20T08:30:00.000Z", after: undefined },
      { version: "2", at: undefined, after: "2026-10-20T08:00:00.000Z" },
      { version: "3", at: time(0), after: "2026-10-20T08:00:00.000Z" },
    ]);
  });
});

function said(version: string, at = `0${version}:00`) {
  return migration("applied", at, version);
}
function undone(version: string) {
  return migration("reverted", "10:00", version);
}
