/** The configuration of all that runs. */
import type { Release } from "../../schemas/answer.ts";
import type { Fact } from "../../schemas/fact.ts";
import type { Observation } from "./claims.ts";
import type { Joined } from "./joined.ts";
import { byOrder, fold } from "./known.ts";

type Configured = Release["config"][number];

const bare = (url: string): string => fold(url.replace(/\/+$/, "").replace(/\.git$/i, ""));
const placeOf = ({ repository, path }: Configured): string =>
  JSON.stringify([repository === undefined ? "" : bare(repository), path ?? ""]);

const textOf = ({ repository, revision, path, digest }: Configured): string =>
  JSON.stringify([repository, revision, path, digest]);

/** The configuration of all that runs: of each place, what the newest that names it says. */
export function configWith(
  { contributing: all, running }: Joined,
  seen: readonly Observation[],
): Configured[] {
  // Images that tasks show instead of those of a deployment do not have its configuration.
  const isOther = (fact: Fact) => running.some(({ by, instead }) => by === fact && instead !== undefined);
  const contributing = all.filter((fact) => !isOther(fact));
  const found: { place: string | undefined; one: Configured }[] = [];
  for (const { config = [], scope } of [...contributing, ...seen].sort(byOrder).reverse()) {
    const before = new Set(found.map(({ place }) => place));
    for (const one of config) {
      const place = placeOf(one);
      const isNamed = one.repository !== undefined || one.path !== undefined;
      const isTwice = found.some((other) =>
        isNamed ? other.place === place : textOf(other.one) === textOf(one),
      );
      // Without a place, what was deployed with some components may be of these alone.
      const isOfAll = isNamed || scope !== "components";
      if (!before.has(place) && !isTwice) found.push({ place: isOfAll ? place : undefined, one });
    }
  }
  return found.map(({ one }) => one);
}

export const configOf = (joined: Joined): Configured[] =>
  configWith(joined, joined.observation === undefined ? [] : [joined.observation.fact]);

/** Whether two sets of configuration hold the same; equal content is the same at any revision. */
export function isSameSet(ones: readonly Configured[], others: readonly Configured[]): boolean {
  const isSame = (a: Configured, b: Configured) =>
    placeOf(a) === placeOf(b) &&
    (a.digest === undefined || b.digest === undefined ? a.revision === b.revision : a.digest === b.digest);
  return (
    ones.every((one) => others.some((other) => isSame(one, other))) &&
    others.every((other) => ones.some((one) => isSame(one, other)))
  );
}
