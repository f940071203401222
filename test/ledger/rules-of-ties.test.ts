import { cases } from "./cases.ts";
import { deployment, image, main, observed, removed, succeeded, time } from "./saying.ts";

const ONE = image("one");
const TWO = image("two");
const runs = succeeded("08:00", [main({ digest: ONE })]);
const second = { deployment: deployment("2") };
const PLACE = { service: "acme/billing" };
const undeployed = (at: string, id: string, more: object = {}) =>
  removed(at, { ...PLACE, deployment: deployment(id), ...more });
const next = succeeded("10:00", [main({ digest: TWO })], second);

cases("of the removal of a deployment", [
  {
    rule: "it takes away what that deployment set",
    given: [runs, undeployed("09:00", "1")],
    answers: { status: "removed", since: "09:00", components: [] },
  },
  {
    rule: "it takes away nothing that came after",
    given: [runs, next, undeployed("10:01", "1")],
    answers: {
      status: "running",
      since: "10:00",
      until: null,
      components: [{ digest: TWO }],
      deployment: deployment("2"),
    },
  },
  {
    rule: "it ends nothing that came after, either",
    given: [runs, next, undeployed("10:01", "1")],
    at: "10:00:30",
    answers: { until: null, components: [{ digest: TWO }] },
  },
  {
    rule: "it takes away the components that still are of that deployment, and no others",
    given: [
      succeeded("08:00", [main({ digest: ONE }), { component: "web", digest: ONE }]),
      succeeded("09:00", [{ component: "web", digest: TWO }], { ...second, scope: "components" }),
      undeployed("10:00", "1"),
    ],
    answers: { status: "running", since: "10:00", components: [{ component: "web", digest: TWO }] },
  },
  {
    rule: "of a whole service takes away everything, whatever deployment it names",
    given: [runs, undeployed("09:00", "failed upgrade", { scope: "service" })],
    answers: { status: "removed", components: [] },
  },
]);

const numbered = (sequence: number, digest: string, id: string) =>
  succeeded("10:00", [main({ digest })], { deployment: deployment(id), sequence });
const candidates = [ONE, TWO].sort().map((digest) => ({ digest, by: "digest" as const }));

cases("of two deployments at one moment", [
  {
    rule: "their sender's own order decides, whichever came in first",
    given: [numbered(9, TWO, "2"), numbered(8, ONE, "1")],
    answers: { components: [{ digest: TWO }], warnings: [] },
  },
  {
    rule: "the other way round, too",
    given: [numbered(8, TWO, "2"), numbered(9, ONE, "1")],
    answers: { components: [{ digest: ONE }], warnings: [] },
  },
  {
    rule: "without such an order both are candidates",
    given: [succeeded("10:00", [main({ digest: ONE })]), next],
    answers: { components: [{ digest: null, candidates }], warnings: ["tie", "digest_unresolved"] },
  },
  {
    rule: "the numbers of two senders are no order",
    given: [numbered(8, ONE, "1"), { ...numbered(9, TWO, "2"), source: "/another" }],
    answers: { components: [{ digest: null, candidates }], warnings: ["tie", "digest_unresolved"] },
  },
  {
    rule: "of one image there is no doubt",
    given: [succeeded("10:00", [main({ digest: TWO })]), next],
    answers: { components: [{ digest: TWO }], warnings: [] },
  },
  {
    rule: "a look at the runtime tells which of them it is",
    given: [succeeded("10:00", [main({ digest: ONE })]), next, observed("10:10", [main({ digest: ONE })])],
    answers: { components: [{ digest: ONE }], drift: null, warnings: [] },
  },
  {
    rule: "a removal beside a deployment is in doubt, and what was deployed is shown",
    given: [next, removed("10:00")],
    answers: { status: "running", components: [{ digest: TWO }], warnings: ["tie"] },
  },
  ...["a", "b", "c", "d", "e", "f"].map((id) => ({
    rule: `so it is with the identity ${id}, whatever its hash`,
    given: [next, { ...removed("10:00"), id }],
    answers: { status: "running" as const, components: [{ digest: TWO }], warnings: ["tie" as const] },
  })),
  {
    rule: "the next deployment ends the doubt",
    given: [
      succeeded("10:00", [main({ digest: ONE })]),
      next,
      succeeded("11:00", [main({ digest: ONE })], { deployment: deployment("3") }),
    ],
    answers: { components: [{ digest: ONE }], since: time("11:00").slice(11, 16), warnings: [] },
  },
]);
