/** The address of a view: it holds the whole question, so that a copied link asks the same. */

export const VIEWS = ["matrix", "why", "timeline", "delivery", "audit", "health"] as const;
export type View = (typeof VIEWS)[number];

export interface Place {
  readonly environment: string;
  readonly service: string;
}

export interface Address {
  readonly view: View;
  /** The environments of the columns; none: all, where groups are folded as far as six columns need it. */
  readonly columns: readonly string[];
  /** The groups that the reader opened, and those that he folded; empty text: the places without a group. */
  readonly open: readonly string[];
  readonly fold: readonly string[];
  /** Days before now that can be scrubbed. */
  readonly days: number;
  /** The part of these days that the timeline shows, in milliseconds; undefined: all of them. */
  readonly zoom?: { readonly from: number; readonly to: number } | undefined;
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

export const START: Address = {
  view: "matrix",
  columns: [],
  open: [],
  fold: [],
  days: 30,
  filter: "",
  window: "1d",
};

const isView = (value: string): value is View => VIEWS.some((view) => view === value);

function timeOf(text: string | null): number | undefined {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

function daysOf(text: string | null): number {
  const days = Number(text);
  return Number.isInteger(days) && days >= 1 && days <= 366 ? days : START.days;
}

const zoomOf = (from: number | undefined, to: number | undefined): Address["zoom"] =>
  from === undefined || to === undefined || from >= to ? undefined : { from, to };

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
    open: query.getAll("open"),
    fold: query.getAll("fold"),
    days: daysOf(query.get("days")),
    zoom: zoomOf(timeOf(query.get("from")), timeOf(query.get("to"))),
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
  const { view, columns, open, fold, days, zoom, at, filter, compare, place, plan = {}, window } = address;
  const query = new URLSearchParams();
  const set = (name: string, value: string | undefined, usual?: string) => {
    if (value !== undefined && value !== "" && value !== usual) query.append(name, value);
  };
  for (const column of columns) set("column", column);
  for (const group of open) query.append("open", group);
  for (const group of fold) query.append("fold", group);
  set("days", String(days), String(START.days));
  if (zoom !== undefined) {
    set("from", new Date(zoom.from).toISOString());
    set("to", new Date(zoom.to).toISOString());
  }
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
