/** Any history of deployments: the audit report finds what plain code finds in the plan of it, and nothing else. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { audit } from "../../functions/queries/audit/audit.ts";
import type { Statement } from "../../schemas/fact.ts";
import { controlsOf, type Planned, type PlannedFreeze, type Verdict } from "../oracle/audit.ts";
import { digestOf, type Given, given, repositoryOf, said, shaOf } from "./given.ts";

const START = Date.parse("2026-10-01T00:00:00.000Z");
const HOUR = 3_600_000;
const timeAt = (hours: number): string => new Date(START + Math.round(hours * HOUR)).toISOString();

const SOURCE = "/webhooks/github/github.com/acme/billing";
const REPOSITORY = "https://github.com/acme/billing";
const SERVICE = "acme/billing";
/** Deployments lie so far apart that no verdict of one is nearer to another. */
const APART = 100;

const person = fc.constantFrom("ann", "bob", "cyd");
const verdict: fc.Arbitrary<Verdict> = fc.record({
  of: fc.constantFrom("change", "deployment", "commit"),
  by: person,
  hours: fc.integer({ min: -9, max: 9 }).map((hours) => hours + 0.5),
  verdict: fc.constantFrom("approved", "approved", "changes_requested"),
  isOnHead: fc.boolean(),
});
const planned = fc.record({
  ended: fc.constantFrom("succeeded", "succeeded", "succeeded", "failed", "never"),
  isRollback: fc.boolean(),
  actor: fc.option(person, { nil: undefined }),
  build: fc.constantFrom("verified", "verified", "declared", "none"),
  authors: fc.option(fc.uniqueArray(person, { maxLength: 2 }), { nil: undefined }),
  verdicts: fc.uniqueArray(verdict, { maxLength: 4, selector: ({ hours }) => hours }),
  isLate: fc.boolean(),
  isExcepted: fc.boolean(),
}) satisfies fc.Arbitrary<Omit<Planned, "hour">>;
const history = fc
  .array(planned, { minLength: 1, maxLength: 4 })
  .map((all): Planned[] => all.map((one, n) => ({ ...one, hour: (n + 1) * APART })));
const freeze: fc.Arbitrary<PlannedFreeze> = fc.record({
  fromHour: fc.integer({ min: 0, max: 400 }).map((hour) => hour + 0.25),
  toHour: fc.integer({ min: 0, max: 600 }).map((hour) => hour + 0.75),
  allowsRollbacks: fc.boolean(),
});

const KIND = {
  succeeded: "deployment.succeeded",
  failed: "deployment.failed",
  never: "deployment.started",
} as const;

/** The statements of one planned deployment: its own is the last. */
function statementsOf(one: Planned, n: number): Statement[] {
  const [digest, head, merge] = [digestOf(`image ${n}`), shaOf(`head ${n}`), shaOf(`merge ${n}`)];
  const deployment = { provider: "github", instance: "github.com", id: String(n) };
  const change = { repository: REPOSITORY, number: n + 1 };
  const verdicts = one.verdicts.map(({ of, by, hours, verdict, isOnHead }) =>
    said("evidence.attached", timeAt(one.hour + hours), {
      ...{ source: SOURCE, by, verdict, type: of === "change" ? "pull_request_review" : "approval" },
      ...(of === "deployment" ? { deployment } : {}),
      ...(of === "commit" ? { commit: merge } : {}),
      ...(of === "change" ? { change, commit: isOnHead ? head : shaOf(`older ${n}`) } : {}),
    }),
  );
  const built = said("artifact.built", timeAt(one.hour - 20), {
    ...{ source: SOURCE, digest, commit: { repository: REPOSITORY, sha: merge } },
    ...(one.build === "verified" ? { evidence: "slsa", verified: true } : { evidence: "declared" }),
  });
  const merged = said("change.merged", timeAt(one.hour - 21), {
    ...{ source: SOURCE, ...change, head, mergeCommit: merge, title: "a change" },
    authors: one.authors ?? [],
  });
  const deployed = said(KIND[one.ended], timeAt(one.hour), {
    ...{ source: SOURCE, environment: "production", service: SERVICE, deployment },
    components: [{ component: "main", repository: repositoryOf(SERVICE), digest }],
    ...(one.actor === undefined ? {} : { actor: one.actor }),
    ...(one.isRollback ? { rollback: true } : {}),
  });
  return [
    ...verdicts,
    ...(one.build === "none" ? [] : [built]),
    ...(one.authors === undefined ? [] : [merged]),
    deployed,
  ];
}

async function recordFreeze(ledger: Given, frozen: PlannedFreeze, plan: readonly Planned[]): Promise<void> {
  const place = { source: "/asof/freezes", environment: "production" };
  const { fromHour, toHour, allowsRollbacks } = frozen;
  await ledger.tell(
    said("environment.frozen", timeAt(fromHour), {
      ...{ ...place, until: timeAt(toHour), reason: "the quarter's end" },
      ...(allowsRollbacks ? { allowRollbacks: true } : {}),
    }),
  );
  for (const [n, { isExcepted }] of plan.entries())
    if (isExcepted)
      await ledger.tell(
        said("environment.unfrozen", timeAt(fromHour + 0.01 * (n + 1)), {
          ...{ ...place, digest: digestOf(`image ${n}`), reason: "it has to" },
        }),
      );
}

it("finds in any history what plain code finds in the plan of it", async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.option(freeze, { nil: undefined }), async (plan, asked) => {
      const frozen = asked === undefined || asked.fromHour >= asked.toHour ? undefined : asked;
      const ledger = await given();
      for (const [n, one] of plan.entries()) {
        const statements = statementsOf(one, n);
        for (const [at, statement] of statements.entries()) {
          const isLate = one.isLate && at === statements.length - 1;
          await ledger.tell(statement, isLate ? timeAt(one.hour + 2) : undefined);
        }
      }
      if (frozen !== undefined) await recordFreeze(ledger, frozen, plan);
      const period = { environment: "production", from: timeAt(0), to: timeAt(1000) };
      const report = await audit(ledger.at(timeAt(1000)), period, { people: ledger.people });
      const found = report?.changes.map(({ deployment, findings }) => [
        deployment?.id,
        findings.map(({ control }) => control).sort(),
      ]);
      expect(found).toEqual(plan.map((one, n) => [String(n), controlsOf(one, frozen)]));
      const counts = report?.controls.reduce((sum, { count }) => sum + count, 0);
      expect(counts).toBe(plan.flatMap((one) => controlsOf(one, frozen)).length);
      expect(report?.totals.reduce((sum, { changes }) => sum + changes, 0)).toBe(plan.length);
    }),
  );
});
