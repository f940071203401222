import { cases } from "./cases.ts";
import {
  component,
  deployment,
  described,
  image,
  indexed,
  main,
  observed,
  partly,
  pushed,
  REPOSITORY,
  sha,
  succeeded,
} from "./saying.ts";

const ONE = image("one");
const TWO = image("two");
const THREE = image("three");

const sees = (at: string, digest: string, more: object = {}) => observed(at, [main({ digest })], more);
const hotfix = [
  succeeded("08:00", [main({ digest: ONE })]),
  sees("08:30", ONE),
  sees("09:00", TWO),
  sees("10:00", TWO),
  sees("11:00", ONE),
  succeeded("12:00", [main({ digest: THREE })], { deployment: deployment("2") }),
];
const isDrift = { claimed: [{ digest: ONE }], observed: [{ digest: TWO }] };

cases("of a hotfix by hand, seen twice and undone", [
  {
    rule: "before it was seen, what was deployed ran until then",
    given: hotfix,
    at: "08:59",
    answers: { components: [{ digest: ONE }], since: "08:00", until: "09:00" },
  },
  {
    rule: "since it was first seen it ran, until something else was seen",
    given: hotfix,
    at: "09:30",
    answers: { components: [{ digest: TWO }], since: "09:00", until: "11:00", drift: isDrift },
  },
  {
    rule: "seen again it is the same release",
    given: hotfix,
    at: "10:30",
    answers: { components: [{ digest: TWO }], since: "09:00", until: "11:00", drift: isDrift },
  },
  {
    rule: "undone, it is the deployment again, until the next one",
    given: hotfix,
    at: "11:30",
    answers: { components: [{ digest: ONE }], since: "11:00", until: "12:00", deployment: deployment("1") },
  },
  {
    rule: "the next deployment ran since its own time, whatever was seen before",
    given: hotfix,
    answers: { components: [{ digest: THREE }], since: "12:00", until: null },
  },
]);

const beside = [
  succeeded("08:00", [component("api", { digest: ONE }), component("web", { digest: ONE })]),
  observed("09:00", [component("api", { digest: TWO }), component("web", { digest: ONE })]),
  succeeded("10:00", [component("web", { digest: THREE })], { ...partly, deployment: deployment("2") }),
];

cases("of a hotfix by hand beside which another component is deployed", [
  {
    rule: "before that deployment it ran until then",
    given: beside,
    at: "09:30",
    answers: { since: "09:00", until: "10:00", drift: {} },
  },
  {
    rule: "what runs since that deployment runs since then",
    given: beside,
    answers: { components: [{ digest: TWO }, { digest: THREE }], since: "10:00", until: null, drift: {} },
  },
]);

const redirected = [
  succeeded("08:00", [main({ digest: ONE })]),
  sees("09:00", TWO, { deployment: deployment("1") }),
];
const stable = main({ variant: "stable", digest: ONE });
const scaled = [
  succeeded("08:00", [stable, main({ variant: "canary", digest: TWO })]),
  observed("09:00", [stable]),
];

cases("of what was seen to change without a new deployment", [
  {
    rule: "before the deployment showed another image it ran what it said, until then",
    given: redirected,
    at: "08:30",
    answers: { components: [{ digest: ONE }], since: "08:00", until: "09:00" },
  },
  {
    rule: "after it showed another image it runs that one, since then",
    given: redirected,
    answers: { components: [{ digest: TWO }], since: "09:00" },
  },
  {
    rule: "before one of its variants was gone both ran, until then",
    given: scaled,
    at: "08:30",
    answers: { components: [{ digest: TWO }, { digest: ONE }], since: "08:00", until: "09:00" },
  },
  {
    rule: "after one of its variants was gone the other runs by itself, since then",
    given: scaled,
    answers: { components: [{ digest: ONE }], since: "09:00" },
  },
]);

cases("of a service that nobody deploys and the runtime shows", [
  {
    rule: "it runs what is seen, since it was first seen, and that is no drift",
    given: [sees("08:00", ONE), sees("09:00", ONE), sees("10:00", ONE, { cluster: "eu-1" })],
    answers: {
      status: "running",
      since: "08:00",
      until: null,
      cluster: "eu-1",
      components: [{ digest: ONE, resolvedBy: "digest" }],
    },
  },
  {
    rule: "it is the same release where another of its digests is seen",
    given: [
      pushed("07:00", ONE),
      indexed(ONE, TWO),
      sees("08:00", ONE),
      sees("09:00", TWO),
      sees("10:00", THREE),
    ],
    at: "09:30",
    answers: { since: "08:00", until: "10:00", components: [{ digest: ONE, reported: TWO }] },
  },
  {
    rule: "it is another release where a component is added",
    given: [
      sees("08:00", ONE),
      observed("09:00", [main({ digest: ONE }), component("worker", { digest: TWO })]),
    ],
    answers: { since: "09:00", components: [{ component: "main" }, { component: "worker" }] },
  },
  {
    rule: "it is another release where another component runs the same image",
    given: [sees("08:00", ONE), observed("09:00", [component("worker", { digest: ONE })])],
    answers: { since: "09:00", components: [{ component: "worker", digest: ONE }] },
  },
  {
    rule: "a return to an earlier image is a release of its own",
    given: [sees("08:00", ONE), sees("09:00", TWO), sees("10:00", ONE)],
    answers: { since: "10:00", components: [{ digest: ONE }] },
  },
  {
    rule: "a tag that is seen is looked up at that moment",
    given: [
      described({ images: [REPOSITORY] }),
      pushed("07:00", ONE, { tag: "latest" }),
      observed("08:00", [main({ tag: "latest" })]),
      pushed("08:30", TWO, { tag: "latest" }),
    ],
    answers: { components: [{ digest: ONE, resolvedBy: "tag", repository: REPOSITORY }] },
  },
  {
    rule: "it is the same release while the same tag is seen, as long as no digest is",
    given: [
      observed("08:00", [main({ tag: "1.4" })]),
      observed("09:00", [main({ tag: "1.5" })]),
      observed("10:00", [main({ tag: "1.5" })]),
    ],
    answers: { since: "09:00", components: [{ digest: null }], warnings: ["digest_unresolved"] },
  },
  {
    rule: "a component that is seen without an image runs, and that its digest is unknown is said",
    given: [observed("08:00", [main()], { commit: { sha: sha("c") } })],
    answers: {
      status: "running",
      components: [{ digest: null, resolvedBy: "none", commit: { sha: sha("c"), evidence: "deployment" } }],
      warnings: ["digest_unresolved"],
    },
  },
]);
