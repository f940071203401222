/** Any history: the drift of a place is that of its release, and says the same of everything that runs. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { AsOf } from "../../functions/ledger/as-of.ts";
import { drift } from "../../functions/queries/drift.ts";
import { release } from "../../functions/queries/release/release.ts";
import { flat, looked } from "./apart.ts";
import { given } from "./given.ts";

const MOMENTS = 3;

/** Compares the drift of every service of an environment with its release. */
async function compare(moment: AsOf, environment: string): Promise<void> {
  const { services = [] } = (await drift(moment, { environment }, { limit: 100 })) ?? {};
  for (const one of services) {
    const its = await release(moment, { environment, service: one.service });
    expect(its).toMatchObject({ status: "running", since: one.since, drift: one.drift, seenAt: one.seenAt });
    expect(one.drift !== null).toBe(one.state === "drifting");
    // It may be that only something is missing: a component that was deployed and is not among those that were seen.
    expect(one.undeployed.length + one.missing.length > 0).toBe(
      ["drifting", "undeployed"].includes(one.state),
    );
    for (const { digest, component } of one.undeployed)
      expect(its?.components).toContainEqual(expect.objectContaining({ component, digest }));
    for (const { digest, component } of one.missing)
      expect(one.drift?.claimed).toContainEqual({ component, digest });
  }
}

it("agrees with the release of each service, whatever was reported, at any moment", () =>
  fc.assert(
    fc.asyncProperty(
      flat.map(looked),
      fc.array(fc.nat(), { minLength: 1, maxLength: MOMENTS }),
      async (said, picks) => {
        const ledger = await given(...said);
        const times = said.map(({ occurredAt }) => occurredAt);
        for (const pick of picks) {
          const moment = ledger.at(times[pick % times.length] ?? "2026-11-22T00:00:00.000Z");
          await compare(moment, "production");
          await compare(moment, "review/é");
        }
      },
    ),
  ));
