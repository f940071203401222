import { cases, type Expected } from "./cases.ts";
import { described, image, main, migration, snapshot, succeeded, time } from "./saying.ts";

const runs = succeeded("08:00", [main({ digest: image("one") })]);
const at = (version: string, more: object = {}): Expected => ({
  migrations: [{ database: "billing", status: "known", version, failed: undefined, ...more }],
});
const unknown: Expected = { migrations: [{ database: "billing", status: "unknown", version: null }] };
const empty: Expected = { migrations: [{ database: "billing", status: "empty", version: null }] };
const applied = (clock: string, version: string, more: object = {}) =>
  migration("applied", clock, version, more);
const reverted = (clock: string, version: string) => migration("reverted", clock, version);
const failure = (clock: string, version: string) => migration("failed", clock, version);
const nobody = { service: undefined };

cases("of which databases a service has", [
  {
    rule: "with none known, migrations are unknown, and not empty",
    given: [runs],
    answers: { migrations: "unknown" },
  },
  {
    rule: "described without any, it has none",
    given: [runs, described({ databases: [] })],
    answers: { migrations: [] },
  },
  {
    rule: "described with a description that does not speak of them, they are unknown",
    given: [runs, described({ owner: "team-billing" })],
    answers: { migrations: "unknown", owner: "team-billing" },
  },
  {
    rule: "they are those whose migrations name it",
    given: [runs, applied("07:00", "1"), applied("07:00", "a1", { database: "audit" })],
    answers: {
      migrations: [
        { database: "audit", version: "a1" },
        { database: "billing", version: "1" },
      ],
    },
  },
  {
    rule: "they are those it is described with, though other migrations name it",
    given: [
      runs,
      described({ databases: ["billing"] }),
      applied("07:00", "1"),
      applied("07:00", "a1", { database: "audit" }),
    ],
    answers: at("1"),
  },
  {
    rule: "one that it is described with and nobody migrated is in an unknown state",
    given: [runs, described({ databases: ["billing"] })],
    answers: unknown,
  },
  {
    rule: "described twice, the description of the time counts",
    given: [
      runs,
      described({ databases: ["billing"] }),
      described({ databases: ["audit"] }, "21 00:00"),
      applied("07:00", "1"),
    ],
    at: "09:00",
    answers: at("1"),
  },
  {
    rule: "one that several services share is migrated by any of them",
    given: [runs, described({ databases: ["billing"] }), applied("07:00", "1", { service: "acme/web" })],
    answers: at("1"),
  },
  {
    rule: "one that is migrated without a service is found by the description",
    given: [runs, described({ databases: ["Billing"] }), applied("07:00", "1", nobody)],
    answers: { migrations: [{ database: "Billing", version: "1" }] },
  },
  {
    rule: "one that is migrated without a service names none",
    given: [runs, applied("07:00", "1", nobody)],
    answers: { migrations: "unknown" },
  },
  {
    rule: "one of the same name in another environment is another one",
    given: [runs, described({ databases: ["billing"] }), applied("07:00", "1", { environment: "staging" })],
    answers: unknown,
  },
  {
    rule: "described twice with one database, in whatever case, it has one",
    given: [runs, described({ databases: ["billing", "Billing"] }), applied("07:00", "1")],
    answers: at("1"),
  },
]);

cases("of what was applied to a database", [
  {
    rule: "the newest is where it stands, with its time, tool and way back",
    given: [applied("07:00", "1"), applied("08:00", "2", { tool: "knex", reversible: true })],
    answers: at("2", { appliedAt: time("08:00"), tool: "knex", reversible: true }),
  },
  {
    rule: "at an earlier moment the one before is where it stood",
    given: [applied("07:00", "1"), applied("08:00", "2")],
    at: "07:59",
    answers: at("1", { appliedAt: time("07:00") }),
  },
  {
    rule: "before the first it is unknown where it stood",
    given: [applied("07:00", "1"), applied("08:00", "2")],
    at: "06:59",
    answers: unknown,
  },
  {
    rule: "a lower version that was applied later is where it stands",
    given: [applied("07:00", "3"), applied("08:00", "2")],
    answers: at("2"),
  },
  {
    rule: "reverted, it stands at the one before",
    given: [applied("07:00", "1"), applied("08:00", "2"), reverted("09:00", "2")],
    answers: at("1", { appliedAt: time("07:00") }),
  },
  {
    rule: "reverted all the way, it is unknown, for what was there before is not",
    given: [applied("07:00", "1"), reverted("09:00", "1")],
    answers: unknown,
  },
  {
    rule: "reverted out of order, what was not reverted stands",
    given: [applied("06:00", "1"), applied("07:00", "2"), applied("08:00", "3"), reverted("09:00", "2")],
    answers: at("3"),
  },
  {
    rule: "reverted and applied again, it stands since then",
    given: [applied("07:00", "1"), reverted("08:00", "1"), applied("09:00", "1")],
    answers: at("1", { appliedAt: time("09:00") }),
  },
  {
    rule: "applied twice and reverted, it does not stand",
    given: [applied("06:00", "0"), applied("07:00", "1"), applied("08:00", "1"), reverted("09:00", "1")],
    answers: at("0"),
  },
]);

const broken = (version: string): Expected => ({
  ...at("1", { failed: { version, at: time("08:00") } }),
  warnings: ["migration_failed"],
});

cases("of a migration that failed", [
  {
    rule: "it stands where it stood, and the failure is said",
    given: [applied("07:00", "1"), failure("08:00", "2")],
    answers: broken("2"),
  },
  {
    rule: "applied after all, the failure is forgotten",
    given: [applied("07:00", "1"), failure("08:00", "2"), applied("09:00", "2")],
    answers: at("2"),
  },
  {
    rule: "applied after all and reverted, the failure is forgotten, too",
    given: [applied("07:00", "1"), failure("08:00", "2"), applied("09:00", "2"), reverted("10:00", "2")],
    answers: at("1"),
  },
  {
    rule: "of several the newest is said",
    given: [applied("07:00", "1"), failure("07:30", "3"), failure("08:00", "2")],
    answers: broken("2"),
  },
  {
    rule: "with nothing applied before, it is unknown where it stands, and the failure is said",
    given: [failure("08:00", "1")],
    answers: {
      migrations: [{ status: "unknown", version: null, failed: { version: "1", at: time("08:00") } }],
      warnings: ["migration_failed"],
    },
  },
]);

const set = (clock: string, ...versions: readonly string[]) => snapshot(clock, "set", versions);

cases("of what applied and reverted migrations and whole sets say together", [
  {
    rule: "a set after an applied migration holds it, and knows when it came",
    given: [applied("07:00", "2", { reversible: false, tool: "knex" }), set("09:00", "1", "2")],
    answers: at("2", {
      appliedAt: time("07:00"),
      appliedBetween: undefined,
      reversible: false,
      tool: "knex",
    }),
  },
  {
    rule: "a migration after a set is where it stands",
    given: [set("07:00", "1", "2"), applied("08:00", "3")],
    answers: at("3", { appliedAt: time("08:00") }),
  },
  {
    rule: "reverted after a set, the last of the others is where it stands",
    given: [set("07:00", "1", "2", "3"), reverted("08:00", "3")],
    answers: at("2"),
  },
  {
    rule: "all reverted after a set, it is empty",
    given: [set("07:00", "1"), reverted("08:00", "1")],
    answers: empty,
  },
  {
    rule: "applied, reverted and then in a set, it came after the revert",
    given: [applied("06:00", "1"), reverted("07:00", "1"), set("09:00", "1")],
    answers: at("1", {
      appliedAt: undefined,
      appliedBetween: { after: time("07:00"), before: time("09:00") },
    }),
  },
]);
