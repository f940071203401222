import { cases, learned } from "./cases.ts";
import { component, deployment, image, main, partly, REPOSITORY, succeeded, time } from "./saying.ts";

const [A, B, C] = [image("a"), image("b"), image("c")];

const runs = (at: string, digest: string, id: string, more: object = {}) =>
  succeeded(at, [main({ digest, repository: REPOSITORY })], { deployment: deployment(id), ...more });
const before = runs("08:00", A, "1");
/** Deployed at 09:00 by a machine whose clock is five minutes ahead. */
const ahead = learned("09:00", runs("09:05", B, "2"));
/** Deployed a minute later by a machine whose clock is six minutes behind. */
const behind = learned("09:01", runs("08:55", C, "3"));

cases("of a deployment that is stamped ahead of the ledger's clock", [
  {
    rule: "it runs now, for what was reported has happened",
    given: [before, ahead],
    at: "09:00:30",
    knownAt: "09:00:30",
    answers: { components: [{ digest: B }], since: time("09:05"), until: null, warnings: [] },
  },
  {
    rule: "as of a moment that has passed, its stamp counts",
    given: [before, ahead],
    at: "09:04",
    knownAt: "09:10",
    answers: { components: [{ digest: A }], until: time("09:05") },
  },
]);

cases("of two deployments whose stamps and arrival give two orders", [
  {
    rule: "the stamps decide, with a warning",
    given: [before, ahead, behind],
    at: "09:02",
    knownAt: "09:02",
    answers: { components: [{ digest: B }], warnings: ["clock_skew"] },
  },
  {
    rule: "the warning stays once the stamp has passed",
    given: [before, ahead, behind],
    at: "10:00",
    knownAt: "12:00",
    answers: { components: [{ digest: B }], warnings: ["clock_skew"] },
  },
  {
    rule: "before the later one arrived there is nothing to warn of",
    given: [before, ahead, behind],
    at: "09:00:30",
    knownAt: "09:00:30",
    answers: { components: [{ digest: B }], warnings: [] },
  },
  {
    rule: "a later deployment that both precede ends it",
    given: [before, ahead, behind, runs("10:00", A, "4")],
    answers: { components: [{ digest: A }], warnings: [] },
  },
  {
    rule: "an import of an old history is no skew, for its arrival says nothing",
    given: [learned("12:00", runs("09:05", B, "2")), learned("12:01", runs("08:55", C, "3"))],
    answers: { components: [{ digest: B }], warnings: [] },
  },
  {
    rule: "of the same image, the order does not matter",
    given: [ahead, learned("09:01", runs("08:55", B, "3"))],
    answers: { components: [{ digest: B }], warnings: [] },
  },
  {
    rule: "of components that were deployed on their own, only those of the same component count",
    given: [
      learned(
        "09:00",
        succeeded("09:05", [component("web", { digest: B })], { deployment: deployment("2"), ...partly }),
      ),
      learned(
        "09:01",
        succeeded("08:55", [component("worker", { digest: C })], { deployment: deployment("3"), ...partly }),
      ),
    ],
    answers: { components: [{ digest: B }, { digest: C }], warnings: [] },
  },
]);
