/** The address of a view: it holds the whole question, so that a copied link asks the same. */

export const VIEWS = ["matrix", "why", "timeline", "delivery", "audit", "health"] as const;
export type View = (typeof VIEWS)[number];

export interface Place {
  readonly environment: string;
  readonly service: string;
}

export interface Address {
  readonly view: View;
  /** The environments of the columns; none: the ledger's own, up to six. */
  readonly columns: readonly string[];
  /** Days before now that can be scrubbed. */
  readonly days: number;
  /** A time in milliseconds; undefined: now. */
  readonly at?: number | undefined;
  readonly filter: string;
  /** The environment that the others are compared with. */
  readonly compare?: string | undefined;
  /** What the panel shows, or the service that broke. */
  readonly place?: { readonly environment: string; readonly service?: string | undefined } | undefined;
  /** The plan in the panel, and the choices in it. */
  readonly plan?: Readonly<Record<string, string>> | undefined;
  /** How far back changes are looked for, like 2h or 3d. */
  readonly window: string;
}

export const START: Address = { view: "matrix", columns: [], days: 30, filter: "", window: "1d" };

const isView = (value: string): value is View => VIEWS.some((view) => view === value);

function timeOf(text: string | null): number | undefined {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

function daysOf(text: string | null): number {
  const days = Number(text);
  return Number.isInteger(days) && days >= 1 && days <= 366 ? days : START.days;
}

const PLAN = "plan.";

function planOf(query: URLSearchParams): Address["plan"] {
  const found = [...query].filter(([name]) => name.startsWith(PLAN));
  return found.length === 0
    ? undefined
    : Object.fromEntries(found.map(([name, value]) => [name.slice(PLAN.length), value]));
}

/** @param url a path with its query */
export function addressOf(url: string): Address {
  const { pathname, searchParams: query } = new URL(url, "http://ledger");
  const view = pathname.slice(1);
  const environment = query.get("environment");
  return {
    view: isView(view) ? view : "matrix",
    columns: query.getAll("column"),
    days: daysOf(query.get("days")),
    at: timeOf(query.get("at")),
    filter: query.get("filter") ?? "",
    compare: query.get("compare") ?? undefined,
    place: environment === null ? undefined : { environment, service: query.get("service") ?? undefined },
    plan: planOf(query),
    window: /^[1-9]\d{0,3}[mhd]$/.test(query.get("window") ?? "")
      ? (query.get("window") ?? "")
      : START.window,
  };
}

export function hrefOf(address: Address): string {
  const { view, columns, days, at, filter, compare, place, plan = {}, window } = address;
  const query = new URLSearchParams();
  const set = (name: string, value: string | undefined, usual?: string) => {
    if (value !== undefined && value !== "" && value !== usual) query.append(name, value);
  };
  for (const column of columns) set("column", column);
  set("days", String(days), String(START.days));
  set("at", at === undefined ? undefined : new Date(at).toISOString());
  set("filter", filter);
  set("compare", compare);
  set("environment", place?.environment);
  set("service", place?.service);
  set("window", window, START.window);
  for (const [name, value] of Object.entries(plan)) set(`${PLAN}${name}`, value);
  const text = query.toString();
  return `${view === "matrix" ? "/" : `/${view}`}${text === "" ? "" : `?${text}`}`;
}
