/** The columns of the matrix: places, and groups of places that are folded into one column each. */
import { byText } from "../schemas/words/ordering.ts";
import { compared, imagesOf, type Mark, markOf, type Row } from "./lanes.ts";

export interface Place {
  readonly environment: string;
  readonly groups?: readonly string[];
}

/** The name of the column that holds what has no group, in an address. */
export const OTHERS = "";

export interface Column {
  /** The group that its places are of; `OTHERS`: of none; undefined: a place that nothing folds. */
  readonly group?: string;
  readonly isFolded: boolean;
  /** One, unless it is folded. */
  readonly environments: readonly string[];
}

/** What the reader chose: places side by side, and groups that were opened or folded by hand. */
export interface Wish {
  readonly chosen: readonly string[];
  readonly open: readonly string[];
  readonly fold: readonly string[];
}

export interface Columns {
  readonly columns: readonly Column[];
  /** The places in the columns, folded ones among them. */
  readonly shown: readonly string[];
  /** The places that the reader left out. */
  readonly others: readonly string[];
}

const rankOf = (name: string): number => (/^prod/i.test(name) ? 0 : /^(stag|pre)/i.test(name) ? 1 : 2);

/** Places that stand together: those of a group, or one alone. */
interface Unit {
  readonly group?: string;
  readonly environments: readonly string[];
}

/** In order of their first place; a group of one place is that place. */
function unitsOf(places: readonly Place[]): Unit[] {
  const units = new Map<string, Unit>();
  for (const { environment, groups: [group] = [] } of places) {
    const key = group === undefined ? `place ${environment}` : `group ${group}`;
    const { environments } = units.get(key) ?? { environments: [] };
    units.set(key, {
      ...(group === undefined ? {} : { group }),
      environments: [...environments, environment],
    });
  }
  return [...units.values()].map((unit) =>
    unit.environments.length > 1 ? unit : { environments: unit.environments },
  );
}

/** Joins the last of the places that no group holds, so that what is left has room. */
function withOthers(units: readonly Unit[], most: number): Unit[] {
  if (units.length <= most) return [...units];
  const alone = units.filter(({ group }) => group === undefined);
  const room = Math.max(0, most - (units.length - alone.length) - 1);
  const others = alone.slice(room).flatMap(({ environments }) => environments);
  if (others.length < 2) return [...units];
  const kept = new Set(alone.slice(0, room));
  return [
    ...units.filter((unit) => unit.group !== undefined || kept.has(unit)),
    { group: OTHERS, environments: others },
  ];
}

/** The groups that are open without anybody's wish: from the first on, as far as the places have room. */
function openAnyway(units: readonly Unit[], most: number): Set<Unit> {
  const open = new Set<Unit>();
  let count = units.length;
  for (const unit of units) {
    const more = count + unit.environments.length - 1;
    if (unit.group === undefined || unit.group === OTHERS || more > most) continue;
    open.add(unit);
    count = more;
  }
  return open;
}

/** The columns: production first. Where there are more places than `most`, groups are folded until the rest has room. */
export function columnsOf(places: readonly Place[], { chosen, open, fold }: Wish, most: number): Columns {
  const known = [...places].sort(
    (a, b) => rankOf(a.environment) - rankOf(b.environment) || byText(a.environment, b.environment),
  );
  const names = known.map(({ environment }) => environment);
  const wanted = chosen.filter((one) => names.includes(one));
  if (wanted.length > 0 || names.length <= most) {
    const shown = wanted.length > 0 ? wanted : names;
    return {
      columns: shown.map((one) => ({ isFolded: false, environments: [one] })),
      shown,
      others: names.filter((one) => !shown.includes(one)),
    };
  }
  const units = withOthers(unitsOf(known), most);
  const usual = openAnyway(units, most);
  const columns = units.flatMap((unit): Column[] => {
    const { group, environments } = unit;
    if (group === undefined) return [{ isFolded: false, environments }];
    const isOpen = open.includes(group) || (usual.has(unit) && !fold.includes(group));
    if (!isOpen) return [{ group, isFolded: true, environments }];
    return environments.map((one) => ({ group, isFolded: false, environments: [one] }));
  });
  return { columns, shown: columns.flatMap(({ environments }) => environments), others: [] };
}

/** A place within the column of its group: without the group's name before it. */
export function shortPlace(environment: string, group: string): string {
  const rest = environment.slice(group.length);
  return group !== "" && environment.startsWith(group) && /^[-./_:]./.test(rest)
    ? rest.slice(1)
    : environment;
}

export interface PlaceRow {
  readonly environment: string;
  readonly row: Row | undefined;
}

/** What a service runs in the places of a folded column. */
export interface Fold {
  /** The places that know the service, of all in the column. */
  readonly count: number;
  readonly of: number;
  /** What most of them run; undefined: none knows it. */
  readonly row: Row | undefined;
  /** The places that run something else: than most of them, or than the place that all are compared with. */
  readonly differing: readonly PlaceRow[];
  /** The state that most needs somebody, and where. */
  readonly mark: (Mark & { readonly environment: string }) | undefined;
}

const URGENCY: readonly Mark["tone"][] = ["bad", "warn", "busy", "ice", ""];

const runningIn = (row: Row): string =>
  row.status === "running" ? `running ${imagesOf(row.release)}` : row.status;

/**
 * @param isFrozen whether deployments to a place are frozen
 * @param base what the places are compared with; undefined: with each other
 */
export function foldOf(
  rows: readonly PlaceRow[],
  isFrozen: (environment: string) => boolean,
  base?: { readonly row: Row | undefined },
): Fold {
  const known = rows.filter(({ row }) => row !== undefined && row.status !== "unknown");
  const kinds = new Map<string, PlaceRow[]>();
  for (const one of known) {
    const key = one.row === undefined ? "" : runningIn(one.row);
    kinds.set(key, [...(kinds.get(key) ?? []), one]);
  }
  // A stable sort: of kinds that are as many, the one of the first place.
  const [most = []] = [...kinds.values()].sort((a, b) => b.length - a.length);
  const marks = known.flatMap(({ environment, row }) => {
    const mark = markOf(row, isFrozen(environment));
    return mark === undefined || mark.tone === "none" ? [] : [{ ...mark, environment }];
  });
  const [worst] = marks.sort((a, b) => URGENCY.indexOf(a.tone) - URGENCY.indexOf(b.tone));
  return {
    count: known.length,
    of: rows.length,
    row: most[0]?.row,
    differing: known.filter((one) =>
      base === undefined ? !most.includes(one) : compared(one.row, base.row) === "differs",
    ),
    mark: worst,
  };
}
