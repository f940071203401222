import { cases } from "./cases.ts";
import {
  committed,
  component,
  deployment,
  image,
  indexed,
  main,
  observed,
  partly,
  pushed,
  REPOSITORY,
  started,
  succeeded,
  task,
} from "./saying.ts";

const INDEX = image("index");
const AMD64 = image("amd64");
const ARM64 = image("arm64");
const OTHER = image("other");
const bySorted = (a: string, b: string) => [a, b].sort();

const [LOW = "", MIDDLE = "", HIGH = ""] = ["a", "b", "c"].map(image).sort();

const open = succeeded("08:11", [main({ repository: REPOSITORY })]);

cases("of the tasks of a deployment", [
  {
    rule: "one of them tells the digest",
    given: [open, task("08:10:40", AMD64)],
    answers: {
      components: [
        { digest: AMD64, resolvedBy: "task", repository: REPOSITORY, image: `${REPOSITORY}@${AMD64}` },
      ],
    },
  },
  {
    rule: "many of one digest tell the same as one",
    given: [open, task("08:10:40", AMD64), task("08:10:41", AMD64), task("09:00", AMD64)],
    answers: { components: [{ digest: AMD64, resolvedBy: "task" }], since: "08:11" },
  },
  {
    rule: "of two platforms of one index, they tell the index",
    given: [
      open,
      pushed("07:00", INDEX),
      indexed(INDEX, AMD64, ARM64),
      task("08:10:40", AMD64),
      task("08:10:41", ARM64),
    ],
    answers: {
      components: [{ digest: INDEX, reported: bySorted(AMD64, ARM64)[0], resolvedBy: "task" }],
    },
  },
  {
    rule: "of two images, they leave both as candidates",
    given: [open, task("08:10:40", AMD64), task("08:10:41", OTHER)],
    answers: {
      components: [
        {
          digest: null,
          resolvedBy: "none",
          candidates: bySorted(AMD64, OTHER).map((digest) => ({ digest, by: "task" as const })),
        },
      ],
      warnings: ["digest_unresolved"],
    },
  },
  {
    rule: "of two platforms of one index and of another image, they leave all three as candidates",
    given: [
      open,
      indexed(INDEX, LOW, MIDDLE),
      task("08:10:40", LOW),
      task("08:10:41", MIDDLE),
      task("08:10:42", HIGH),
    ],
    answers: {
      components: [{ digest: null, candidates: [{ digest: LOW }, { digest: MIDDLE }, { digest: HIGH }] }],
      warnings: ["digest_unresolved"],
    },
  },
  {
    rule: "that disagree, the tag does not choose between them",
    given: [
      pushed("07:00", AMD64, { tag: "1.4" }),
      succeeded("08:11", [main({ tag: "1.4", repository: REPOSITORY })]),
      task("08:10:40", AMD64),
      task("08:10:41", OTHER),
    ],
    answers: {
      components: [{ digest: null, candidates: [{ by: "task" }, { by: "task" }] }],
      warnings: ["digest_unresolved"],
    },
  },
  {
    rule: "a digest that the deployer named counts more",
    given: [succeeded("08:11", [main({ digest: OTHER })]), task("08:10:40", AMD64)],
    answers: { components: [{ digest: OTHER, resolvedBy: "digest" }] },
  },
  {
    rule: "one of another component does not count, one of the same component in another case does",
    given: [
      open,
      task("08:10:40", OTHER, { component: "envoy" }),
      task("08:10:41", AMD64, { component: "Main" }),
    ],
    answers: { components: [{ component: "main", digest: AMD64, resolvedBy: "task" }] },
  },
  {
    rule: "one of another deployment, from before its rollout, does not count",
    given: [open, task("07:10:40", AMD64, { deployment: deployment("2") })],
    answers: { components: [{ digest: null, resolvedBy: "none" }], warnings: ["digest_unresolved"] },
  },
  {
    rule: "one that was seen only later does not count yet",
    given: [open, task("09:00", AMD64)],
    at: "08:30",
    answers: { components: [{ digest: null, resolvedBy: "none" }], warnings: ["digest_unresolved"] },
  },
  {
    rule: "of a deployment that only started, they are no release yet",
    given: [started("08:10", [main()]), task("08:10:40", AMD64)],
    answers: { status: "unknown", components: [], since: null, attempt: { deployment: deployment("1") } },
  },
]);

const other = { deployment: deployment("2") };

cases("of the tasks of a service that nobody reported anything else of", [
  {
    rule: "they show what runs, since the first of them",
    given: [task("08:10:40", AMD64), task("09:00", AMD64)],
    answers: {
      status: "running",
      components: [{ component: "main", digest: AMD64, resolvedBy: "digest" }],
      since: "08:10:40",
      until: null,
      deployment: deployment("1"),
      drift: null,
    },
  },
  {
    rule: "each container is a component",
    given: [task("08:10:40", AMD64, { component: "app" }), task("08:10:40", OTHER, { component: "envoy" })],
    answers: {
      components: [
        { component: "app", digest: AMD64 },
        { component: "envoy", digest: OTHER },
      ],
    },
  },
  {
    rule: "those of the next deployment take over",
    given: [task("08:10:40", AMD64), task("09:00", OTHER, other)],
    answers: { components: [{ digest: OTHER }], since: "09:00", deployment: deployment("2") },
  },
  {
    rule: "those of the next deployment end it",
    given: [task("08:10:40", AMD64), task("09:00", OTHER, other)],
    at: "08:30",
    answers: { components: [{ digest: AMD64 }], since: "08:10:40", until: "09:00" },
  },
  {
    rule: "before the first of them nothing is known",
    given: [task("08:10:40", AMD64)],
    at: "08:00",
    answers: { status: "unknown", components: [], since: null, until: "08:10:40" },
  },
  {
    rule: "a deployment that names no images, like CodeDeploy's, keeps what they show",
    given: [
      task("08:10:40", AMD64),
      task("09:00", OTHER, other),
      succeeded("09:10", [main()], { deployment: deployment("codedeploy") }),
    ],
    answers: {
      components: [{ digest: OTHER }],
      since: "09:10",
      deployment: deployment("codedeploy"),
      drift: null,
    },
  },
  {
    rule: "a deployment that is reported takes over",
    given: [task("08:10:40", AMD64), succeeded("09:00", [main({ digest: OTHER })], other)],
    answers: { components: [{ digest: OTHER }], since: "09:00" },
  },
]);

const two = (digest: string) => succeeded("10:00", [main({ digest })], { deployment: deployment("2") });

cases("of a task that is restarted", [
  {
    rule: "of the deployment before, it is no release",
    given: [open, task("08:10:40", AMD64), two(OTHER), task("11:00", AMD64)],
    answers: { components: [{ digest: OTHER }], since: "10:00", until: null, deployment: deployment("2") },
  },
  {
    rule: "of the deployment before, it does not end that one's time either",
    given: [open, task("08:10:40", AMD64), two(OTHER), task("11:00", AMD64)],
    at: "09:00",
    answers: { components: [{ digest: AMD64, resolvedBy: "task" }], since: "08:11", until: "10:00" },
  },
  {
    rule: "with another image of the same deployment, it makes the digest uncertain from then on",
    given: [open, task("08:10:40", AMD64), task("11:00", OTHER)],
    answers: { components: [{ digest: null, candidates: [{}, {}] }], warnings: ["digest_unresolved"] },
  },
]);

const bare = succeeded("08:11", [main()]);
const app = (at: string, digest: string) => task(at, digest, { component: "app" });
const envoy = (at: string, digest: string) => task(at, digest, { component: "envoy" });

cases("of a deployer that knows no components, like ECS", [
  {
    rule: "the containers of its tasks are the components, each with its image",
    given: [bare, app("08:10:40", AMD64), envoy("08:10:40", OTHER)],
    answers: {
      components: [
        { component: "app", digest: AMD64, resolvedBy: "task" },
        { component: "envoy", digest: OTHER, resolvedBy: "task" },
      ],
    },
  },
  {
    rule: "a container called main is main",
    given: [bare, task("08:10:40", AMD64)],
    answers: { components: [{ component: "main", digest: AMD64 }] },
  },
  {
    rule: "without tasks main runs, and its digest is unknown",
    given: [bare],
    answers: { components: [{ component: "main", digest: null }], warnings: ["digest_unresolved"] },
  },
  {
    rule: "a container with two images has both as candidates, the other has its own",
    given: [bare, app("08:10:40", AMD64), app("08:10:41", ARM64), envoy("08:10:40", OTHER)],
    answers: {
      components: [
        { component: "app", digest: null, candidates: [{}, {}] },
        { component: "envoy", digest: OTHER },
      ],
      warnings: ["digest_unresolved"],
    },
  },
  {
    rule: "a container is called as it was first seen",
    given: [bare, task("08:10:40", AMD64, { component: "App" }), app("08:10:50", AMD64)],
    answers: { components: [{ component: "App", digest: AMD64 }] },
  },
  {
    rule: "its commit is that of each container",
    given: [succeeded("08:11", [main()], committed("c")), app("08:10:40", AMD64), envoy("08:10:40", OTHER)],
    answers: { components: [{ commit: { evidence: "deployment" } }, { commit: { evidence: "deployment" } }] },
  },
  {
    rule: "a deployer that names an image beside main has its components named by itself",
    given: [succeeded("08:11", [main({ digest: INDEX })]), app("08:10:40", AMD64), envoy("08:10:40", OTHER)],
    answers: { components: [{ component: "main", digest: INDEX, resolvedBy: "digest" }] },
  },
  {
    rule: "a deployer that names several components has them named by itself",
    given: [succeeded("08:11", [main(), component("app")]), app("08:10:40", AMD64), envoy("08:10:40", OTHER)],
    answers: {
      components: [
        { component: "app", digest: AMD64 },
        { component: "main", digest: null },
      ],
      warnings: ["digest_unresolved"],
    },
  },
  {
    rule: "an observation of what its tasks showed agrees with it",
    given: [
      succeeded("08:11", [main()], committed("c")),
      app("08:10:40", AMD64),
      observed("09:00", [component("app", { digest: AMD64 })]),
    ],
    answers: {
      components: [{ component: "app", digest: AMD64, commit: { evidence: "deployment" } }],
      since: "08:11",
      drift: null,
    },
  },
  {
    rule: "an observation of another image than its tasks showed is drift",
    given: [bare, app("08:10:40", AMD64), observed("09:00", [component("app", { digest: OTHER })])],
    answers: {
      components: [{ component: "app", digest: OTHER }],
      drift: {
        claimed: [{ component: "app", digest: AMD64 }],
        observed: [{ component: "app", digest: OTHER }],
      },
    },
  },
  {
    rule: "deployed as a part it is main, for tasks name only what a whole release runs",
    given: [
      succeeded("08:00", [main({ digest: INDEX }), component("web", { digest: INDEX })], {
        deployment: deployment("whole"),
      }),
      succeeded("08:11", [main()], partly),
      app("08:10:40", AMD64),
    ],
    answers: {
      components: [
        { component: "main", digest: null },
        { component: "web", digest: INDEX },
      ],
      warnings: ["digest_unresolved"],
    },
  },
]);
