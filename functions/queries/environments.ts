/** The environments in which something runs, each with the time of its newest fact. */
import type { Environments } from "../../schemas/answer.ts";
import { fold } from "../../schemas/scalars.ts";
import { monthOf } from "../ledger/access-patterns.ts";
import { type AsOf, isSettled, reachOf } from "../ledger/as-of.ts";
import { newestFirst } from "../ledger/canonical.ts";
import { nextCursor, type Paging, placeOf, sizeOf } from "../ledger/cursor.ts";
import { newest } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { allKnownNames, knownNames, namesIn, take } from "../ledger/names/directories.ts";
import type { Name } from "../ledger/store.ts";
import { type EffectiveDeployments, effectiveDeploymentsAt } from "./release/deployment-reader.ts";

const QUESTION = "the environments";

/** Whether any claimed or observed component is in effect. */
export const isAnythingRunning = ({ claimed, decided, observation }: EffectiveDeployments): boolean =>
  [...claimed.keys()].some((component) => !decided.has(component)) ||
  observation?.components.some(({ component }) => decided.has(fold(component))) === true;

/** Page size: the newest month nearly always has a fact that counts. */
const MONTHS = 2;

/** When the newest known fact of an environment happened, without retracted ones; null if there is none. */
async function silentSince(moment: AsOf, environment: string): Promise<string | null> {
  const months = { of: "months", environment } as const;
  const span = { to: monthOf(moment.at), descending: true };
  for await (const { name: month } of namesIn(moment, months, span, MONTHS)) {
    const last = await newest(moment, { of: "timeline", environment, month }, moment.at);
    if (last !== undefined) return last.occurredAt;
  }
  return null;
}

type Entry = Environments["environments"][number];

/** The group that the newest claim or observation of a service names. */
function groupOf({ lastClaim, observation }: EffectiveDeployments): string | undefined {
  const newest = [lastClaim, observation].filter((fact) => fact !== undefined).sort(newestFirst);
  return newest.find(({ group }) => group !== undefined)?.group;
}

/** Groups that differ in case alone are one: the spelling that sorts first. */
function distinctGroups(groups: readonly string[]): string[] {
  const found = new Map<string, string>();
  for (const group of [...groups].sort()) if (!found.has(fold(group))) found.set(fold(group), group);
  return [...found.values()];
}

/**
 * The environments in which something runs. Services are checked concurrently, each as a question of its own: sharing
 * one loader would keep the reads of all of them in memory.
 */
async function entriesOf(moment: AsOf, names: readonly Name[]): Promise<Entry[]> {
  const services = await mapLimit(AT_ONCE, names, ({ name: environment }) =>
    allKnownNames(moment, { of: "services", environment }),
  );
  const places = names.flatMap(({ name: environment }, n) =>
    (services[n] ?? []).map(({ name: service }) => ({ environment, service })),
  );
  const running = new Map<string, { readonly group: string | undefined }[]>();
  await mapLimit(AT_ONCE, places, async (place) => {
    const effective = await effectiveDeploymentsAt(moment, place, reachOf(moment));
    if (!isAnythingRunning(effective)) return;
    const own = running.get(place.environment) ?? [];
    running.set(place.environment, own);
    own.push({ group: groupOf(effective) });
  });
  const alive = names
    .map((environment, n) => ({
      environment,
      services: services[n]?.length ?? 0,
      own: running.get(environment.name) ?? [],
    }))
    .filter(({ own }) => own.length > 0);
  return mapLimit(AT_ONCE, alive, async ({ environment, services, own }) => {
    const groups = distinctGroups(own.flatMap(({ group }) => group ?? []));
    return {
      environment: environment.shown,
      running: own.length,
      services,
      silentSince: await silentSince(moment, environment.name),
      ...(groups.length === 0 ? {} : { groups }),
    };
  });
}

/**
 * Answers with the environments where something runs. The page limit counts environments that are checked, not those
 * that are returned, so that many past review environments make a page shorter, not slower.
 */
export async function environments(moment: AsOf, paging: Paging = {}): Promise<Environments> {
  const [after] = placeOf(QUESTION, paging);
  const found = knownNames(moment, { of: "environments" }, { after });
  const { taken, more } = await take(found, sizeOf(paging, 50, 100));
  return {
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    environments: await entriesOf(moment, taken),
    next: nextCursor(QUESTION, more, taken.at(-1)?.name),
  };
}
