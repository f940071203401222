/** Rows of a table as statements. */
import { partsOf, readImage } from "../../../functions/sources/image.ts";
import { hashOf, loginOnly } from "../../../functions/sources/payload.ts";
import type { Item } from "../importer.ts";
import { importSource } from "../sources.ts";
import type { Cell, Mapping } from "./mapping.ts";
import { readTime } from "./times.ts";

export type Row = Readonly<Record<string, string>>;

/** A row that is no statement. */
class NotSent extends Error {
  readonly outcome: "rejected" | "ignored";

  constructor(outcome: "rejected" | "ignored", message: string) {
    super(message);
    this.outcome = outcome;
  }
}

/** A cell's value; undefined where it is empty. Throws NotSent. */
function valueIn(cell: Cell, row: Row): string | undefined {
  if ("value" in cell) return cell.value;
  const { column, values, otherwise, pattern } = cell;
  const given = (row[column] ?? "").trim() || cell.default;
  const text = pattern === undefined ? given : new RegExp(pattern).exec(given ?? "")?.[1];
  if (text === undefined || text === "") return undefined;
  if (values === undefined) return text;
  const meant = Object.hasOwn(values, text) ? values[text] : otherwise;
  if (meant === undefined)
    throw new NotSent("rejected", `${column}: ${JSON.stringify(text)} is no value of the mapping`);
  if (meant === null) throw new NotSent("ignored", `${column} is ${text}`);
  return meant;
}

/** Fields that describe the only component. */
const OF_COMPONENT = new Set(["component", "image", "repository", "digest", "tag"]);
const PERSONAL = new Set(["actor", "by", "mergedBy"]);
const LISTS = new Set(["authors", "bots", "environments", "images", "databases"]);

/** A text as the schema wants it. */
function scalarOf(path: string, text: string): unknown {
  if (LISTS.has(path)) return text.split(/[,;]\s*/).filter((one) => one !== "");
  if (
    /^(rollback|verified|reversible|losesData|oldCodeRuns|declared)$/.test(path) &&
    /^(true|false)$/i.test(text)
  )
    return text.toLowerCase() === "true";
  return /^(sequence|number|size)$/.test(path) && /^\d+$/.test(text) ? Number(text) : text;
}

/** Sets `a.b` in an object. */
function set(target: Record<string, unknown>, path: string, value: unknown): void {
  const [first = "", ...rest] = path.split(".");
  if (rest.length === 0) {
    target[first] = value;
    return;
  }
  const inner: Record<string, unknown> = { ...(typeof target[first] === "object" ? target[first] : {}) };
  set(inner, rest.join("."), value);
  target[first] = inner;
}

function componentFrom(fields: ReadonlyMap<string, string>): Record<string, string> | undefined {
  const image = fields.get("image");
  const named = image === undefined ? {} : (readImage(image) ?? partsOf(image));
  const own = ["repository", "digest", "tag"].flatMap((field) => {
    const value = fields.get(field);
    return value === undefined ? [] : [[field, value] as const];
  });
  const component = { component: fields.get("component") ?? "main", ...named, ...Object.fromEntries(own) };
  return Object.keys(component).length > 1 || fields.has("component") ? component : undefined;
}

const isDeployment = (kind: string): boolean => kind.startsWith("deployment.");

type Fields = Readonly<Record<string, unknown>>;

/** Kinds that a deployment's identity is a part of. The others name one only if the table does. */
const IDENTIFIED = new Set(["deployment.started", "deployment.succeeded", "deployment.failed"]);

/** A deployment's identity: its own id or, where the table has none, what distinguishes it. */
function deploymentOf(kind: string, { deployment, environment, service }: Fields, name: string, at: string) {
  const given: { id?: unknown } = typeof deployment === "object" && deployment !== null ? deployment : {};
  if (given.id === undefined && !IDENTIFIED.has(kind)) return undefined;
  const id = given.id ?? hashOf(String(environment), String(service), at).slice(0, 32);
  return { provider: name.slice(0, 32), instance: "csv", ...given, id };
}

/**
 * The id of a statement. With the deployment's own id a row keeps its id when its other cells are corrected. Persons are
 * left out, because an id is never erased, and a login could be guessed from it.
 */
function idOf(kind: string, at: string, statement: Fields, hasOwnId: boolean): string {
  const { deployment, environment, service, scope, components } = statement;
  const identity = hasOwnId
    ? [deployment, environment, service, scope, scope === undefined ? null : components]
    : [at, Object.fromEntries(Object.entries(statement).filter(([field]) => !PERSONAL.has(field)))];
  return hashOf(kind, JSON.stringify(identity)).slice(0, 32);
}

function fieldsFrom(row: Row, kind: string, fields: Mapping["fields"]): Record<string, unknown> {
  const values = new Map(
    Object.entries(fields).flatMap(([path, cell]) => {
      const value = valueIn(cell, row);
      return value === undefined ? [] : [[path, value] as const];
    }),
  );
  const statement: Record<string, unknown> = {};
  for (const [path, value] of values) {
    if (isDeployment(kind) && OF_COMPONENT.has(path)) continue;
    // No name and no mail address gets into a fact.
    const text = PERSONAL.has(path) ? loginOnly(value) : value;
    if (text !== undefined) set(statement, path, scalarOf(path, text));
  }
  const component = isDeployment(kind) ? componentFrom(values) : undefined;
  return component === undefined ? statement : { ...statement, components: [component] };
}

function statementFrom(row: Row, { name, kind: kindCell, fields }: Mapping, at: string): object {
  const kind = valueIn(kindCell, row);
  if (kind === undefined) throw new NotSent("rejected", "its kind is empty");
  const { id, ...stated } = fieldsFrom(row, kind, fields);
  const deployment = isDeployment(kind) ? deploymentOf(kind, stated, name, at) : undefined;
  const statement = { ...stated, ...(deployment === undefined ? {} : { deployment }) };
  const hasOwnId = deployment !== undefined && "deployment.id" in fields;
  return {
    ...statement,
    kind,
    source: importSource("csv", name),
    id: typeof id === "string" ? id : idOf(kind, at, statement, hasOwnId),
    occurredAt: at,
  };
}

/** The statement of a row, and what of it is not known. @param where the row, for people */
export function* itemsOf(row: Row, mapping: Mapping, where: string): Generator<Item> {
  try {
    const { time } = mapping;
    const text = time.column
      .map((column) => (row[column] ?? "").trim())
      .join(" ")
      .trim();
    // A row that the mapping leaves out needs no time.
    valueIn(mapping.kind, row);
    const read = readTime(text, time);
    if (read.is === "fault")
      throw new NotSent("rejected", `${time.column.join(" ")}: ${JSON.stringify(text)} ${read.why}`);
    yield { is: "statement", statement: statementFrom(row, mapping, read.at) };
    if (read.uncertain !== undefined) yield { is: "unknown", why: read.uncertain, where };
  } catch (error) {
    if (!(error instanceof NotSent)) throw error;
    yield { is: "not sent", outcome: error.outcome, why: error.message, where };
  }
}

/** The columns that a mapping names. */
export const columnsOf = ({ kind, time, fields }: Mapping): string[] => [
  ...new Set([
    ...time.column,
    ...[kind, ...Object.values(fields)].flatMap((cell) => ("column" in cell ? [cell.column] : [])),
  ]),
];
