import type { Warning } from "../../schemas/answer.ts";
import { cases } from "./cases.ts";
import { digestOf, said } from "./given.ts";
import {
  built,
  component,
  deleted,
  deployment,
  described,
  failed,
  main,
  migration,
  PLACE,
  partly,
  pushed,
  REPOSITORY,
  started,
  succeeded,
  time,
} from "./saying.ts";

const image = (name: string) => main({ digest: digestOf(name) });
const api = (name: string) => component("api", { digest: digestOf(name) });
const worker = (name: string) => component("worker", { digest: digestOf(name) });
const both = (first: string, second: string) => ({ components: [api(first), worker(second)] });
const brought = (at: string, name: string, more: object = {}) =>
  succeeded(at, [image(name)], { deployment: deployment(`${at} ${name}`), ...more });
const builtAt = (name: string, committedAt: string) =>
  built(digestOf(name), name, {
    repository: REPOSITORY,
    commit: { repository: "https://github.com/acme/billing", sha: digestOf(name).slice(7, 47), committedAt },
  });
const ofCommit = (at: string, name: string, more: object = {}) =>
  succeeded(at, [main({ repository: REPOSITORY })], {
    deployment: deployment(`${at} ${name}`),
    commit: { repository: "https://github.com/acme/billing", sha: digestOf(name).slice(7, 47) },
    ...more,
  });
const warned = (...codes: Warning["code"][]) => ({ warnings: codes });

cases("of a rollback that is undone", [
  {
    rule: "what was rolled back from and runs again is warned of",
    given: [
      brought("20 01:00", "one"),
      brought("20 02:00", "two"),
      brought("20 03:00", "one", { rollback: true }),
      brought("20 04:00", "two"),
    ],
    answers: warned("rollback_undone"),
  },
  {
    rule: "it is warned of, too, where deployments name their commits alone",
    given: [
      builtAt("one", time("01 08:00")),
      builtAt("two", time("02 08:00")),
      ofCommit("20 01:00", "one"),
      ofCommit("20 02:00", "two"),
      ofCommit("20 03:00", "one", { rollback: true }),
      ofCommit("20 04:00", "two"),
    ],
    answers: warned("rollback_undone"),
  },
  {
    rule: "another image is a new release",
    given: [
      brought("20 01:00", "one"),
      brought("20 02:00", "two"),
      brought("20 03:00", "one", { rollback: true }),
      brought("20 04:00", "three"),
    ],
    answers: warned(),
  },
  {
    rule: "a second rollback is none",
    given: [
      brought("20 01:00", "one"),
      brought("20 02:00", "two"),
      brought("20 03:00", "one", { rollback: true }),
      brought("20 04:00", "two", { rollback: true }),
    ],
    answers: warned(),
  },
]);

cases("of an older build that overtakes", [
  {
    rule: "it is warned of by the times of the commits",
    given: [
      builtAt("old", time("01 08:00")),
      builtAt("new", time("02 08:00")),
      brought("20 01:00", "new"),
      brought("20 02:00", "old"),
    ],
    answers: warned("older_build"),
  },
  {
    rule: "a rollback means to",
    given: [
      builtAt("old", time("01 08:00")),
      builtAt("new", time("02 08:00")),
      brought("20 01:00", "new"),
      brought("20 02:00", "old", { rollback: true }),
    ],
    answers: warned(),
  },
  {
    rule: "it is warned of, too, where deployments name their commits alone",
    given: [
      builtAt("old", time("01 08:00")),
      builtAt("new", time("02 08:00")),
      ofCommit("20 01:00", "new"),
      ofCommit("20 02:00", "old"),
    ],
    answers: warned("older_build"),
  },
  {
    rule: "it is warned of, too, where the deployment before names its tag alone",
    given: [
      builtAt("old", time("01 08:00")),
      builtAt("new", time("02 08:00")),
      pushed("02 08:10", digestOf("new"), { tag: "2" }),
      succeeded("20 01:00", [main({ repository: REPOSITORY, tag: "2" })], { deployment: deployment("2") }),
      brought("20 02:00", "old"),
    ],
    answers: warned("older_build"),
  },
  {
    rule: "the same commit again is none",
    given: [builtAt("old", time("01 08:00")), ofCommit("20 01:00", "old"), ofCommit("20 02:00", "old")],
    answers: warned(),
  },
  {
    rule: "a newer one is as it should be",
    given: [
      builtAt("old", time("01 08:00")),
      builtAt("new", time("02 08:00")),
      brought("20 01:00", "old"),
      brought("20 02:00", "new"),
    ],
    answers: warned(),
  },
]);

cases("of a deployment that failed", [
  {
    rule: "what it may have changed is warned of, until something else takes effect",
    given: [
      brought("20 01:00", "one"),
      started("20 02:00", [image("two")], { deployment: deployment("2") }),
      failed("20 02:10", [image("two")], { deployment: deployment("2") }),
    ],
    answers: { ...warned("deployment_failed"), attempt: { status: "failed" } },
  },
  {
    rule: "it stands while another component alone is deployed",
    given: [
      brought("20 01:00", "one", both("one", "one")),
      failed("20 02:10", [worker("two")], { deployment: deployment("2"), ...partly }),
      succeeded("20 03:00", [api("two")], { deployment: deployment("3"), ...partly }),
    ],
    answers: {
      ...warned("deployment_failed"),
      attempt: { status: "failed", deployment: deployment("2"), components: [worker("two")] },
    },
  },
  {
    rule: "it stands, too, where that other component was started after it failed",
    given: [
      brought("20 01:00", "one", both("one", "one")),
      failed("20 02:10", [worker("two")], { deployment: deployment("2"), ...partly }),
      started("20 02:50", [api("two")], { deployment: deployment("3"), ...partly }),
      succeeded("20 03:00", [api("two")], { deployment: deployment("3"), ...partly }),
      started("20 03:50", [api("three")], { deployment: deployment("4"), ...partly }),
      succeeded("20 04:00", [api("three")], { deployment: deployment("4"), ...partly }),
    ],
    answers: { ...warned("deployment_failed"), attempt: { deployment: deployment("2") } },
  },
  {
    rule: "it is settled once each of its components was deployed",
    given: [
      brought("20 01:00", "one", both("one", "one")),
      failed("20 02:10", both("two", "two").components, { deployment: deployment("2") }),
      succeeded("20 03:00", [api("two")], { deployment: deployment("3"), ...partly }),
      succeeded("20 04:00", [worker("two")], { deployment: deployment("4"), ...partly }),
    ],
    answers: { ...warned(), attempt: null },
  },
  {
    rule: "a deployment after it settles what runs",
    given: [
      brought("20 01:00", "one"),
      started("20 02:00", [image("two")], { deployment: deployment("2") }),
      failed("20 02:10", [image("two")], { deployment: deployment("2") }),
      brought("20 03:00", "three"),
    ],
    answers: warned(),
  },
]);

cases("of an image that its registry lost", [
  {
    rule: "the running one is warned of",
    given: [
      pushed("19 08:00", digestOf("one")),
      brought("20 01:00", "one"),
      deleted("20 02:00", "manifest", { digest: digestOf("one") }),
    ],
    answers: warned("image_lost"),
  },
]);

const breaking = (at: string, more: object = {}) =>
  migration("applied", at, "42", { oldCodeRuns: false, ...more });
cases("of a migration that the code is said not to run on", [
  {
    rule: "the release from before it is warned of",
    given: [brought("20 01:00", "old"), breaking("20 02:00")],
    answers: warned("schema_too_new"),
  },
  {
    rule: "the release that it came with is not",
    given: [brought("20 01:00", "old"), breaking("20 02:00"), brought("20 02:10", "new")],
    answers: warned(),
  },
  {
    rule: "the image that ran it is not, whenever it was deployed",
    given: [brought("20 01:00", "new"), breaking("20 02:00", { image: digestOf("new") })],
    answers: warned(),
  },
]);

const needing = (name: string) =>
  built(digestOf(name), name, { requires: [{ database: "billing", version: "3" }] });
const table = (at: string, ...versions: string[]) =>
  said("migration.snapshot", time(at), {
    environment: PLACE.environment,
    database: "billing",
    mode: "set",
    versions: versions.map((version) => ({ version })),
  });
cases("of a migration that the running image needs", [
  {
    rule: "it is warned of once it is gone: a backup was restored",
    given: [needing("one"), table("20 00:30", "2", "3"), brought("20 01:00", "one"), table("20 02:00", "2")],
    answers: warned("schema_too_old"),
  },
  {
    rule: "while it is applied nothing is",
    given: [needing("one"), table("20 00:30", "2", "3"), brought("20 01:00", "one"), table("20 02:00", "2")],
    at: "20 01:30",
    answers: { warnings: [], until: null },
  },
  {
    rule: "nor where the service migrates when it starts",
    given: [
      needing("one"),
      table("20 00:30", "2"),
      described({ migratesAtStartup: true }),
      brought("20 01:00", "one"),
    ],
    answers: warned(),
  },
]);
