import { cases } from "./cases.ts";
import {
  built,
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
  removed,
  sha,
  succeeded,
  task,
  time,
} from "./saying.ts";

const ONE = image("one");
const TWO = image("two");
const AMD64 = image("amd64 of one");
const config = { config: [{ revision: "77aa" }] };
const claimed = { ...committed("c"), ...config, actor: "octocat", cluster: "eu-1" };

const claim = succeeded("08:00", [main({ digest: ONE })], claimed);
const sees = (at: string, digest: string, more: object = {}) => observed(at, [main({ digest })], more);
const drift = (observedAt: string, claimed: string | null, observed: string) => ({
  observedAt: `2026-10-20T${observedAt}:00.000Z`,
  claimed: [{ component: "main", digest: claimed }],
  observed: [{ component: "main", digest: observed }],
});
const byClaim = {
  since: "08:00",
  deployment: deployment("1"),
  deployedBy: "octocat",
  cluster: "eu-1",
  config: config.config,
  drift: null,
};
const isC = { sha: sha("c"), evidence: "deployment" as const };

cases("of an observation that agrees with the claim", [
  {
    rule: "by its digest, whatever the case of its variant, it ends nothing and begins nothing",
    given: [
      succeeded("08:00", [main({ variant: "canary", digest: ONE })]),
      observed("09:00", [main({ variant: "Canary", digest: ONE })]),
      observed("10:00", [main({ variant: "CANARY", digest: ONE })]),
    ],
    at: "09:30",
    answers: { components: [{ digest: ONE, variant: "canary" }], since: "08:00", until: null },
  },
  {
    rule: "by its digest, the deployment's commit, configuration and time stay",
    given: [claim, sees("09:00", ONE)],
    answers: { ...byClaim, components: [{ digest: ONE, commit: isC }] },
  },
  {
    rule: "by a related digest, too",
    given: [indexed(ONE, AMD64), claim, sees("09:00", AMD64)],
    answers: { ...byClaim, components: [{ digest: ONE, reported: AMD64, commit: isC }] },
  },
  {
    rule: "by its deployment, it tells the digest that the claim left open",
    given: [
      succeeded("08:00", [main({ tag: "latest" })], claimed),
      sees("09:00", TWO, { deployment: deployment("1") }),
    ],
    answers: { ...byClaim, components: [{ digest: TWO, resolvedBy: "digest", commit: isC }] },
  },
  {
    rule: "by one of the candidates, it tells which of them it is",
    given: [
      pushed("07:00", ONE, { tag: "latest" }),
      pushed("07:59:30", TWO, { tag: "latest" }),
      succeeded("08:00", [main({ tag: "latest", repository: REPOSITORY })], claimed),
      sees("09:00", TWO),
    ],
    answers: { ...byClaim, components: [{ digest: TWO, candidates: [], commit: isC }] },
  },
  {
    rule: "by the commit that it was built from, where the claim names no image",
    given: [
      built(TWO, "c", { repository: "mirror.example/acme/billing" }),
      succeeded("08:00", [main({ repository: REPOSITORY })], claimed),
      sees("09:00", TWO),
    ],
    answers: { ...byClaim, components: [{ digest: TWO, commit: { sha: sha("c"), evidence: "oidc" } }] },
  },
  {
    rule: "without case in the component's name",
    given: [claim, observed("09:00", [component("MAIN", { digest: ONE })])],
    answers: { ...byClaim, components: [{ component: "main", digest: ONE }] },
  },
]);

cases("of an observation that differs from the claim", [
  {
    rule: "what was seen runs, and the claim's commit and configuration are not given to it",
    given: [claim, sees("09:00", TWO)],
    answers: {
      status: "running",
      since: "09:00",
      components: [{ digest: TWO, resolvedBy: "digest", commit: null }],
      config: [],
      deployment: null,
      deployedBy: null,
      cluster: null,
      drift: drift("09:00", ONE, TWO),
    },
  },
  {
    rule: "what was seen has the commit that it was built from",
    given: [claim, built(TWO, "hotfix"), sees("09:00", TWO)],
    answers: {
      components: [{ digest: TWO, commit: { sha: sha("hotfix"), evidence: "oidc" } }],
      drift: drift("09:00", ONE, TWO),
    },
  },
  {
    rule: "what the runtime says of commit, configuration and place is of what was seen",
    given: [
      claim,
      sees("09:00", TWO, { ...committed("hotfix"), config: [{ revision: "by hand" }], cluster: "eu-2" }),
    ],
    answers: {
      components: [{ commit: { sha: sha("hotfix"), evidence: "deployment" } }],
      config: [{ revision: "by hand" }],
      cluster: "eu-2",
      drift: drift("09:00", ONE, TWO),
      warnings: ["two_clusters"],
    },
  },
  {
    rule: "a claim by a tag that nobody pushed does not agree with anything",
    given: [succeeded("08:00", [main({ tag: "1.4" })], config), sees("09:00", TWO)],
    answers: { config: [], drift: drift("09:00", null, TWO) },
  },
  {
    rule: "an image built from another commit than the claim names is drift",
    given: [built(TWO, "other"), succeeded("08:00", [main()], claimed), sees("09:00", TWO)],
    answers: { drift: drift("09:00", null, TWO), config: [] },
  },
  {
    rule: "without images, the commit that was deployed is as deployed",
    given: [succeeded("08:00", [main()], claimed), observed("09:00", [main()], claimed)],
    answers: {
      drift: null,
      seenAt: time("09:00"),
      since: "08:00",
      components: [{ commit: isC }],
      warnings: ["digest_unresolved"],
    },
  },
  {
    rule: "without images, another commit than was deployed is drift",
    given: [succeeded("08:00", [main()], claimed), observed("09:00", [main()], committed("other"))],
    answers: {
      drift: { claimed: [{ digest: null }], observed: [{ digest: null }] },
      warnings: ["digest_unresolved"],
    },
  },
  {
    rule: "without images and commits, the version that was deployed is as deployed",
    given: [succeeded("08:00", [main({ tag: "1.4" })]), observed("09:00", [main({ tag: "1.4" })])],
    answers: { drift: null, seenAt: time("09:00"), warnings: ["digest_unresolved"] },
  },
  {
    rule: "the same image under another deployment is no drift",
    given: [claim, sees("09:00", ONE, { deployment: deployment("2") })],
    answers: { ...byClaim, components: [{ digest: ONE }] },
  },
  {
    rule: "the next claim ends it",
    given: [claim, sees("09:00", TWO), succeeded("10:00", [main({ digest: ONE })], claimed)],
    answers: { since: "10:00", components: [{ digest: ONE, commit: isC }], drift: null },
  },
  {
    rule: "the next claim ends it for its components only",
    given: [
      succeeded("08:00", [component("api", { digest: ONE }), component("web", { digest: ONE })]),
      observed("09:00", [component("api", { digest: TWO }), component("web", { digest: ONE })], {
        cluster: "eu-1",
      }),
      succeeded("10:00", [component("web", { digest: image("three") })], partly),
    ],
    answers: {
      components: [
        { component: "api", digest: TWO },
        { component: "web", digest: image("three") },
      ],
      deployment: null,
      cluster: "eu-1",
      drift: {
        observedAt: "2026-10-20T09:00:00.000Z",
        claimed: [{ component: "api", digest: ONE }],
        observed: [{ component: "api", digest: TWO }],
      },
    },
  },
  {
    rule: "a component that is no longer seen no longer runs",
    given: [
      succeeded("08:00", [component("api", { digest: ONE }), component("web", { digest: TWO })]),
      observed("09:00", [component("api", { digest: ONE })]),
    ],
    answers: {
      components: [{ component: "api" }],
      drift: {
        claimed: [
          { component: "api", digest: ONE },
          { component: "web", digest: TWO },
        ],
        observed: [{ component: "api", digest: ONE }],
      },
    },
  },
  {
    rule: "a component that nobody deployed runs where it is seen",
    given: [claim, observed("09:00", [main({ digest: ONE }), component("sidecar", { digest: TWO })])],
    answers: {
      components: [
        { component: "main", digest: ONE },
        { component: "sidecar", digest: TWO },
      ],
      drift: {
        claimed: [{ component: "main" }],
        observed: [{ component: "main" }, { component: "sidecar" }],
      },
    },
  },
  {
    rule: "an observation of some components says nothing of the others",
    given: [
      succeeded("08:00", [component("api", { digest: ONE }), component("web", { digest: TWO })], config),
      observed("09:00", [component("api", { digest: ONE })], partly),
    ],
    answers: { components: [{ component: "api" }, { component: "web" }], drift: null, config: config.config },
  },
  {
    rule: "what runs although it was removed is drift",
    given: [claim, removed("08:30"), sees("09:00", ONE)],
    answers: {
      status: "running",
      since: "09:00",
      components: [{ digest: ONE, commit: null }],
      config: [],
      drift: { claimed: [], observed: [{ component: "main", digest: ONE }] },
    },
  },
]);

const bare = (at: string, id = "1") => succeeded(at, [main()], { ...config, deployment: deployment(id) });
/** The same, without configuration: then it is unknown what changed. */
const silent = (at: string, id = "1") => succeeded(at, [main()], { deployment: deployment(id) });

cases("of a claim that names no image and no commit", [
  {
    rule: "what is seen later agrees with it",
    given: [bare("08:00"), sees("09:00", TWO)],
    answers: { components: [{ digest: TWO }], config: config.config, since: "08:00", drift: null },
  },
  {
    rule: "what was seen before still stands, and it is a release of its own",
    given: [sees("07:00", ONE), bare("08:00")],
    answers: {
      components: [{ digest: ONE, resolvedBy: "digest" }],
      config: config.config,
      deployment: deployment("1"),
      since: "08:00",
      drift: null,
    },
  },
  {
    rule: "its components go by the names that were seen",
    given: [
      observed("07:00", [component("api", { digest: ONE }), component("worker", { digest: TWO })]),
      bare("08:00"),
    ],
    answers: {
      components: [
        { component: "api", digest: ONE },
        { component: "worker", digest: TWO },
      ],
      drift: null,
    },
  },
  {
    rule: "what was seen stands through any number of them",
    given: [bare("06:00", "0"), sees("07:00", ONE), bare("08:00"), bare("09:00", "2"), bare("10:00", "3")],
    answers: { components: [{ digest: ONE }], since: "10:00", deployment: deployment("3") },
  },
  {
    rule: "what was seen before another claim named an image counts no more",
    given: [sees("07:00", ONE), succeeded("07:30", [main({ digest: TWO })]), silent("08:00", "2")],
    answers: { components: [{ digest: null, resolvedBy: "none" }], warnings: ["digest_unresolved"] },
  },
  {
    rule: "what was seen before another claim's task showed an image counts no more",
    given: [
      sees("07:00", ONE),
      bare("07:30", "2"),
      task("07:31", TWO, { deployment: deployment("2") }),
      silent("08:00", "3"),
    ],
    answers: { components: [{ digest: null, resolvedBy: "none" }], warnings: ["digest_unresolved"] },
  },
  {
    rule: "what was seen before it was removed counts no more",
    given: [sees("07:00", ONE), removed("07:30"), bare("08:00")],
    answers: { components: [{ digest: null, resolvedBy: "none" }], warnings: ["digest_unresolved"] },
  },
  {
    rule: "nor what was seen before everything there was removed",
    given: [sees("07:00", ONE), removed("07:30", {}), bare("08:00")],
    answers: { components: [{ digest: null, resolvedBy: "none" }], warnings: ["digest_unresolved"] },
  },
  {
    rule: "a component deployed by itself since it was seen is not what was seen",
    given: [
      observed("07:00", [component("api", { digest: ONE }), component("web", { digest: ONE })]),
      succeeded("07:30", [component("web", { digest: TWO })], { ...partly, deployment: deployment("2") }),
      silent("08:00"),
    ],
    answers: {
      components: [
        { component: "api", digest: ONE },
        { component: "web", digest: null },
      ],
      warnings: ["digest_unresolved"],
    },
  },
]);
