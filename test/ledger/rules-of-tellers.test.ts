import { cases } from "./cases.ts";
import {
  built,
  committed,
  deployment,
  failed,
  image,
  main,
  observed,
  REPOSITORY,
  started,
  succeeded,
  task,
  time,
} from "./saying.ts";

const OLD = image("old");
const NEW = image("new");
const runs = succeeded("08:00", [main({ digest: OLD })]);
const success = {
  ...succeeded("12:10", [main({ digest: NEW })], { deployment: deployment("2"), ...committed("new") }),
  source: "/ci",
};
const breaker = (at: string, more: object = {}, digest?: string) => ({
  ...failed(at, [main(digest === undefined ? {} : { digest })], {
    deployment: deployment("ecs-svc/2"),
    ...more,
  }),
  source: "/ecs",
});

cases("of two who contradict each other within minutes", [
  {
    rule: "a deployer that reports a failure contradicts the success that CI reports",
    given: [runs, breaker("12:08"), success],
    answers: { components: [{ digest: NEW }], warnings: ["tellers_contradict"] },
  },
  {
    rule: "so does one that reports it later",
    given: [runs, success, breaker("12:20")],
    answers: { attempt: { status: "failed" }, warnings: ["tellers_contradict", "deployment_failed"] },
  },
  {
    rule: "what runs counts for the digest",
    given: [
      runs,
      breaker("12:08"),
      success,
      observed("12:20", [main({ digest: OLD })], { since: time("08:00") }),
    ],
    answers: {
      components: [{ digest: OLD }],
      drift: {},
      warnings: ["tellers_contradict", "tellers_contradict"],
    },
  },
  {
    rule: "also where something was started long after",
    given: [runs, breaker("12:08"), success, started("14:00", [main()], { deployment: deployment("3") })],
    answers: { attempt: {}, warnings: ["tellers_contradict"] },
  },
  {
    rule: "a failure of long before contradicts nothing",
    given: [runs, breaker("11:50"), success],
    answers: { warnings: [] },
  },
  {
    rule: "a failure of another commit or image contradicts nothing",
    given: [runs, breaker("12:08", committed("other")), breaker("12:09", {}, image("other")), success],
    answers: { warnings: [] },
  },
  {
    rule: "who failed and succeeded then does not contradict itself",
    given: [runs, { ...breaker("12:08"), source: "/ci" }, success],
    answers: { warnings: [] },
  },
]);

const forge = { provider: "gitlab", instance: "gitlab.com", id: "77" };
const job = succeeded("12:00", [main({ digest: NEW, repository: REPOSITORY })], {
  ...committed("new"),
  deployment: deployment("2"),
});
const bare = (at: string, more: object = {}) => ({
  ...succeeded(at, [main()], { ...committed("new"), deployment: forge, ...more }),
  source: "/forge",
});
const kept = { components: [{ digest: NEW, resolvedBy: "digest" as const }], drift: null, warnings: [] };
const unknown = { components: [{ digest: null }], warnings: ["digest_unresolved" as const] };

cases("of a forge that reports the success of a job which reported its image before", [
  {
    rule: "the image stays known, in a release of the forge's deployment",
    given: [runs, job, bare("12:01")],
    answers: { ...kept, since: "12:01", runningSince: time("12:00"), deployment: forge },
  },
  {
    rule: "also where the commit has other images",
    given: [built(NEW, "new"), built(image("mirrored"), "new"), runs, job, bare("12:01")],
    answers: kept,
  },
  {
    rule: "also where it reports it before the job does",
    given: [runs, bare("11:59"), job],
    answers: kept,
  },
  {
    rule: "another commit is another release",
    given: [runs, job, bare("12:01", committed("next"))],
    answers: unknown,
  },
  {
    rule: "so is the same commit, an hour later",
    given: [runs, job, bare("13:01")],
    answers: unknown,
  },
  {
    rule: "the same deployer's next deployment is another release",
    given: [runs, job, bare("12:01", { deployment: deployment("3") })],
    answers: unknown,
  },
  {
    rule: "its own tasks show what it runs",
    given: [runs, job, bare("12:01"), task("12:02", OLD, { deployment: forge })],
    answers: { components: [{ digest: OLD, resolvedBy: "task" }] },
  },
]);
