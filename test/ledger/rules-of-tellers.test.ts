import { cases } from "./cases.ts";
import { committed, deployment, failed, image, main, observed, started, succeeded, time } from "./saying.ts";

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
