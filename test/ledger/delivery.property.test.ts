/** Any history: the numbers of delivery are those that plain code counts in its statements. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { delivery } from "../../functions/queries/delivery/delivery.ts";
import type { Statement } from "../../schemas/fact.ts";
import { deliveryOf } from "../oracle/delivery.ts";
import { memoryStore } from "../store/memory.ts";
import { digestOf, recordFacts, said, shaOf } from "./given.ts";

const KNOWN = { knownAt: "2027-01-01T00:00:00.000Z", now: new Date("2027-01-02T00:00:00Z"), settleMs: 1000 };
const START = Date.parse("2026-10-01T00:00:00Z");
const MINUTE = 60_000;
const timeAt = (minutes: number): string => new Date(START + minutes * MINUTE).toISOString();

const service = fc.constantFrom("acme/billing", "acme/orders");
const image = fc.nat({ max: 3 });
const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant("deploy" as const),
      service,
      image,
      rollback: fc.boolean(),
      named: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant("configure" as const), service }) },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant("open" as const),
      service: fc.option(service),
      n: fc.nat({ max: 2 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ is: fc.constant("resolve" as const), n: fc.nat({ max: 2 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ is: fc.constant("built" as const), image, ago: fc.option(fc.nat({ max: 3000 })) }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constant("merged" as const), image }) },
);
type Act = typeof act extends fc.Arbitrary<infer A> ? A : never;

const PLACE = { environment: "production" };

function statementOf(one: Act, n: number, at: string): Statement {
  const deployment = { provider: "test", instance: "here", id: String(n) };
  switch (one.is) {
    case "deploy":
      return said("deployment.succeeded", at, {
        ...PLACE,
        service: one.service,
        deployment,
        components: [{ component: "main", digest: digestOf(String(one.image)) }],
        ...(one.rollback ? { rollback: true } : {}),
        ...(one.named
          ? { commit: { sha: shaOf(String(one.image)), committedAt: timeAt(-100 * (one.image + 1)) } }
          : {}),
      });
    case "configure":
      return said("deployment.succeeded", at, {
        ...PLACE,
        service: one.service,
        deployment,
        config: [{ revision: shaOf(String(n)) }],
      });
    case "open":
      return said("incident.opened", at, {
        ...PLACE,
        ...(one.service === null ? {} : { service: one.service }),
        incident: String(one.n),
        title: "it is slow",
      });
    case "resolve":
      return said("incident.resolved", at, { ...PLACE, incident: String(one.n), title: "it is slow" });
    case "built":
      return said("artifact.built", at, {
        digest: digestOf(String(one.image)),
        commit: {
          repository: "https://github.com/acme/billing",
          sha: shaOf(String(one.image)),
          ...(one.ago === null
            ? {}
            : { committedAt: new Date(Date.parse(at) - one.ago * MINUTE).toISOString() }),
        },
        evidence: "declared",
      });
    case "merged":
      return said("change.merged", at, {
        repository: "https://github.com/acme/billing",
        number: n + 1,
        head: shaOf(`head ${one.image}`),
        mergeCommit: shaOf(String(one.image)),
        authors: [],
        title: "Charge VAT",
      });
  }
}

/** Distinct moments; one build and one merge of each image, because two might disagree about its commit's time. */
const history = fc
  .array(fc.tuple(act, fc.integer({ min: 1, max: 1500 })), { minLength: 1, maxLength: 24 })
  .map((acts) => {
    let minutes = 0;
    const once = new Set<string>();
    return acts.flatMap(([one, pause], n) => {
      minutes += pause;
      if (one.is === "built" || one.is === "merged") {
        if (once.has(`${one.is} ${one.image}`)) return [];
        once.add(`${one.is} ${one.image}`);
      }
      return [statementOf(one, n, timeAt(minutes))];
    });
  });

it("are what plain code counts", async () => {
  const asked = fc.record({
    statements: history.filter((all) => all.some(({ kind }) => kind === "deployment.succeeded")),
    service: fc.option(service, { nil: undefined }),
    cuts: fc.tuple(fc.nat({ max: 99 }), fc.nat({ max: 99 })),
    order: fc.array(fc.nat({ max: 1000 }), { minLength: 24, maxLength: 24 }),
  });
  const property = fc.asyncProperty(asked, async ({ statements, service, cuts, order }) => {
    const moments = statements.map(({ occurredAt }) => occurredAt);
    const [one = "", other = ""] = cuts.map((cut) => moments[cut % moments.length]);
    const [from, to] = one < other ? [one, other] : [other, one];
    // Whatever the order of arrival.
    const arriving = statements
      .map((statement, n) => ({ statement, turn: order[n] ?? 0 }))
      .sort((a, b) => a.turn - b.turn);
    const store = await recordFacts(
      memoryStore(),
      arriving.map(({ statement }) => statement),
    );
    const answer = await delivery({ store, ...KNOWN }, { environment: "production", service, from, to });
    // An incident makes no service known.
    const deployed = statements.filter((one) => one.kind === "deployment.succeeded");
    const isKnown = service === undefined || deployed.some((one) => one.service === service);
    if (!isKnown) {
      expect(answer).toBeUndefined();
      return;
    }
    const expected = deliveryOf(statements, { environment: "production", service, from, to });
    expect(answer?.deployments.count).toBe(expected.count);
    expect(answer?.leadTime).toEqual(expected.lead);
    expect(answer?.changeFailureRate).toMatchObject(expected.failure);
    expect(answer?.timeToRestore).toEqual(expected.restore);
    expect(
      answer?.points.toReversed().map(({ at, leadS, failed }) => ({ at, leadS, failed: failed?.at ?? null })),
    ).toEqual(expected.points);
  });
  await fc.assert(property);
});
