import { cases, type Expected, learned, takenBack } from "./cases.ts";
import { migration, snapshot, time } from "./saying.ts";

const set = (clock: string, ...versions: readonly (string | object)[]) => snapshot(clock, "set", versions);
const head = (clock: string, ...versions: readonly (string | object)[]) => snapshot(clock, "head", versions);
const at = (version: string, more: object = {}): Expected => ({
  migrations: [
    {
      database: "billing",
      status: "known",
      version,
      appliedAt: undefined,
      appliedBetween: undefined,
      ...more,
    },
  ],
});
const between = (after: string | null, before: string) => ({
  appliedBetween: { after: after === null ? null : time(after), before: time(before) },
});
const unknown: Expected = { migrations: [{ status: "unknown", version: null }] };
const empty: Expected = { migrations: [{ status: "empty", version: null }] };

cases("of sets of migrations that a tool shows", [
  {
    rule: "the last of one is where the database stands, applied at some time before",
    given: [set("09:00", "1", "2")],
    answers: at("2", between(null, "09:00")),
  },
  {
    rule: "the row's own time is when it was applied",
    given: [set("09:00", "1", { version: "2", appliedAt: time("08:12") })],
    answers: at("2", { appliedAt: time("08:12") }),
  },
  {
    rule: "what two of them differ by was applied between them",
    given: [set("08:00", "1"), set("09:00", "1", "2")],
    answers: at("2", between("08:00", "09:00")),
  },
  {
    rule: "what all of them hold was applied before the first",
    given: [set("07:00", "1"), set("08:00", "1"), set("09:00", "1")],
    answers: at("1", between(null, "07:00")),
  },
  {
    rule: "what was gone and came back was applied after it was gone",
    given: [set("06:00", "1", "2"), set("07:00", "1"), set("08:00", "1", "2"), set("09:00", "1", "2")],
    answers: at("2", between("07:00", "08:00")),
  },
  {
    rule: "what is no longer in the newest was reverted",
    given: [set("08:00", "1", "2"), set("09:00", "1")],
    answers: at("1", between(null, "08:00")),
  },
  {
    rule: "what a set no longer holds was reverted, though it was said to be applied",
    given: [migration("applied", "07:00", "1"), migration("applied", "08:00", "2"), set("09:00", "1")],
    answers: at("1", { appliedAt: time("07:00") }),
  },
  {
    rule: "an empty one says that nothing is applied",
    given: [set("08:00", "1"), set("09:00")],
    answers: empty,
  },
  {
    rule: "the tool's order counts, not the versions' own",
    given: [set("09:00", "2", "1")],
    answers: at("1", between(null, "09:00")),
  },
  {
    rule: "at a moment between two of them the first counts",
    given: [set("08:00", "1"), set("09:00", "1", "2")],
    at: "08:30",
    answers: at("1", between(null, "08:00")),
  },
]);

const part = (
  clock: string,
  name: string,
  n: number,
  of: number,
  ...versions: readonly (string | object)[]
) => snapshot(clock, "set", versions, { part: { set: name, n, of } });

cases("of sets that come in parts", [
  {
    rule: "all parts together are one set, as of its oldest part",
    given: [part("09:00", "s", 1, 2, "1", "2"), part("09:01", "s", 2, 2, "3")],
    answers: at("3", between(null, "09:00")),
  },
  {
    rule: "parts are put together by their number, in whatever order they were made",
    given: [part("09:00", "s", 3, 3, "4"), part("09:01", "s", 1, 3, "1", "2"), part("09:02", "s", 2, 3, "3")],
    answers: at("4", between(null, "09:00")),
  },
  {
    rule: "a set with a part missing is ignored",
    given: [set("08:00", "1"), part("09:00", "s", 1, 2, "1", "2")],
    answers: at("1", between(null, "08:00")),
  },
  {
    rule: "a set is ignored until its last part was made",
    given: [set("08:00", "1"), part("09:00", "s", 1, 2, "1"), part("09:02", "s", 2, 2, "2")],
    at: "09:01",
    answers: at("1", between(null, "08:00")),
  },
  {
    rule: "nothing but an incomplete set says nothing",
    given: [part("09:00", "s", 2, 2, "2")],
    answers: unknown,
  },
  {
    rule: "an incomplete empty part does not say that nothing is applied",
    given: [part("09:00", "s", 1, 2)],
    answers: unknown,
  },
  {
    rule: "parts of different sets are not put together",
    given: [part("09:00", "s", 1, 2, "1"), part("09:01", "t", 2, 2, "2")],
    answers: unknown,
  },
  {
    rule: "of a part that was made twice the newer counts",
    given: [part("09:00", "s", 2, 2, "2"), part("09:01", "s", 1, 2, "1"), part("09:02", "s", 2, 2, "2", "3")],
    answers: at("3", between(null, "09:01")),
  },
  {
    rule: "a migration that was applied while the parts were made is where it stands",
    given: [part("09:00", "s", 1, 2, "1"), migration("applied", "09:01", "3"), part("09:02", "s", 2, 2, "2")],
    answers: at("3", { appliedAt: time("09:01") }),
  },
]);

cases("of heads, which show only where a schema is", [
  {
    rule: "one is where it stands",
    given: [head("09:00", "f00")],
    answers: at("f00", between(null, "09:00")),
  },
  {
    rule: "another one before it says since when",
    given: [head("08:00", "e00"), head("09:00", "f00"), head("10:00", "f00")],
    answers: at("f00", between("08:00", "09:00")),
  },
  {
    rule: "several are all where it stands",
    given: [head("08:00", "e00"), head("09:00", "e00", "f00")],
    answers: {
      migrations: [
        { version: "e00", ...between(null, "08:00") },
        { version: "f00", ...between("08:00", "09:00") },
      ],
    },
  },
  {
    rule: "several and a migration that failed are warned of once",
    given: [head("08:00", "e00", "f00"), migration("failed", "09:00", "g00")],
    answers: {
      migrations: [
        { version: "e00", failed: { version: "g00", at: time("09:00") } },
        { version: "f00", failed: { version: "g00", at: time("09:00") } },
      ],
      warnings: ["migration_failed"],
    },
  },
  { rule: "none says that nothing is applied", given: [head("09:00")], answers: empty },
  {
    rule: "reverted, it is unknown what is below it",
    given: [head("08:00", "e00"), head("09:00", "f00"), migration("reverted", "10:00", "f00")],
    answers: unknown,
  },
  {
    rule: "one of several reverted, it is unknown what is below it",
    given: [head("09:00", "e00", "f00"), migration("reverted", "10:00", "f00")],
    answers: unknown,
  },
  {
    rule: "a revert of something else leaves it",
    given: [head("09:00", "f00"), migration("reverted", "10:00", "a00")],
    answers: at("f00", between(null, "09:00")),
  },
  {
    rule: "an applied migration behind it knows when it came",
    given: [migration("applied", "08:30", "f00", { tool: "alembic" }), head("09:00", "f00")],
    answers: at("f00", { appliedAt: time("08:30"), tool: "alembic" }),
  },
  {
    rule: "the tool is the one that shows it, where nobody else says",
    given: [snapshot("09:00", "head", ["f00"], { tool: "golang-migrate" })],
    answers: at("f00", { tool: "golang-migrate", ...between(null, "09:00") }),
  },
]);

/** A row that says when it was applied. */
const row = (version: string, clock: string) => ({ version, appliedAt: time(clock) });
const applied = (version: string, clock: string) => at(version, { appliedAt: time(clock) });
const wrong = set("09:00", "1", row("2", "08:20"));

cases("of rows that say when they were applied, before they were read", [
  {
    rule: "one was applied then, not when the set was read",
    given: [set("08:00", "1"), set("09:00", "1", row("2", "08:20"))],
    at: "08:30",
    answers: applied("2", "08:20"),
  },
  {
    rule: "one was not applied before",
    given: [set("08:00", "1"), set("09:00", "1", row("2", "08:20"))],
    at: "08:19",
    answers: at("1", between(null, "08:00")),
  },
  {
    rule: "one was applied at the very time",
    given: [set("09:00", "1", row("2", "08:20"))],
    at: "08:20",
    answers: applied("2", "08:20"),
  },
  {
    rule: "one set alone says it, too, with the tool that shows it",
    given: [snapshot("09:00", "set", ["1", row("2", "08:20"), row("3", "08:40")], { tool: "flyway" })],
    at: "08:30",
    answers: at("2", { appliedAt: time("08:20"), tool: "flyway" }),
  },
  {
    rule: "before all of them it is unknown",
    given: [set("09:00", "1", row("2", "08:20"))],
    at: "08:10",
    answers: unknown,
  },
  {
    rule: "what stands above one was applied by then",
    given: [
      set("07:00", "1"),
      set("09:00", row("1", "08:20"), "2", row("1", "08:25")),
      set("10:00", "1", "2"),
    ],
    at: "08:30",
    answers: at("2", between("07:00", "08:25")),
  },
  {
    rule: "one that the set before contradicts says nothing",
    given: [set("08:00", "1"), set("09:00", "1", row("2", "07:30"))],
    at: "08:30",
    answers: at("1", between(null, "08:00")),
  },
  {
    rule: "one that a set between contradicts says nothing",
    given: [set("08:00", "1"), set("08:40", "1"), set("09:00", "1", row("2", "08:20"))],
    at: "08:30",
    answers: at("1", between(null, "08:00")),
  },
  {
    rule: "one that a later revert contradicts says nothing",
    given: [set("08:00", "1"), migration("reverted", "08:40", "2"), set("09:00", "1", row("2", "08:20"))],
    at: "08:30",
    answers: at("1", between(null, "08:00")),
  },
  {
    rule: "one that was reverted before was applied again",
    given: [
      set("08:00", "1", "2"),
      migration("reverted", "08:10", "2"),
      set("09:00", "1", row("2", "08:20")),
    ],
    at: "08:30",
    answers: applied("2", "08:20"),
  },
  {
    rule: "one that is reported between the sets counts as reported",
    given: [set("08:00", "1"), migration("applied", "08:21", "2"), set("09:00", "1", row("2", "08:20"))],
    at: "08:30",
    answers: applied("2", "08:21"),
  },
  {
    rule: "a later one that is reported comes after it",
    given: [set("08:00", "1"), migration("applied", "08:25", "3"), set("09:00", "1", row("2", "08:20"), "3")],
    at: "08:22",
    answers: applied("2", "08:20"),
  },
  {
    rule: "one of the time of a report comes before it",
    given: [set("08:00"), migration("applied", "08:20", "1"), set("09:00", row("2", "08:20"), "1")],
    at: "08:30",
    answers: applied("1", "08:20"),
  },
  {
    rule: "of several of one time the tool's last one is the last",
    given: [set("09:00", row("1", "08:20"), row("10", "08:20"), row("2", "08:20"))],
    at: "08:30",
    answers: applied("2", "08:20"),
  },
  {
    rule: "parts say it together, before and while they are made",
    given: [set("08:00"), part("09:00", "s", 1, 2, "1"), part("09:02", "s", 2, 2, row("2", "08:20"))],
    at: "09:01",
    answers: applied("2", "08:20"),
  },
  {
    rule: "an incomplete set says nothing",
    given: [set("08:00", "1"), part("09:00", "s", 2, 2, row("2", "08:20"))],
    at: "08:30",
    answers: at("1", between(null, "08:00")),
  },
  {
    rule: "the first complete set after says it, whatever incomplete ones come before",
    given: [part("08:40", "s", 2, 2, row("3", "08:20")), set("09:00", "1", row("2", "08:20"))],
    at: "08:30",
    answers: applied("2", "08:20"),
  },
  {
    rule: "a head was applied then",
    given: [head("08:00", "e00"), head("09:00", row("f00", "08:20"))],
    at: "08:30",
    answers: applied("f00", "08:20"),
  },
  {
    rule: "nobody knew before the set was recorded",
    given: [set("08:00", "1"), learned("22 00:00", set("09:00", "1", row("2", "08:20")))],
    at: "08:30",
    knownAt: "21 00:00",
    answers: at("1", between(null, "08:00")),
  },
  {
    rule: "a set that was taken back says nothing",
    given: [set("08:00", "1"), wrong, takenBack("22 00:00", wrong)],
    at: "08:30",
    answers: at("1", between(null, "08:00")),
  },
  {
    rule: "a failure before it is mended, one after it is not",
    given: [
      set("08:00", "1"),
      migration("failed", "08:10", "2"),
      migration("failed", "08:25", "3"),
      set("09:00", "1", row("2", "08:20")),
    ],
    at: "08:30",
    answers: {
      migrations: [{ version: "2", failed: { version: "3", at: time("08:25") } }],
      warnings: ["migration_failed"],
    },
  },
]);
