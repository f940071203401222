/** Where images ran: by deployments, observations and tasks that name their digests. */
import type { Place } from "../../schemas/answer.ts";
import type { Fact, FactOf } from "../../schemas/fact.ts";
import type { AsOf } from "../ledger/as-of.ts";
import { canonical, newestFirst } from "../ledger/canonical.ts";
import { take } from "../ledger/directories.ts";
import { distinct, EVER, history } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import type { Aspect } from "../ledger/store.ts";

/** Maximum number of places in an answer; the newest ones. */
export const PLACES_MAX = 100;

const WHAT = {
  "deployment.started": "started",
  "deployment.succeeded": "deployed",
  "deployment.failed": "failed",
  "deployment.removed": "removed",
  "deployment.observed": "observed",
  "task.observed": "observed",
} as const;

export type Ran = FactOf<keyof typeof WHAT>;
export const isRan = (fact: Fact): fact is Ran => fact.kind in WHAT;

const placeOf = (fact: Ran): Place => ({
  environment: fact.environment,
  service: fact.service ?? null,
  what: WHAT[fact.kind],
  at: fact.occurredAt,
  ...(fact.deployment === undefined ? {} : { deployment: fact.deployment }),
  fact: { source: fact.source, id: fact.id },
});

/** Keeps the newest task of each deployment, and none if the deployment itself names the image. */
function withoutRepeats(facts: readonly Ran[]): Ran[] {
  const deploymentOf = ({ environment, deployment }: Ran) => canonical([environment, deployment ?? null]);
  const seen = new Set(facts.filter(({ kind }) => kind !== "task.observed").map(deploymentOf));
  return facts.filter((fact) => {
    if (fact.kind !== "task.observed") return true;
    const isNew = !seen.has(deploymentOf(fact));
    seen.add(deploymentOf(fact));
    return isNew;
  });
}

export interface Places {
  readonly ran: Place[];
  /** Whether there are more places than returned. */
  readonly more: boolean;
}

/** The newest of these facts as places. */
export function placesOf(facts: readonly Ran[], isCut = false): Places {
  const places = withoutRepeats(distinct(facts).sort(newestFirst)).map(placeOf);
  return { ran: places.slice(0, PLACES_MAX), more: isCut || places.length > PLACES_MAX };
}

/** The newest facts by a moment that show where any of these digests ran. `isCut`: there are more. */
export async function ranFacts(
  moment: AsOf,
  digests: readonly string[],
): Promise<{ facts: Ran[]; isCut: boolean }> {
  const readings = digests.flatMap((digest) =>
    (["deployed", "task"] as const).map((aspect) => ({ of: "digest", digest, aspect }) as const),
  );
  const found = await mapLimit(AT_ONCE, readings, (partition) =>
    take(history(moment, partition, { to: moment.at, descending: true }), PLACES_MAX),
  );
  return {
    facts: found.flatMap(({ taken }) => taken).filter(isRan),
    isCut: found.some(({ more }) => more),
  };
}

/** Whether any known fact of this aspect names a digest, whenever it happened. */
export async function isNamed(moment: AsOf, digest: string, aspect: Aspect): Promise<boolean> {
  const { taken } = await take(history(moment, { of: "digest", digest, aspect }, { to: EVER }), 1);
  return taken.length > 0;
}
