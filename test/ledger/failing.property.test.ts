/** Whatever read fails: whoever asked hears of it, no answer is another one, and the process goes on. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AsOf } from "../../functions/ledger/as-of.ts";
import { exportFacts } from "../../functions/ledger/export/export.ts";
import { REDEPLOYMENTS } from "../../functions/ledger/redeployed.ts";
import { environmentPlan } from "../../functions/plan/environment-plan.ts";
import { plan } from "../../functions/plan/plan.ts";
import { precheck } from "../../functions/plan/redeployment/request.ts";
import { redeployment } from "../../functions/plan/redeployment/status.ts";
import { diff } from "../../functions/queries/diff.ts";
import { environments } from "../../functions/queries/environments.ts";
import { freezesOf } from "../../functions/queries/gate/freezes.ts";
import { gate } from "../../functions/queries/gate/gate.ts";
import { artifact, commit, tag } from "../../functions/queries/images/artifact.ts";
import { release } from "../../functions/queries/release/release.ts";
import { snapshot } from "../../functions/queries/snapshot.ts";
import { sources } from "../../functions/queries/sources.ts";
import { timeline } from "../../functions/queries/timeline/timeline.ts";
import type { Fact, Statement } from "../../schemas/fact.ts";
import { casesOf } from "../runs.ts";
import { memoryPeople } from "../store/memory-people.ts";
import { SCENARIOS } from "../store/scenarios.ts";
import { common, HERE, IMAGE, lengthened, REPOSITORY } from "../store/told.ts";
import { expectCalm } from "./failing.ts";
import { day, given, said, shaOf } from "./given.ts";

const SERVICE = { environment: HERE.environment, service: HERE.service };
const ID = "0123456789abcdef.1";

const requested = said("redeployment.requested", day(20, "07:30"), {
  ...SERVICE,
  source: REDEPLOYMENTS,
  id: ID,
  question: { last: "good", knownAt: day(20, "07:30") },
  planHash: "0".repeat(64),
  components: [{ component: "main", repository: REPOSITORY, digest: IMAGE }],
  deadline: day(20, "12:00"),
  key: "1",
  reason: "it broke",
});

/** What people said, of whatever the scenarios tell. */
const people: readonly Statement[] = [
  said("environment.frozen", day(19, "10:00"), { environment: HERE.environment }),
  said("environment.unfrozen", day(19, "11:00"), { environment: HERE.environment }),
  said("release.marked", day(19, "13:00"), { digest: IMAGE, verdict: "good" }),
  requested,
];

async function exported({ store }: AsOf): Promise<Fact[]> {
  const facts: Fact[] = [];
  const extent = { from: day(1, "00:00"), to: day(31, "23:59") };
  for await (const some of exportFacts(store, extent)) facts.push(...some);
  return facts;
}

const click = (when: AsOf) => ({
  by: "ops",
  key: "2",
  body: {
    ...SERVICE,
    at: day(18),
    schema: "keep" as const,
    planHash: "0".repeat(64),
    reason: "it broke",
    timeoutSeconds: 600,
  },
  when,
});

const folded = { environment: HERE.environment, service: HERE.service.toLowerCase() };
const stretch = { environment: HERE.environment, from: day(10, "00:00"), to: day(26, "23:59") };

const QUESTIONS: Readonly<Record<string, (moment: AsOf) => Promise<unknown>>> = {
  release: (moment) => release(moment, HERE),
  snapshot: (moment) => snapshot(moment, { environment: HERE.environment }),
  environments: (moment) => environments(moment),
  timeline: (moment) => timeline(moment, stretch),
  "timeline of a service": (moment) => timeline(moment, { ...stretch, service: HERE.service }),
  diff: (moment) => diff(moment, { environment: HERE.environment, from: day(12), to: day(20) }),
  artifact: (moment) => artifact(moment, { digest: IMAGE }),
  commit: (moment) => commit(moment, memoryPeople(), { sha: shaOf("image").slice(0, 10) }),
  tag: (moment) => tag(moment, { repository: REPOSITORY, tag: "1.4" }),
  "plan of a moment": (moment) => plan(moment, HERE, { aim: { at: day(18) }, schema: "revert" }),
  "plan by digest": (moment) => plan(moment, HERE, { aim: { digest: IMAGE } }),
  "plan of the last good release": (moment) => plan(moment, HERE, { aim: { last: "good" } }),
  "plan of an environment": (moment) => environmentPlan(moment, HERE.environment, {}, {}),
  gate: (moment) => gate(moment, { ...HERE, digest: IMAGE }),
  redeployment: (moment) => redeployment(moment, ID),
  "request of a redeployment": (moment) => precheck(click(moment), HERE),
  sources: (moment) => sources(moment, {}, { where: "nowhere", count: 0, newest: [] }, {}),
  freezes: (moment) => freezesOf(moment, folded, day(20)),
  export: exported,
};

/** Each call of each question fails in each of them: they take seconds. */
const count = Math.min(SCENARIOS.length, casesOf(50));
const [scenarios = []] = fc.sample(
  fc.shuffledSubarray([...SCENARIOS], { minLength: count, maxLength: count }),
  1,
);

describe("a read that fails", () => {
  it.each(Object.entries(QUESTIONS))(
    "is heard by whoever asked for it, and by nobody else: %s",
    async (_, requestRedeployment) => {
      expect(scenarios).toHaveLength(count);
      for (const { what, told } of scenarios) {
        const ledger = await given(...common, ...lengthened(2), ...people, ...told(2));
        const calls = await expectCalm(ledger.store, (store) =>
          requestRedeployment({ ...ledger.at(day(20)), store }),
        );
        expect(calls, what).toBeGreaterThan(0);
      }
    },
  );
});
