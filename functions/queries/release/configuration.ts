/** Configuration of a release: one revision for each place (a repository and a path in it), the newest. */
import type { Configuration } from "../../../schemas/fact.ts";
import { bareUrl } from "../../../schemas/words/repository-url.ts";
import { canonical, newestFirst } from "../../ledger/canonical.ts";
import type { Claim, Observation } from "./effective-deployments.ts";

/** The key of a place of configuration. */
export const locationOf = ({ repository, path }: Configuration): string =>
  canonical([repository === undefined ? "" : bareUrl(repository), path ?? ""]);

/**
 * Whether two entries of one place hold the same. Equal digests do, whatever the revision: a commit of a repository of
 * manifests changes the revision of every service, and the content of a few.
 */
export const isSameConfiguration = (a: Configuration, b: Configuration): boolean =>
  locationOf(a) === locationOf(b) &&
  (a.digest !== undefined && b.digest !== undefined ? a.digest === b.digest : a.revision === b.revision);

/** A place whose configuration differs. A side is null if no fact reports one there. */
export interface ConfigurationChange {
  readonly from: Configuration | null;
  readonly to: Configuration | null;
}

type Config = readonly Configuration[];

/** Entries by place. Several entries of one place are numbered: without a repository and a path, it has no name. */
function byLocation(config: Config): Map<string, Configuration> {
  const places = new Map<string, Configuration>();
  for (const one of [...config].sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1))) {
    const location = locationOf(one);
    let key = location;
    for (let n = 2; places.has(key); n++) key = `${location} ${n}`;
    places.set(key, one);
  }
  return places;
}

/** The places whose configuration differs, in a stable order. */
export function configurationChanges(from: Config, to: Config): ConfigurationChange[] {
  const isIn = (one: Configuration, others: Config) =>
    others.some((other) => isSameConfiguration(one, other));
  const before = byLocation(from.filter((one) => !isIn(one, to)));
  const after = byLocation(to.filter((one) => !isIn(one, from)));
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((key) => ({ from: before.get(key) ?? null, to: after.get(key) ?? null }));
}

/** The configuration that these facts set together: of each place, what the newest fact that names it says. */
export function configurationOf(facts: readonly (Claim | Observation)[]): Configuration[] {
  const found: Configuration[] = [];
  const known = new Set<string>();
  const texts = new Set<string>();
  for (const { config = [], scope } of [...facts].sort(newestFirst)) {
    const entries = config.map((one) => ({ one, location: locationOf(one), text: canonical(one) }));
    const own = new Map(
      entries
        .filter(({ location, text }) => !known.has(location) && !texts.has(text))
        .map((entry) => [isNamed(entry.one) ? entry.location : entry.text, entry] as const)
        // Of two entries of one place in one fact, the first counts.
        .toReversed(),
    );
    found.push(...[...own.values()].toReversed().map(({ one }) => one));
    // Configuration without a place, deployed with some components, may be of these alone.
    for (const { one, location } of entries) if (isNamed(one) || scope !== "components") known.add(location);
    for (const { text } of own.values()) texts.add(text);
  }
  return found;
}

const isNamed = ({ repository, path }: Configuration): boolean =>
  repository !== undefined || path !== undefined;
