/**
 * Renames of services and environments. A name means what has it now. A former name keeps its meaning, because senders
 * that do not know of the rename report it for a while. If something else is renamed to that name, it means that from
 * then on.
 */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import type { Grants } from "../authority/grants.ts";
import { EVER } from "../fact-reader.ts";

/** What has names that may change. */
export const RENAMABLE = ["environment", "service"] as const;
export type Renamable = (typeof RENAMABLE)[number];

/** A rename, with folded names. */
interface Rename {
  readonly from: string;
  readonly to: string;
  /** The new name as it was reported. */
  readonly shown: string;
  readonly at: string;
}

/** All known renames, oldest first. */
export type NameRenames = Readonly<Record<Renamable, readonly Rename[]>>;

type Renamed = FactOf<"service.renamed" | "environment.renamed">;

const isRenamed = (fact: Fact): fact is Renamed =>
  fact.kind === "service.renamed" || fact.kind === "environment.renamed";

/** @param facts all renames that are known, in order */
export function nameRenamesIn(facts: readonly Fact[]): NameRenames {
  const renamesOf = (kind: Renamed["kind"]): Rename[] =>
    facts
      .filter(isRenamed)
      .filter((fact) => fact.kind === kind)
      .map(({ from, to, occurredAt }) => ({ from: fold(from), to: fold(to), shown: to, at: occurredAt }));
  return { environment: renamesOf("environment.renamed"), service: renamesOf("service.renamed") };
}

/** Whether nothing was ever renamed, which is the usual case: names then mean what they say. */
export const isNothingRenamed = ({ environment, service }: NameRenames): boolean =>
  environment.length === 0 && service.length === 0;

/** Whether any rename is about a name. */
const isTouched = (renames: readonly Rename[], name: string): boolean =>
  renames.some(({ from, to }) => from === name || to === name);

interface Meant {
  /** The present name, folded. */
  readonly name: string;
  /** The rename that gave it; absent if what was meant has the name still. */
  readonly by?: Rename;
}

/** What a name (folded) meant at a time, by its present name. */
function meantBy(renames: readonly Rename[], name: string, at: string): Meant {
  const last = renames.findLastIndex((one) => one.at <= at && (one.from === name || one.to === name));
  const given = renames[last];
  let meant: Meant = given?.from === name ? { name: given.to, by: given } : { name };
  for (const rename of renames.slice(last + 1))
    if (rename.from === meant.name) meant = { name: rename.to, by: rename };
  return meant.name === name ? { name } : meant;
}

/** The present name of what a name (as given) meant at a time, by default: means now. Unchanged where it is the same. */
export function presentName(renames: readonly Rename[], given: string, at = EVER): string {
  const name = fold(given);
  return meantBy(renames, name, at).by?.shown ?? given;
}

/** The rename by which a name of a question came to mean something that is called otherwise now; or undefined. */
export const givenUpBy = (renames: readonly Rename[], given: string): Rename | undefined =>
  renames.findLast(
    ({ from }) => from === fold(given) && meantBy(renames, fold(given), EVER).name !== fold(given),
  );

/** Everything that a name (folded) meant at some time, by present names. */
export function meanings(renames: readonly Rename[], name: string): Meant[] {
  if (!isTouched(renames, name)) return [{ name }];
  const all = ["", ...renames.map(({ at }) => at)].map((at) => meantBy(renames, name, at));
  return [...new Map(all.map((meant) => [meant.name, meant])).values()];
}

/** Every name under which facts of a service or environment are recorded, by its present name (folded). */
export function namesOver(renames: readonly Rename[], present: string): string[] {
  if (!isTouched(renames, present)) return [present];
  const names = new Set(renames.flatMap(({ from, to }) => [from, to]));
  return [...names].filter((name) => meanings(renames, name).some((one) => one.name === present));
}

/** Inclusive times in which names (folded) meant what is called so now; without bounds: always. */
export interface MeantSpan {
  readonly from?: string;
  readonly to?: string;
}

/** The spans in which each of these names meant what its `present` name says. */
export function spansMeaning(
  renames: NameRenames,
  names: readonly { readonly what: Renamable; readonly name: string; readonly present: string }[],
): MeantSpan[] {
  const times = names.flatMap(({ what, name }) =>
    renames[what].filter(({ from, to }) => from === name || to === name).map(({ at }) => at),
  );
  const starts = ["", ...new Set(times.toSorted())];
  return starts.flatMap((from, n): MeantSpan[] => {
    const next = starts[n + 1];
    const isMeant = names.every(
      ({ what, name, present }) => meantBy(renames[what], name, from).name === present,
    );
    if (!isMeant) return [];
    return [
      {
        ...(from === "" ? {} : { from }),
        ...(next === undefined ? {} : { to: new Date(Date.parse(next) - 1).toISOString() }),
      },
    ];
  });
}

/** A fact with the present names of what it is about; the same object where they are what it says. */
export function underPresentNames<F extends Fact>(renames: NameRenames, fact: F): F {
  if (isNothingRenamed(renames)) return fact;
  const at = fact.occurredAt;
  const named = (what: Renamable) => (name: string) => presentName(renames[what], name, at);
  const environment = named("environment");
  const changes = {
    ...("environment" in fact && fact.environment !== undefined
      ? { environment: environment(fact.environment) }
      : {}),
    ...("service" in fact && fact.service !== undefined ? { service: named("service")(fact.service) } : {}),
    ...("environments" in fact && fact.environments !== undefined
      ? { environments: fact.environments.map(environment) }
      : {}),
    ...("places" in fact && fact.places !== undefined
      ? { places: fact.places.map((one) => ({ ...one, environment: environment(one.environment) })) }
      : {}),
  };
  const before = new Map<string, unknown>(Object.entries(fact));
  const isSame = Object.entries(changes).every(
    ([field, value]) => JSON.stringify(before.get(field)) === JSON.stringify(value),
  );
  return isSame ? fact : { ...fact, ...changes };
}

/** The same grants, which hold for what is granted under its present name, too. */
export function grantsByPresentNames<G extends Grants>(renames: NameRenames, grants: G): G {
  const both = (what: Renamable, names: readonly string[] | undefined) =>
    names?.flatMap((name) => [...new Set([name, presentName(renames[what], name)])]);
  const environments = both("environment", grants.environments);
  const services = both("service", grants.services);
  return {
    ...grants,
    ...(environments === undefined ? {} : { environments }),
    ...(services === undefined ? {} : { services }),
  };
}
