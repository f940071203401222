/** Decides which facts of the span an export holds. */
import type { Fact, Kind } from "../../../schemas/fact.ts";
import { isAboutAnother } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { MAX_AHEAD_MS } from "../as-of.ts";
import { pagesOf, type Reads } from "../loader.ts";
import { type Extent, exportFacts } from "./export.ts";

export interface Filter {
  readonly environment?: string | undefined;
  readonly group?: string | undefined;
  readonly service?: string | undefined;
  readonly kind?: readonly Kind[] | undefined;
}

/** Which time of a fact lies in the span. */
export type ByTime = "recordedAt" | "occurredAt";

const PAGE = 300;

/** The environments that are asked for, folded; undefined: all. */
async function environmentsOf(
  store: Reads,
  { environment, group }: Filter,
): Promise<ReadonlySet<string> | undefined> {
  if (environment !== undefined) return new Set([fold(environment)]);
  if (group === undefined) return undefined;
  const names = new Set<string>();
  const directory = { of: "group", group: fold(group) } as const;
  for await (const page of pagesOf((cursor) => store.names(directory, { limit: PAGE, ...cursor })))
    for (const { name } of page) names.add(name);
  return names;
}

/** Whether a fact is of a place: facts that name no environment, or no service, are not. */
function isAt(
  fact: Fact,
  environments: ReadonlySet<string> | undefined,
  service: string | undefined,
): boolean {
  const named = "environment" in fact && fact.environment !== undefined ? [fact.environment] : [];
  const listed = "environments" in fact && fact.environments !== undefined ? fact.environments : [];
  const isThere =
    environments === undefined || [...named, ...listed].some((one) => environments.has(fold(one)));
  if (!isThere || service === undefined) return isThere;
  return "service" in fact && fact.service !== undefined && fold(fact.service) === fold(service);
}

/** Of facts about others, such as retractions, those whose target is of the place. */
async function targetsAt(
  store: Reads,
  facts: readonly Fact[],
  isWanted: (fact: Fact) => boolean,
): Promise<ReadonlySet<string>> {
  const targets = facts.flatMap((fact) => (isAboutAnother(fact) ? [fact.target] : []));
  const found = targets.length === 0 ? [] : await store.get(targets);
  return new Set(found.filter(isWanted).map(({ source, id }) => `${source} ${id}`));
}

/**
 * The facts of a span that a filter lets through, in the order of recording.
 * @param extent `until`: the last time of recording, for facts recorded later may still appear
 */
export async function* filteredFacts(
  store: Reads,
  by: ByTime,
  filter: Filter,
  extent: Extent & { readonly until: string },
): AsyncGenerator<readonly Fact[]> {
  const { from, to, until } = extent;
  const { service, kind } = filter;
  const environments = await environmentsOf(store, filter);
  const kinds = kind === undefined ? undefined : new Set<Kind>(kind);
  const isPlaced = environments !== undefined || service !== undefined;
  const isThere = (fact: Fact): boolean => isAt(fact, environments, service);
  const isInTime = ({ occurredAt }: Fact): boolean =>
    by === "recordedAt" || (occurredAt >= from && occurredAt <= to);
  const recorded =
    by === "recordedAt"
      ? { ...extent, to: to < until ? to : until }
      : { ...extent, from: new Date(Math.max(0, Date.parse(from) - MAX_AHEAD_MS)).toISOString(), to: until };
  for await (const facts of exportFacts(store, recorded)) {
    const some = facts.filter((fact) => isInTime(fact) && (kinds === undefined || kinds.has(fact.kind)));
    if (!isPlaced) {
      yield some;
      continue;
    }
    const targets = await targetsAt(store, some, isThere);
    yield some.filter((fact) =>
      isAboutAnother(fact) ? targets.has(`${fact.target.source} ${fact.target.id}`) : isThere(fact),
    );
  }
}
