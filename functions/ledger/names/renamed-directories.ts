/** Directories by present names: they list only names that are in use now. */
import { fold } from "../../../schemas/scalars.ts";
import type { Reads } from "../loader.ts";
import { AT_ONCE, mapLimit } from "../map-limit.ts";
import type { Directory, Name, Partition } from "../store.ts";
import { namesOf, placeName, placeNamed } from "./directory-names.ts";
import { allNames, mergedNames } from "./name-pages.ts";
import { meanings, type NameRenames, type Renamable, spansMeaning } from "./name-renames.ts";
import { type Place, placeOf, underEachName } from "./renamed-places.ts";

/** What the names of a directory name. */
const NAMES: Readonly<Partial<Record<Directory["of"], readonly Renamable[]>>> = {
  environments: ["environment"],
  places: ["environment"],
  group: ["environment"],
  services: ["service"],
  catalog: ["service"],
  described: ["service"],
  frozen: ["environment", "service"],
};

/** Everything that a name of a directory meant at some time. */
function meaningsOf(renames: NameRenames, { of }: Directory, name: Name): Name[] {
  if (of === "frozen") {
    const { environment, service } = placeNamed(name.shown);
    const shown = (what: Renamable, value: string) =>
      meanings(renames[what], fold(value)).map(({ by }) => by?.shown ?? value);
    const services = service === undefined ? [undefined] : shown("service", service);
    return shown("environment", environment)
      .flatMap((one) => services.map((other) => placeName({ environment: one, service: other })))
      .map((place) => ({ ...name, name: fold(place), shown: place }));
  }
  const [what] = NAMES[of] ?? [];
  if (what === undefined) return [name];
  return meanings(renames[what], name.name).map((one) => ({
    ...name,
    name: one.name,
    shown: one.by?.shown ?? name.shown,
  }));
}

/** A service in an environment, folded. */
interface Service {
  readonly environment: string;
  readonly service: string;
}

/** Whether the names of a place meant several things, each in its time. */
const isReused = (renames: NameRenames, { environment, service }: Service): boolean =>
  meanings(renames.environment, environment).length > 1 || meanings(renames.service, service).length > 1;

/** Whether anything was recorded under the names of a place while they meant another one, which is called so now. */
async function isRecorded(
  store: Reads,
  renames: NameRenames,
  recorded: Service,
  now: Service,
): Promise<boolean> {
  if (!isReused(renames, recorded)) return true;
  const spans = spansMeaning(
    renames,
    (["environment", "service"] as const).map((what) => ({ what, name: recorded[what], present: now[what] })),
  );
  const names = await allNames(store, { of: "service", ...recorded });
  const partitions: Partition[] = [
    ...(["run", "observed", "attempt", "tasks", "freeze"] as const).map((of) => ({ of, ...recorded })),
    ...namesOf(names, "part").map(({ name }) => ({ of: "part" as const, ...recorded, components: name })),
    ...namesOf(names, "database").map(({ name }) => ({
      of: "schema" as const,
      environment: recorded.environment,
      database: name,
    })),
  ];
  const found = await mapLimit(
    AT_ONCE,
    partitions.flatMap((partition) => spans.map((span) => ({ partition, span }))),
    async ({ partition, span }) => {
      const { entries } = await store.query(partition, { ...span, limit: PAGE });
      return entries.some(
        ({ fact }) =>
          "service" in fact && fact.service !== undefined && fold(fact.service) === recorded.service,
      );
    },
  );
  return found.includes(true);
}

const PAGE = 100;

/** The service that a name of a directory is about, as recorded and by present names; undefined for other directories. */
function placesOf(
  directory: Directory,
  now: Place,
  { recorded, present }: { readonly recorded: string; readonly present: string },
): { readonly recorded: Service; readonly now: Service } | undefined {
  const { environment = "", service = "" } = now;
  switch (directory.of) {
    case "services":
      return {
        recorded: { environment: directory.environment, service: recorded },
        now: { environment, service: present },
      };
    case "places":
      return {
        recorded: { environment: recorded, service: directory.service },
        now: { environment: present, service },
      };
    case "service":
      return {
        recorded: { environment: directory.environment, service: directory.service },
        now: { environment, service },
      };
    default:
      return undefined;
  }
}

/** Whether a directory reads otherwise than it was recorded. */
export const isRenamed = (known: NameRenames, directory: Directory): boolean =>
  underEachName(known, directory).length > 1 ||
  (NAMES[directory.of] ?? []).some((what) => known[what].length > 0);

/** All names of a directory, from under each name that it was recorded under. */
export async function namesUnder(store: Reads, known: NameRenames, asked: Directory): Promise<Name[]> {
  const now = placeOf(known, asked);
  const found = await Promise.all(
    underEachName(known, asked).map(async (directory) => {
      const names = await allNames(store, directory);
      const meant = names.flatMap((name) =>
        meaningsOf(known, directory, name).map((one) => ({ one, recorded: name.name })),
      );
      const counts = await mapLimit(AT_ONCE, meant, async ({ one, recorded }) => {
        const places = placesOf(directory, now, { recorded, present: one.name });
        return places === undefined || isRecorded(store, known, places.recorded, places.now);
      });
      return meant.flatMap(({ one }, n) => (counts[n] === true ? [one] : []));
    }),
  );
  return mergedNames(found.flat());
}
