import { cases, learned } from "./cases.ts";
import {
  deployment,
  image,
  main,
  migration,
  observed,
  pushed,
  REPOSITORY,
  removed,
  started,
  succeeded,
} from "./saying.ts";

const ONE = image("one");
const TWO = image("two");
const runs = succeeded("08:00", [main({ digest: ONE })]);
const back = succeeded("12:00", [main({ digest: TWO })], { deployment: deployment("2") });
const everything = (at: string, environment = "production") => removed(at, { environment });
const gone = { status: "removed" as const, components: [] };

cases("of a service that is removed", [
  {
    rule: "nothing runs since then",
    given: [runs, removed("10:00")],
    answers: { ...gone, since: "10:00", until: null, config: [] },
  },
  {
    rule: "it ran until then",
    given: [runs, removed("10:00")],
    at: "09:00",
    answers: { status: "running", since: "08:00", until: "10:00", components: [{ digest: ONE }] },
  },
  {
    rule: "it is gone until it is deployed again",
    given: [runs, removed("10:00"), back],
    at: "11:00",
    answers: { ...gone, since: "10:00", until: "12:00" },
  },
  {
    rule: "it comes back with the next deployment",
    given: [runs, removed("10:00"), back],
    answers: { status: "running", since: "12:00", until: null, components: [{ digest: TWO }] },
  },
  {
    rule: "at the moment of its removal it is gone",
    given: [runs, removed("10:00")],
    at: "10:00",
    answers: { ...gone, since: "10:00" },
  },
  {
    rule: "another service or environment is not touched",
    given: [
      runs,
      removed("10:00", { service: "acme/web" }),
      removed("10:00", { environment: "staging", service: "acme/billing" }),
    ],
    answers: { status: "running", until: null },
  },
  {
    rule: "the removal says who did it",
    given: [
      runs,
      removed("10:00", { service: "acme/billing", actor: "octocat", url: "https://ci.example/9" }),
    ],
    answers: { ...gone, deployedBy: "octocat", url: "https://ci.example/9", deployment: null },
  },
  {
    rule: "no longer seen is not removed, for only what is seen is said",
    given: [runs, observed("09:00", [main({ digest: ONE })])],
    answers: { status: "running", since: "08:00" },
  },
]);

cases("of a whole environment that is removed", [
  {
    rule: "every service there is gone",
    given: [runs, everything("10:00")],
    answers: { ...gone, since: "10:00", until: null },
  },
  {
    rule: "every service there ran until then",
    given: [runs, everything("10:00")],
    at: "09:00",
    answers: { status: "running", until: "10:00" },
  },
  {
    rule: "it is named without case",
    given: [runs, everything("10:00", "PRODUCTION")],
    answers: { ...gone, since: "10:00" },
  },
  {
    rule: "another one is not touched, though its name begins so",
    given: [runs, everything("10:00", "prod"), everything("10:00", "production/eu")],
    answers: { status: "running", until: null },
  },
  {
    rule: "a service comes back with its next deployment",
    given: [runs, everything("10:00"), back],
    answers: { status: "running", since: "12:00", components: [{ digest: TWO }] },
  },
  {
    rule: "a removal that is told late ends what ran then, and not what came after",
    given: [runs, back, learned("20:00", everything("10:00"))],
    at: "11:00",
    answers: { ...gone, since: "10:00", until: "12:00" },
  },
]);

cases("of what is not known to run, there are different answers:", [
  {
    rule: "before the first deployment it is unknown what ran, until that one",
    given: [runs],
    at: "07:00",
    answers: { status: "unknown", since: null, until: "08:00", components: [], deployment: null },
  },
  {
    rule: "it runs, but its digest cannot be told",
    given: [succeeded("08:00", [main()])],
    answers: {
      status: "running",
      components: [{ digest: null, resolvedBy: "none" }],
      warnings: ["digest_unresolved"],
    },
  },
  { rule: "it was removed", given: [runs, removed("10:00")], answers: gone },
  { rule: "a name never heard of", given: [runs], service: "acme/web", answers: "never heard of" },
  {
    rule: "a service never heard of in this environment",
    given: [runs],
    environment: "staging",
    answers: "never heard of",
  },
  {
    rule: "an environment that is only the beginning of one",
    given: [runs],
    environment: "prod",
    answers: "never heard of",
  },
  { rule: "an empty ledger has heard of nothing", given: [], answers: "never heard of" },
  {
    rule: "images alone name no service",
    given: [pushed("07:00", ONE, { repository: REPOSITORY })],
    answers: "never heard of",
  },
  {
    rule: "a service that only ever migrated is known, and what it runs is not",
    given: [migration("applied", "08:00", "1")],
    answers: { status: "unknown", since: null, until: null, migrations: [{ version: "1" }] },
  },
  {
    rule: "a service that was only ever started is known, and what it runs is not",
    given: [started("08:00", [main({ digest: ONE })])],
    answers: { status: "unknown", since: null, attempt: { startedAt: "2026-10-20T08:00:00.000Z" } },
  },
  {
    rule: "not yet heard of by the moment whose knowledge is asked for",
    given: [runs],
    knownAt: "07:59",
    answers: "never heard of",
  },
  {
    rule: "heard of by then, with the deployment told only later",
    given: [migration("applied", "07:00", "1"), learned("10:00", runs)],
    knownAt: "09:00",
    answers: { status: "unknown", components: [] },
  },
]);
