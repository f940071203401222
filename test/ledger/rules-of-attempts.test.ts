import { cases, type Expected } from "./cases.ts";
import {
  built,
  committed,
  component,
  deployment,
  failed,
  image,
  main,
  observed,
  partly,
  REPOSITORY,
  removed,
  started,
  succeeded,
  time,
} from "./saying.ts";

const ONE = image("one");
const TWO = image("two");
const THREE = image("three");

const stable = (digest: string, weight: number) => main({ variant: "stable", weight, digest });
const canary = (digest: string, weight: number) => main({ variant: "canary", weight, digest });
const second = { deployment: deployment("2") };
const third = { deployment: deployment("3") };

cases("of a deployment that starts again", [
  {
    rule: "it is under way, although it had taken effect before: a deployer rolls back to it",
    given: [
      started("08:00", [main({ digest: ONE })]),
      succeeded("08:05", [main({ digest: ONE })]),
      failed("09:00", [main({ digest: TWO })], second),
      started("09:01", [main({ digest: ONE })]),
    ],
    answers: { attempt: { status: "started", startedAt: time("09:01"), deployment: deployment("1") } },
  },
  {
    rule: "it is under way, although it had failed before",
    given: [
      succeeded("07:00", [main({ digest: ONE })], third),
      started("08:00", [main({ digest: TWO })]),
      failed("08:05", [main({ digest: TWO })]),
      started("08:20", [main({ digest: TWO })]),
    ],
    answers: { attempt: { status: "started", startedAt: time("08:20") }, warnings: [] },
  },
  {
    rule: "it is over once it took effect again",
    given: [
      started("08:00", [main({ digest: ONE })]),
      succeeded("08:05", [main({ digest: ONE })]),
      started("09:01", [main({ digest: ONE })]),
      succeeded("09:02", [main({ digest: ONE })]),
    ],
    answers: { attempt: null },
  },
]);

cases("of variants of one component", [
  {
    rule: "all of them run, each with its weight",
    given: [succeeded("08:00", [stable(ONE, 80), canary(TWO, 10), main({ variant: "blue", weight: 10 })])],
    answers: {
      components: [
        { component: "main", variant: "blue", weight: 10, digest: null },
        { component: "main", variant: "canary", weight: 10, digest: TWO },
        { component: "main", variant: "stable", weight: 80, digest: ONE },
      ],
      warnings: ["digest_unresolved"],
    },
  },
  {
    rule: "a deployment without them ends them",
    given: [
      succeeded("08:00", [stable(ONE, 90), canary(TWO, 10)]),
      succeeded("09:00", [main({ digest: TWO })], second),
    ],
    answers: { components: [{ component: "main", variant: undefined, digest: TWO }], since: "09:00" },
  },
  {
    rule: "a deployment of the component replaces all of them, and leaves the other components",
    given: [
      succeeded("08:00", [stable(ONE, 90), canary(TWO, 10), component("worker", { digest: ONE })]),
      succeeded("09:00", [stable(TWO, 100)], { ...second, ...partly }),
    ],
    answers: {
      components: [
        { component: "main", variant: "stable", weight: 100, digest: TWO },
        { component: "worker", digest: ONE },
      ],
    },
  },
  {
    rule: "more weight for the same image is a release of its own",
    given: [
      succeeded("08:00", [stable(ONE, 90), canary(TWO, 10)]),
      succeeded("09:00", [stable(ONE, 50), canary(TWO, 50)], second),
    ],
    answers: { components: [{ weight: 50 }, { weight: 50 }], since: "09:00" },
  },
  {
    rule: "a canary that is seen and was deployed is no drift",
    given: [
      succeeded("08:00", [stable(ONE, 90), canary(TWO, 10)]),
      observed("09:00", [stable(ONE, 90), canary(TWO, 10)]),
    ],
    answers: { components: [{ variant: "canary" }, { variant: "stable" }], since: "08:00" },
  },
  {
    rule: "a canary that is seen with another image is drift of the component",
    given: [
      succeeded("08:00", [stable(ONE, 90), canary(TWO, 10)]),
      observed("09:00", [stable(ONE, 90), canary(THREE, 10)]),
    ],
    answers: {
      components: [{ digest: THREE }, { digest: ONE }],
      drift: { observedAt: time("09:00"), claimed: [{}, {}], observed: [{}, {}] },
    },
  },
  {
    rule: "a canary whose image was left open is not known to be the one that is seen",
    given: [
      built(ONE, "c", { repository: "mirror.example/acme/billing" }),
      built(TWO, "c", { repository: "mirror.example/acme/billing" }),
      succeeded(
        "08:00",
        [stable(ONE, 90), main({ variant: "canary", repository: REPOSITORY })],
        committed("c"),
      ),
      observed("09:00", [stable(ONE, 90), canary(TWO, 10)]),
    ],
    answers: { components: [{ digest: TWO }, { digest: ONE }], drift: { observedAt: time("09:00") } },
  },
  {
    rule: "a canary that failed is no release",
    given: [
      succeeded("08:00", [main({ digest: ONE })]),
      started("09:00", [stable(ONE, 90), canary(TWO, 10)], second),
      failed("09:05", [stable(ONE, 90), canary(TWO, 10)], second),
    ],
    answers: {
      components: [{ variant: undefined, digest: ONE }],
      since: "08:00",
      until: null,
      attempt: { status: "failed", components: [stable(ONE, 90), canary(TWO, 10)] },
    },
  },
  {
    rule: "a canary that failed and was rolled back is the deployment that ended it",
    given: [
      succeeded("08:00", [main({ digest: ONE })]),
      failed("09:05", [canary(TWO, 10)], second),
      succeeded("09:06", [main({ digest: ONE })], { ...third, rollback: true }),
    ],
    answers: { components: [{ digest: ONE }], since: "09:06", rollback: true, deployment: deployment("3") },
  },
]);

const runs = succeeded("08:00", [main({ digest: ONE })]);
const begins = started("09:00", [main({ digest: TWO })], {
  ...second,
  actor: "octocat",
  url: "https://ci.example/2",
});
const open: Expected = {
  components: [{ digest: ONE }],
  attempt: {
    deployment: deployment("2"),
    startedAt: time("09:00"),
    by: "octocat",
    url: "https://ci.example/2",
  },
};
const ended: Expected = { attempt: null };

cases("of an attempt", [
  { rule: "it has started and not ended; what ran before still runs", given: [runs, begins], answers: open },
  { rule: "before it started there is none", given: [runs, begins], at: "08:59", answers: ended },
  {
    rule: "it is over when it succeeds",
    given: [runs, begins, succeeded("09:05", [main({ digest: TWO })], second)],
    answers: { ...ended, components: [{ digest: TWO }], since: "09:05" },
  },
  {
    rule: "it stays as failed when it fails, with what it brought and why, and what ran before still runs",
    given: [
      runs,
      begins,
      failed("09:05", [main({ digest: TWO })], { ...second, outcome: "cancelled", reason: "stopped" }),
    ],
    answers: {
      attempt: {
        ...open.attempt,
        status: "failed",
        components: [main({ digest: TWO })],
        endedAt: time("09:05"),
        outcome: "cancelled",
        reason: "stopped",
      },
      components: [{ digest: ONE }],
      since: "08:00",
    },
  },
  {
    rule: "it is over when another deployment takes effect after it failed",
    given: [
      runs,
      begins,
      failed("09:05", [main({ digest: TWO })], second),
      succeeded("09:10", [main({ digest: THREE })], third),
    ],
    answers: { ...ended, components: [{ digest: THREE }] },
  },
  {
    rule: "it is over when it is removed, and what ran before still runs",
    given: [runs, begins, removed("09:05", { service: "acme/billing", ...second })],
    answers: { ...ended, status: "running", components: [{ digest: ONE }] },
  },
  {
    rule: "until it ended it was open",
    given: [runs, begins, failed("09:05", [main({ digest: TWO })], second)],
    at: "09:04",
    answers: open,
  },
  {
    rule: "it is not over when another deployment ends",
    given: [runs, begins, failed("09:05", [main({ digest: THREE })], third)],
    answers: open,
  },
  {
    rule: "it is not over when the same deployment of another service or environment ends",
    given: [
      runs,
      begins,
      succeeded("09:05", [main({ digest: TWO })], { ...second, service: "acme/web" }),
      failed("09:05", [main({ digest: TWO })], { ...second, environment: "staging" }),
    ],
    answers: open,
  },
  {
    rule: "it is not over when the same id ends at another deployer",
    given: [
      runs,
      begins,
      failed("09:05", [main({ digest: TWO })], {
        deployment: { ...second.deployment, instance: "ghe.example" },
      }),
    ],
    answers: open,
  },
  {
    rule: "a service that is deployed for the first time runs nothing yet",
    given: [begins],
    answers: { status: "unknown", components: [], attempt: open.attempt, until: null },
  },
  {
    rule: "a part that started is an attempt, too",
    given: [runs, started("09:00", [component("worker", { digest: TWO })], { ...second, ...partly })],
    answers: { attempt: { deployment: deployment("2") }, components: [{ component: "main" }] },
  },
]);

const overlapping = [
  runs,
  begins,
  started("09:01", [main({ digest: THREE })], third),
  succeeded("09:02", [main({ digest: THREE })], third),
  succeeded("09:03", [main({ digest: TWO })], second),
];

cases("of attempts that overlap", [
  {
    rule: "the newest is named while it is open",
    given: overlapping,
    at: "09:01:30",
    answers: { attempt: { deployment: deployment("3") }, components: [{ digest: ONE }] },
  },
  {
    rule: "both ended, what ended last runs",
    given: overlapping,
    answers: { components: [{ digest: TWO }], since: "09:03", deployment: deployment("2") },
  },
]);

cases("of a deployment whose end nobody reported", [
  {
    rule: "it is over once its deployer's next deployment took effect",
    given: [started("08:00", [main({ digest: ONE })]), succeeded("09:00", [main({ digest: TWO })], second)],
    answers: { components: [{ digest: TWO }], attempt: null },
  },
  {
    rule: "it is not where that deployment had begun before it",
    given: [
      started("08:00", [main({ digest: TWO })], second),
      started("08:10", [main({ digest: ONE })]),
      succeeded("09:00", [main({ digest: TWO })], second),
    ],
    answers: { attempt: { status: "started", startedAt: time("08:10") } },
  },
  {
    rule: "nor where another deployer reports it: a rollout may hang that CI reports as a success",
    given: [
      started("08:00", [main({ digest: ONE })]),
      succeeded("09:00", [main({ digest: ONE })], { deployment: { ...deployment("7"), provider: "ci" } }),
    ],
    answers: { attempt: { status: "started" } },
  },
  {
    rule: "nor where only another component was deployed",
    given: [
      started("08:00", [main({ digest: ONE })]),
      succeeded("09:00", [component("worker", { digest: TWO })], { ...second, ...partly }),
    ],
    answers: { attempt: { status: "started" } },
  },
]);

cases("of a failure", [
  {
    rule: "it is an attempt, although nobody reported its start",
    given: [
      succeeded("08:00", [main({ digest: ONE })]),
      failed("09:00", [main()], { ...second, reason: "timed out" }),
    ],
    answers: {
      components: [{ digest: ONE }],
      attempt: { status: "failed", startedAt: time("09:00"), endedAt: time("09:00"), reason: "timed out" },
      warnings: ["deployment_failed"],
    },
  },
  {
    rule: "of a deployment that was reported as a success before, it stands",
    given: [
      started("08:00", [main({ digest: ONE })]),
      succeeded("08:10", [main({ digest: ONE })]),
      failed("08:20", [main({ digest: ONE })], { reason: "smoke test failed" }),
    ],
    answers: {
      components: [{ digest: ONE }],
      attempt: { status: "failed", startedAt: time("08:00"), endedAt: time("08:20") },
      warnings: ["deployment_failed"],
    },
  },
  {
    rule: "is over once the same deployment succeeded",
    given: [failed("08:00", [main({ digest: ONE })]), succeeded("08:10", [main({ digest: ONE })])],
    answers: { attempt: null, warnings: [] },
  },
  {
    rule: "does not hide a deployment that has started since",
    given: [failed("08:00", [main({ digest: ONE })]), started("08:10", [main({ digest: TWO })], second)],
    answers: { attempt: { status: "started", startedAt: time("08:10") } },
  },
]);
