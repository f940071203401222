/**
 * The store as a bound reader sees it: without the facts, names and counts that the reader's grants leave out. Answers
 * are made from this, so none of them can show or depend on what is left out.
 */
import { type Fact, isAboutAnother } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { EVERYWHERE } from "../access-patterns.ts";
import { pagesOf, type Reads } from "../loader.ts";
import { placeNamed } from "../names/directory-names.ts";
import { allNames, mergedNames, pageOfNames } from "../names/name-pages.ts";
import type { Directory, Name, Page, Range, RecordedPartition } from "../store.ts";
import { type Grants, isBound, isGranted, maySee } from "./grants.ts";

const PAGE = 1000;

/** Whether the names of a directory may be read at all. */
function isOpen(who: Grants, directory: Directory): boolean {
  if (directory.of === "repositories") return false;
  if ("environment" in directory && directory.environment !== EVERYWHERE)
    if (!isGranted(who, "environments", directory.environment)) return false;
  if ("service" in directory && !isGranted(who, "services", directory.service)) return false;
  return !("repository" in directory) || isGranted(who, "repositories", directory.repository);
}

/** Whether a reader may see a name of a directory. */
function isShown(who: Grants, directory: Directory, { shown }: Name): boolean {
  switch (directory.of) {
    case "services":
    case "catalog":
    case "described":
      return isGranted(who, "services", shown);
    case "environments":
    case "places":
    case "group":
      return isGranted(who, "environments", shown);
    case "frozen": {
      const { environment, service } = placeNamed(shown);
      return (
        isGranted(who, "environments", environment) &&
        (service === undefined || isGranted(who, "services", service))
      );
    }
    default:
      return true;
  }
}

/**
 * The names that several places contribute to, from the directories of those that the reader is granted: who is granted
 * another place decides neither whether a name is there nor how it is spelt.
 */
async function gathered(store: Reads, who: Grants, directory: Directory): Promise<Name[] | undefined> {
  const { environments, services } = who;
  if (directory.of === "environments" && services !== undefined) {
    const places = services.map((service) => allNames(store, { of: "places", service: fold(service) }));
    return (await Promise.all(places)).flat();
  }
  if (directory.of === "catalog" && environments !== undefined) {
    const found = environments.map((environment) =>
      allNames(store, { of: "services", environment: fold(environment) }),
    );
    return (await Promise.all(found)).flat();
  }
  if (directory.of === "catalog" && services !== undefined) {
    const known = await allNames(store, directory);
    return known.filter(({ shown }) => isGranted(who, "services", shown));
  }
  // Any service of an environment may put it into a group.
  if (directory.of === "group" && services !== undefined) return [];
  return undefined;
}

/** The facts that the reader may see. One about another fact names no place, and is seen with that fact. */
async function visibleIn(store: Reads, who: Grants, facts: readonly Fact[]): Promise<Fact[]> {
  const targets = facts.flatMap((fact) => (isAboutAnother(fact) ? [fact.target] : []));
  const found = targets.length === 0 ? [] : await store.get(targets);
  const seen = new Set(found.filter((fact) => maySee(who, fact)).map(({ source, id }) => `${source} ${id}`));
  return facts.filter((fact) =>
    isAboutAnother(fact) ? seen.has(`${fact.target.source} ${fact.target.id}`) : maySee(who, fact),
  );
}

/** The store as the holder of these grants may read it; the store itself where the holder is not bound. */
export function seenBy<S extends Reads>(store: S, who: Grants): S {
  if (!isBound(who)) return store;

  async function queryRecorded(partition: RecordedPartition, range: Range): Promise<Page<Fact>> {
    const page = await store.queryRecorded(partition, range);
    return { ...page, entries: await visibleIn(store, who, page.entries) };
  }

  /** When the first fact of a source became known that the reader may see. */
  async function firstOf(source: string, days: readonly Name[]): Promise<string | undefined> {
    for (const { name: day } of days)
      for await (const [fact] of pagesOf((cursor) =>
        queryRecorded({ of: "source", source, day }, { limit: PAGE, ...cursor }),
      ))
        if (fact !== undefined) return fact.recordedAt;
    return undefined;
  }

  async function names(directory: Directory, range: Range): Promise<Page<Name>> {
    if (!isOpen(who, directory)) return { entries: [] };
    const listed = await gathered(store, who, directory);
    if (listed !== undefined)
      return pageOfNames(mergedNames(listed.filter((name) => isShown(who, directory, name))), range);
    const page = await store.names(directory, range);
    if (directory.of !== "sources")
      return { ...page, entries: page.entries.filter((name) => isShown(who, directory, name)) };
    const sources = await Promise.all(
      page.entries.map(async (one) => {
        const days = await allNames(store, { of: "days", source: one.name });
        const recordedAt = await firstOf(one.name, days);
        return recordedAt === undefined ? [] : [{ ...one, recordedAt }];
      }),
    );
    return { ...page, entries: sources.flat() };
  }

  return {
    ...store,
    get: async (identities) => visibleIn(store, who, await store.get(identities)),
    // A retraction is indexed next to its target, and has no effect without it.
    query: async (partition, range) => {
      const page = await store.query(partition, range);
      return { ...page, entries: page.entries.filter(({ fact }) => maySee(who, fact)) };
    },
    queryRecorded,
    count: async (partition, to) => {
      let count = 0;
      const range = { limit: PAGE, ...(to === undefined ? {} : { to }) };
      for await (const page of pagesOf((cursor) => queryRecorded(partition, { ...range, ...cursor })))
        count += page.length;
      return count;
    },
    names,
  };
}
