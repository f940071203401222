/** Follows, commit by commit, what each service of each environment is declared to run. */
import { dirname, join } from "node:path/posix";
import type { Container } from "../../../functions/sources/deployers/workload.ts";
import type { Configuration } from "../../../schemas/fact.ts";
import { type Content, contentOf, NOTHING, ofValues, VALUES } from "./content.ts";
import { builtBy, isKustomization } from "./kustomize.ts";
import type { Place, placesBy } from "./paths.ts";
import { isReadable, type Tree } from "./tree.ts";
import { overridden } from "./values.ts";

/** A service in an environment, and what is declared of it; without units, it is no longer declared. */
export interface Target {
  readonly environment: string;
  readonly service: string;
  readonly containers: readonly Container[];
  /** Charts and repositories in their versions. */
  readonly sources: readonly Configuration[];
  /** Paths of the files, or folders of the kustomizations, that declare it. */
  readonly paths: readonly string[];
}

/** One file that is deployed by itself, as it was last read. */
interface Unit {
  readonly place: Place;
  readonly content: Content;
  readonly deps: ReadonlySet<string>;
}

type Places = ReturnType<typeof placesBy>;

const keyOf = (environment: string, service: string): string => JSON.stringify([environment, service]);

function valuesOf(tree: Tree, path: string, deps: Set<string>): Content {
  const [base, chart] = [join(dirname(path), "values.yaml"), join(dirname(path), "Chart.yaml")];
  for (const one of [base, chart]) deps.add(one);
  const own = tree.documents(path);
  if (own === undefined) return { ...NOTHING, unknown: [`${path} could not be read as YAML`] };
  const below = base === path ? {} : (tree.documents(base)?.[0] ?? {});
  const { sources } = contentOf(chart, "", tree.documents(chart) ?? []);
  return { ...ofValues(overridden(below, own[0] ?? {})), sources };
}

function read(tree: Tree, path: string, deps: Set<string>, isApart: (path: string) => boolean): Content {
  if (isKustomization(path)) return builtBy({ tree, deps, isApart }, path);
  if (VALUES.test(path)) return valuesOf(tree, path, deps);
  const documents = tree.documents(path);
  return documents === undefined
    ? { ...NOTHING, unknown: [`${path} could not be read as YAML`] }
    : contentOf(path, tree.text(path) ?? "", documents);
}

/** The services that a unit is about, by name; a unit without a service is about one for each workload. */
function servicesOf({ place, content }: Unit, places: Places): Set<string> {
  if (place.service !== undefined) return new Set(content.isDeployed ? [place.service] : []);
  const named = [
    ...content.containers.map(({ workload }) => workload.name),
    ...content.sources.map(({ workload }) => workload),
  ];
  return new Set(named.filter((name) => name !== "").map(places.serviceNamed));
}

const isOf = (unit: Unit, service: string, workload: string, places: Places): boolean =>
  unit.place.service !== undefined || places.serviceNamed(workload) === service;

/** Lists by key. */
function listing() {
  const lists = new Map<string, Set<string>>();
  return {
    of: (key: string): readonly string[] => [...(lists.get(key) ?? [])],
    add(key: string, value: string): void {
      lists.set(key, (lists.get(key) ?? new Set()).add(value));
    },
    remove(key: string, value: string): void {
      lists.get(key)?.delete(value);
    },
  };
}

export interface Step {
  readonly targets: readonly Target[];
  /** Reasons, each at most once for a file. */
  readonly unknown: readonly { readonly why: string; readonly where: string }[];
}

/** Follows the targets through the changes of a branch. */
export function following(tree: Tree, places: Places) {
  const units = new Map<string, Unit>();
  /** The units that read a file. */
  const users = listing();
  const byTarget = listing();
  /** How many kustomizations that are units read a file: it is theirs, and no unit of its own. */
  const consumed = new Map<string, number>();
  const shown = new Map<string, string>();
  const complained = new Set<string>();

  function index(path: string, unit: Unit, change: "add" | "remove"): void {
    const step = change === "add" ? 1 : -1;
    for (const dep of unit.deps) {
      users[change](dep, path);
      if (dep !== path && isKustomization(path)) consumed.set(dep, (consumed.get(dep) ?? 0) + step);
    }
    for (const key of targetsOf(unit)) byTarget[change](key, path);
  }

  const targetsOf = (unit: Unit | undefined): string[] =>
    unit === undefined
      ? []
      : [...servicesOf(unit, places)].map((service) => keyOf(unit.place.environment, service));

  function isApartFrom(outer: Place) {
    return (path: string): boolean => {
      const inner = places.placeOf(path);
      return (
        outer.service === undefined && inner?.service !== undefined && inner.environment === outer.environment
      );
    };
  }

  /** Reads a unit again; returns the keys of the targets that it is or was about. */
  function refresh(path: string): string[] {
    const before = units.get(path);
    const place = places.placeOf(path);
    if (before !== undefined) index(path, before, "remove");
    units.delete(path);
    if (place === undefined || !tree.has(path) || !isReadable(path)) return targetsOf(before);
    const deps = new Set([path]);
    const content = read(tree, path, deps, isApartFrom(place));
    // What a file declared still runs while the file cannot be read.
    const isBroken = !content.isDeployed && content.unknown.length > 0 && before !== undefined;
    const unit = {
      place,
      content: isBroken ? { ...before.content, unknown: content.unknown } : content,
      deps,
    };
    units.set(path, unit);
    index(path, unit, "add");
    // What a kustomization takes in, or no longer does, is of another target than before.
    const taken = isKustomization(path)
      ? [...(before?.deps ?? []), ...deps].map((dep) => units.get(dep))
      : [];
    return [before, unit, ...taken].flatMap(targetsOf);
  }

  function targetOf(key: string): Target {
    const [environment = "", service = ""]: string[] = JSON.parse(key);
    const own = byTarget
      .of(key)
      .filter((path) => isKustomization(path) || (consumed.get(path) ?? 0) === 0)
      .sort()
      .flatMap((path) => {
        const unit = units.get(path);
        return unit === undefined ? [] : [{ path, unit }];
      });
    return {
      environment,
      service,
      containers: own.flatMap(({ unit }) =>
        unit.content.containers.filter(({ workload }) => isOf(unit, service, workload.name, places)),
      ),
      sources: own.flatMap(({ unit }) =>
        unit.content.sources
          .filter(({ workload }) => isOf(unit, service, workload, places))
          .map(({ config }) => config),
      ),
      paths: own.map(({ path }) => (isKustomization(path) ? dirname(path) : path)),
    };
  }

  /** Whether a change is one of a target: of its files or, where the path names no service, of what is known of it. */
  function isChanged(key: string, target: Target, isNamed: boolean): boolean {
    const known = JSON.stringify([target.containers, target.sources, target.paths.length > 0]);
    const before = shown.get(key);
    shown.set(key, known);
    if (before === undefined) return target.paths.length > 0;
    if (target.paths.length === 0) return before !== known;
    return isNamed || before !== known;
  }

  function* complaintsOf(path: string): Generator<Step["unknown"][number]> {
    for (const why of units.get(path)?.content.unknown ?? []) {
      if (complained.has(`${path} ${why}`)) continue;
      complained.add(`${path} ${why}`);
      yield { why: why.startsWith(path) ? "a file could not be read as YAML" : why, where: path };
    }
  }

  /** The units to read again after a change. */
  const concerned = (changed: readonly string[]): Set<string> =>
    new Set(
      changed.flatMap((path) => [...(places.placeOf(path) === undefined ? [] : [path]), ...users.of(path)]),
    );

  return (changed: readonly string[]): Step => {
    const again = [...concerned(changed)];
    /** The targets, and whether a path names their service. */
    const touched = new Map<string, boolean>();
    for (const path of again) {
      const isNamed = places.placeOf(path)?.service !== undefined;
      for (const key of refresh(path)) touched.set(key, isNamed || touched.get(key) === true);
    }
    const targets = [...touched]
      .map(([key, isNamed]) => ({ key, isNamed, target: targetOf(key) }))
      .filter(({ key, isNamed, target }) => isChanged(key, target, isNamed))
      .map(({ target }) => target);
    return { targets, unknown: again.flatMap((path) => [...complaintsOf(path)]) };
  };
}
