import { cases } from "./cases.ts";
import {
  built,
  committed,
  component,
  deployment,
  failed,
  image,
  indexed,
  main,
  observed,
  pushed,
  REPOSITORY,
  started,
  succeeded,
  task,
} from "./saying.ts";

const OLD = image("old");
const NEW = image("new");
const OTHER = image("other");
const MANIFEST = image("manifest of new");

/** What ECS reports: deployments that name no images, and tasks of them. */
const ecs = (id: string) => ({ deployment: { provider: "ecs", instance: "shop", id: `ecs-svc/${id}` } });
const ecsTask = (at: string, id: string, digest: string, more: object = {}) =>
  task(at, digest, { ...ecs(id), ...more });
/** What CI reports. */
const ci = (at: string, id: string, fields: object, more: object = {}) => ({
  ...succeeded(at, [main({ repository: REPOSITORY, ...fields })], { deployment: deployment(id), ...more }),
  source: "/ci",
});

const before = [
  pushed("06:00", OLD, { tag: "1.7" }),
  pushed("11:00", NEW, { tag: "1.8" }),
  ecsTask("08:00", "1", OLD),
  ci("08:05", "1", { tag: "1.7" }),
];
const claimed = { config: [{ repository: "https://github.com/acme/deploy", revision: "41" }] };

cases("of a deployment that CI reports while the tasks of a deployer run something else", [
  {
    rule: "the tasks of its rollout decide the digest, and both digests are drift",
    given: [
      ...before,
      ecsTask("12:06", "2", OLD),
      ci("12:10", "2", { digest: NEW }, { ...committed("new"), ...claimed }),
    ],
    answers: {
      components: [{ digest: OLD, resolvedBy: "task", commit: null, repository: REPOSITORY }],
      since: "12:10",
      deployment: deployment("2"),
      config: [],
      drift: {
        observedAt: "2026-10-20T12:06:00.000Z",
        claimed: [{ component: "main", digest: NEW }],
        observed: [{ component: "main", digest: OLD }],
      },
      warnings: ["tellers_contradict"],
    },
  },
  {
    rule: "also if CI names a tag",
    given: [...before, ecsTask("12:06", "2", OLD), ci("12:10", "2", { tag: "1.8" })],
    answers: {
      components: [{ digest: OLD, resolvedBy: "task" }],
      drift: { claimed: [{ digest: NEW }], observed: [{ digest: OLD }] },
      warnings: ["tellers_contradict"],
    },
  },
  {
    rule: "also if CI names a commit",
    given: [
      ...before,
      built(NEW, "new", { repository: REPOSITORY }),
      ecsTask("12:06", "2", OLD),
      ci("12:10", "2", {}, committed("new")),
    ],
    answers: {
      components: [{ digest: OLD, resolvedBy: "task" }],
      drift: { claimed: [{ digest: NEW }], observed: [{ digest: OLD }] },
      warnings: ["tellers_contradict"],
    },
  },
  {
    rule: "also if CI does not wait for them",
    given: [...before, ci("12:00", "2", { digest: NEW }), ecsTask("12:03", "2", OLD)],
    answers: { components: [{ digest: OLD }], since: "12:00", drift: {}, warnings: ["tellers_contradict"] },
  },
  {
    rule: "until the first of them its word counts",
    given: [...before, ci("12:00", "2", { digest: NEW }), ecsTask("12:03", "2", OLD)],
    at: "12:02",
    answers: { components: [{ digest: NEW, resolvedBy: "digest" }], since: "12:00", until: null },
  },
  {
    rule: "the deployment whose tasks came last counts: a rollback comes after what failed",
    given: [
      ...before,
      ecsTask("12:02", "2", NEW),
      ecsTask("12:08", "3", OLD),
      ci("12:10", "2", { digest: NEW }),
    ],
    answers: { components: [{ digest: OLD }], drift: {}, warnings: ["tellers_contradict"] },
  },
  {
    rule: "so does a rollback to tasks that never stopped, which the deployer reports",
    given: [
      ...before,
      ecsTask("12:02", "2", NEW),
      { ...failed("12:07", [main()], ecs("2")), source: "/ecs" },
      { ...succeeded("12:08", [main()], { ...ecs("1"), rollback: true }), source: "/ecs" },
      ci("12:10", "2", { digest: NEW }),
    ],
    answers: {
      components: [{ digest: OLD, resolvedBy: "task" }],
      drift: { claimed: [{ digest: NEW }], observed: [{ digest: OLD }] },
      warnings: ["tellers_contradict", "tellers_contradict"],
    },
  },
  {
    rule: "a container of another name is the only component, if there is but one on both sides",
    given: [...before, ecsTask("12:06", "2", OLD, { component: "shop" }), ci("12:10", "2", { digest: NEW })],
    answers: {
      components: [{ component: "main", digest: OLD }],
      drift: {},
      warnings: ["tellers_contradict"],
    },
  },
  {
    rule: "of several containers, those count that are called as the component",
    given: [
      ...before,
      ecsTask("12:06", "2", OTHER, { component: "envoy" }),
      ecsTask("12:06", "2", NEW, { component: "main" }),
      ci("12:10", "2", { digest: NEW }),
    ],
    answers: { components: [{ digest: NEW, resolvedBy: "digest" }] },
  },
  {
    rule: "tasks of two images are candidates, and contradict it",
    given: [
      ...before,
      ecsTask("12:06", "2", OLD),
      ecsTask("12:07", "2", OTHER),
      ci("12:10", "2", { digest: NEW }),
    ],
    answers: {
      components: [{ digest: null, candidates: [{ by: "task" }, { by: "task" }] }],
      drift: { claimed: [{ digest: NEW }], observed: [{ digest: null }] },
      warnings: ["tellers_contradict", "digest_unresolved"],
    },
  },
]);

cases("of a deployment that CI reports and the tasks of a deployer confirm", [
  {
    rule: "its own words stay",
    given: [
      ...before,
      ecsTask("12:06", "2", NEW),
      ci("12:10", "2", { digest: NEW }, { ...committed("new"), ...claimed }),
    ],
    answers: {
      components: [{ digest: NEW, resolvedBy: "digest", commit: { evidence: "deployment" } }],
      config: claimed.config,
    },
  },
  {
    rule: "a manifest of its index is the same image",
    given: [
      ...before,
      indexed(NEW, MANIFEST),
      ecsTask("12:06", "2", MANIFEST),
      ci("12:10", "2", { digest: NEW }),
    ],
    answers: { components: [{ digest: NEW, resolvedBy: "digest" }] },
  },
  {
    rule: "what it left open is known by them",
    given: [...before, ecsTask("12:06", "2", NEW), ci("12:10", "2", { tag: "unknown" }, committed("new"))],
    answers: {
      components: [
        { digest: NEW, resolvedBy: "task", repository: REPOSITORY, commit: { evidence: "deployment" } },
      ],
    },
  },
]);

cases("of tasks that do not belong to the rollout of a deployment", [
  {
    rule: "those of long before count no more",
    given: [...before, ci("12:10", "2", { digest: NEW })],
    answers: { components: [{ digest: NEW }] },
  },
  {
    rule: "those of the rollout before do not count",
    given: [
      ...before,
      ecsTask("11:58", "2", OTHER),
      ci("11:55", "2", { digest: OTHER }),
      ci("12:10", "3", { digest: NEW }),
    ],
    answers: { components: [{ digest: NEW }] },
  },
  {
    rule: "a restarted one of a deployment of before does not count",
    given: [...before, ecsTask("12:06", "1", OLD), ci("12:10", "2", { digest: NEW })],
    answers: { components: [{ digest: NEW }] },
  },
  {
    rule: "those of later are of another deployment",
    given: [...before, ci("12:10", "2", { digest: NEW }), ecsTask("12:16", "3", OLD)],
    answers: { components: [{ digest: NEW }] },
  },
  {
    rule: "its own are no other teller",
    given: [
      ...before,
      ci("12:10", "2", { digest: NEW }, ecs("2")),
      started("12:00", [main()], ecs("2")),
      ecsTask("12:06", "2", OLD),
    ],
    answers: { components: [{ digest: NEW }] },
  },
  {
    rule: "they tell no variants apart",
    given: [
      ...before,
      ecsTask("12:06", "2", OLD),
      succeeded("12:10", [main({ digest: NEW, variant: "blue" })], { deployment: deployment("2") }),
    ],
    answers: { components: [{ digest: NEW }] },
  },
]);

cases("of observations beside the tasks of a rollout", [
  {
    rule: "one that shows what the deployment names outweighs them",
    given: [
      ...before,
      ecsTask("12:06", "2", OLD),
      ci("12:10", "2", { digest: NEW }),
      observed("13:00", [main({ digest: NEW })]),
    ],
    answers: { components: [{ digest: NEW, resolvedBy: "digest" }], since: "12:10" },
  },
  {
    rule: "one that shows what they show agrees with them",
    given: [
      ...before,
      ecsTask("12:06", "2", OLD),
      ci("12:10", "2", { digest: NEW }),
      observed("13:00", [main({ digest: OLD })]),
    ],
    answers: {
      components: [{ digest: OLD, resolvedBy: "task" }],
      since: "12:10",
      deployment: deployment("2"),
      drift: { claimed: [{ digest: NEW }], observed: [{ digest: OLD }] },
      warnings: ["tellers_contradict"],
    },
  },
  {
    rule: "one that shows a third image is drift from what the deployment names",
    given: [
      ...before,
      ecsTask("12:06", "2", OLD),
      ci("12:10", "2", { digest: NEW }),
      observed("13:00", [main({ digest: OTHER })]),
    ],
    answers: {
      components: [{ digest: OTHER }],
      since: "13:00",
      drift: { claimed: [{ digest: NEW }], observed: [{ digest: OTHER }] },
    },
  },
  {
    rule: "with several components the others stay as the deployment names them",
    given: [
      ecsTask("12:06", "2", OLD, { component: "app" }),
      ecsTask("12:06", "2", OTHER, { component: "envoy" }),
      succeeded("12:10", [component("app", { digest: NEW }), component("envoy", { digest: OTHER })], {
        deployment: deployment("2"),
      }),
    ],
    answers: {
      components: [
        { component: "app", digest: OLD, resolvedBy: "task" },
        { component: "envoy", digest: OTHER, resolvedBy: "digest" },
      ],
      drift: { claimed: [{ component: "app", digest: NEW }], observed: [{ component: "app", digest: OLD }] },
      warnings: ["tellers_contradict"],
    },
  },
]);
