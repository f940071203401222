import { cases, type Expected } from "./cases.ts";
import {
  committed,
  component,
  deployment,
  failed,
  image,
  observed,
  partly,
  removed,
  sha,
  succeeded,
  time,
} from "./saying.ts";

const of = (name: string, version: number) => component(name, { digest: image(`${name} ${version}`) });
const names = (...pairs: readonly (readonly [string, number])[]) => pairs.map(([name, n]) => of(name, n));
const runs = (...pairs: readonly (readonly [string, number])[]): Expected => ({
  status: "running",
  components: names(...pairs),
});

const whole = succeeded("08:00", names(["api", 1], ["web", 1], ["worker", 1]));
const part = (at: string, ...pairs: readonly (readonly [string, number])[]) =>
  succeeded(at, names(...pairs), { ...partly, deployment: deployment(`part of ${at}`) });
const takes = (at: string, ...components: readonly string[]) =>
  removed(at, { service: "acme/billing", ...partly, components: components.map((one) => component(one)) });

cases("of deployments of some components", [
  {
    rule: "they change those and leave the others",
    given: [whole, part("09:00", ["web", 2])],
    answers: { ...runs(["api", 1], ["web", 2], ["worker", 1]), since: "09:00" },
  },
  {
    rule: "they may add a component",
    given: [whole, part("09:00", ["cron", 1])],
    answers: runs(["api", 1], ["cron", 1], ["web", 1], ["worker", 1]),
  },
  {
    rule: "overlapping sets each leave what the other did not name",
    given: [whole, part("09:00", ["web", 2], ["worker", 2]), part("10:00", ["api", 3], ["worker", 3])],
    answers: runs(["api", 3], ["web", 2], ["worker", 3]),
  },
  {
    rule: "an overlapping set that came between is overtaken component by component",
    given: [
      whole,
      part("09:00", ["web", 2], ["worker", 2]),
      part("10:00", ["worker", 3]),
      part("11:00", ["web", 4], ["worker", 4]),
      part("12:00", ["web", 5]),
    ],
    answers: runs(["api", 1], ["web", 5], ["worker", 4]),
  },
  {
    rule: "the same set in another order and case is the same set",
    given: [whole, part("09:00", ["web", 2], ["api", 2]), part("10:00", ["API", 3], ["Web", 3])],
    answers: { components: names(["API", 3], ["Web", 3], ["worker", 1]) },
  },
  {
    rule: "a whole deployment after them counts alone, also for what it does not name",
    given: [whole, part("09:00", ["web", 2], ["cron", 2]), succeeded("10:00", names(["api", 3], ["web", 3]))],
    answers: { ...runs(["api", 3], ["web", 3]), since: "10:00" },
  },
  {
    rule: "a part from before the whole has no say, whenever it is told",
    given: [whole, part("07:00", ["web", 0])],
    answers: { ...runs(["api", 1], ["web", 1], ["worker", 1]), since: "08:00" },
  },
  {
    rule: "without a whole deployment they are what runs",
    given: [part("09:00", ["web", 2]), part("10:00", ["api", 1])],
    answers: runs(["api", 1], ["web", 2]),
  },
  {
    rule: "one that failed changes nothing that runs, as far as is known",
    given: [whole, failed("09:00", names(["web", 2]), { ...partly, deployment: deployment("2") })],
    answers: { ...runs(["api", 1], ["web", 1], ["worker", 1]), attempt: { status: "failed" } },
  },
  {
    rule: "before one of them, what ran before it ran until then",
    given: [whole, part("09:00", ["web", 2]), part("10:00", ["api", 2])],
    at: "08:30",
    answers: { ...runs(["api", 1], ["web", 1], ["worker", 1]), since: "08:00", until: "09:00" },
  },
  {
    rule: "between two of them, what ran ran from the one to the other",
    given: [whole, part("09:00", ["web", 2]), part("10:00", ["api", 2])],
    at: "09:30",
    answers: { ...runs(["api", 1], ["web", 2], ["worker", 1]), since: "09:00", until: "10:00" },
  },
]);

cases("of a component whose name says more than its letters", [
  {
    rule: "one with a comma in its name is not two",
    given: [part("09:00", ["a,b", 1]), part("10:00", ["a", 2], ["b", 2])],
    answers: { components: names(["a", 2], ["a,b", 1], ["b", 2]) },
  },
  {
    rule: "many long names are a set like any other",
    given: [
      part("09:00", ...Array.from({ length: 9 }, (_, n): [string, number] => [`${"x".repeat(60)}${n}`, 1])),
      part("10:00", [`${"x".repeat(60)}4`, 2]),
    ],
    answers: {
      components: names(
        ...Array.from({ length: 9 }, (_, n): [string, number] => [`${"x".repeat(60)}${n}`, n === 4 ? 2 : 1]),
      ),
    },
  },
  {
    rule: "a letter whose capital has no sign of its own (J with caron) is a letter like any other",
    given: [part("09:00", ["J\u030c", 1])],
    answers: { components: names(["J\u030c", 1]) },
  },
]);

cases("of removals of some components", [
  {
    rule: "they end those and leave the others, which run by themselves since then",
    given: [whole, takes("09:00", "web")],
    answers: { ...runs(["api", 1], ["worker", 1]), since: "09:00" },
  },
  {
    rule: "before them everything ran until then",
    given: [whole, takes("09:00", "web")],
    at: "08:30",
    answers: { ...runs(["api", 1], ["web", 1], ["worker", 1]), since: "08:00", until: "09:00" },
  },
  {
    rule: "they name components without case",
    given: [whole, takes("09:00", "WEB")],
    answers: runs(["api", 1], ["worker", 1]),
  },
  {
    rule: "of all components, nothing runs, since the last of them",
    given: [whole, takes("09:00", "web", "api"), takes("10:00", "worker")],
    answers: { status: "removed", components: [], since: "10:00", until: null },
  },
  {
    rule: "what was removed comes back with the next deployment of it",
    given: [whole, takes("09:00", "web"), part("10:00", ["web", 2])],
    answers: runs(["api", 1], ["web", 2], ["worker", 1]),
  },
  {
    rule: "what was deployed by itself is removed by itself",
    given: [whole, part("09:00", ["web", 2], ["cron", 2]), takes("10:00", "cron")],
    answers: runs(["api", 1], ["web", 2], ["worker", 1]),
  },
  {
    rule: "the removal of the whole service ends also what was deployed by itself",
    given: [whole, part("09:00", ["web", 2]), removed("10:00")],
    answers: { status: "removed", components: [], since: "10:00" },
  },
]);

const config = (revision: string) => ({ config: [{ revision }] });

cases("of several deployments that together run a service", [
  {
    rule: "the newest gives its deployment and actor, and each component has its own commit",
    given: [
      succeeded("08:00", names(["api", 1], ["web", 1]), {
        ...committed("old"),
        actor: "hubot",
        cluster: "eu-1",
      }),
      succeeded("09:00", names(["web", 2]), {
        ...partly,
        ...committed("new"),
        deployment: deployment("2"),
        actor: "octocat",
      }),
    ],
    answers: {
      deployment: deployment("2"),
      deployedBy: "octocat",
      cluster: null,
      components: [
        { component: "api", commit: { sha: sha("old"), evidence: "deployment" } },
        { component: "web", commit: { sha: sha("new"), evidence: "deployment" } },
      ],
    },
  },
  {
    rule: "the configurations of all are needed, the newest first",
    given: [
      succeeded("08:00", names(["api", 1], ["web", 1]), config("whole")),
      succeeded("09:00", names(["web", 2]), { ...partly, ...config("part") }),
    ],
    answers: { config: [{ revision: "part" }, { revision: "whole" }] },
  },
  {
    rule: "what no longer runs anything gives no configuration",
    given: [
      succeeded("08:00", names(["web", 1]), config("whole")),
      succeeded("09:00", names(["web", 2]), { ...partly, ...config("part") }),
    ],
    answers: { config: [{ revision: "part" }], since: "09:00" },
  },
]);

cases("of what is seen beside components that were deployed on their own", [
  {
    rule: "a container that nobody named is no drift, and is shown",
    given: [part("09:00", ["web", 2]), observed("09:20", names(["sidecar", 1], ["web", 2]))],
    answers: { ...runs(["sidecar", 1], ["web", 2]), drift: null, warnings: [] },
  },
  {
    rule: "it is drift beside a deployment of the whole service",
    given: [whole, observed("09:20", names(["api", 1], ["sidecar", 1], ["web", 1], ["worker", 1]))],
    answers: {
      ...runs(["api", 1], ["sidecar", 1], ["web", 1], ["worker", 1]),
      drift: { observedAt: time("09:20") },
    },
  },
  {
    rule: "another image of the component itself is drift",
    given: [part("09:00", ["web", 2]), observed("09:20", names(["sidecar", 1], ["web", 3]))],
    answers: { ...runs(["sidecar", 1], ["web", 3]), drift: { observedAt: time("09:20") } },
  },
]);
