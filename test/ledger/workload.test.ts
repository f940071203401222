/** What runs a service in its cluster: a release says so, and a plan sets its images there. */
import { expect, it } from "vitest";
import { plan } from "../../functions/plan/plan.ts";
import { release } from "../../functions/queries/release/release.ts";
import { day, deployed, given, observed, removed } from "./given.ts";

const PLACE = { environment: "production", service: "acme/billing" };
const IN_CLUSTER = { cluster: "eu-1", namespace: "billing" };
const of = (image: string, at: string) => deployed(PLACE.environment, PLACE.service, image, at, IN_CLUSTER);
const seen = (image: string, at: string, more: object = { workload: "StatefulSet" }) =>
  observed(PLACE.environment, PLACE.service, image, at, { ...IN_CLUSTER, ...more });

it("is what was last seen, also where a deployer reports the release", async () => {
  const ledger = await given(of("a", day(1)), seen("a", day(2)), of("b", day(3)));
  const workloadAt = async (at: string) => (await release(ledger.at(at), PLACE))?.workload;
  expect(await workloadAt(day(1))).toBeUndefined();
  expect(await workloadAt(day(2))).toBe("StatefulSet");
  expect(await workloadAt(day(3))).toBe("StatefulSet");
  await ledger.tell(seen("b", day(4), {}));
  expect(await workloadAt(day(4))).toBeUndefined();
  await ledger.tell(removed(PLACE.environment, PLACE.service, day(5)));
  expect(await workloadAt(day(5))).toBeUndefined();
});

it("has its images set by a plan", async () => {
  const ledger = await given(of("a", day(1)), seen("a", day(2)), of("b", day(3)));
  const planned = await plan(ledger.at(day(4)), PLACE, { aim: { at: day(2) } });
  const commands = (planned?.steps ?? []).flatMap((step) => step.commands.map(({ shell }) => shell));
  expect(commands.filter((one) => one.includes("set image")).join()).toContain("statefulset/billing");
});
