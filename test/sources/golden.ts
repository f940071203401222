/**
 * The golden cases: `test/golden/<vendor>/<case>.json` is a payload as it came, `<case>.headers.json` its
 * headers where they matter, `<case>.expected.json` what becomes of it. To add a case, add a file.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { allSources } from "../../functions/sources/sources.ts";
import { readEvents, toStatement } from "../../functions/sources/standards/cloudevents.ts";
import { Statement } from "../../schemas/fact.ts";
import type { Mapped } from "../../schemas/mapped.ts";
import { faultsOf } from "../../schemas/scalars.ts";

/** Every vendor, loaded. */
export const ALL = await allSources();
export const GOLDEN = join(import.meta.dirname, "../golden");
export const RECEIVED_AT = "2026-11-22T09:00:00.000Z";

export interface Case {
  readonly vendor: string;
  readonly name: string;
  readonly payload: unknown;
  readonly headers: Headers;
}

const read = (...path: string[]): unknown => JSON.parse(readFileSync(join(GOLDEN, ...path), "utf8"));
const HeaderFile = z.record(z.string(), z.string());

function caseOf(vendor: string, file: string, files: readonly string[]): Case {
  const name = file.slice(0, -".json".length);
  const headerFile = `${name}.headers.json`;
  const headers = files.includes(headerFile) ? HeaderFile.parse(read(vendor, headerFile)) : {};
  return { vendor, name, payload: read(vendor, file), headers: new Headers(headers) };
}

const casesOf = (vendor: string): Case[] => {
  const files = readdirSync(join(GOLDEN, vendor));
  return files
    .filter((file) => file.endsWith(".json") && !/\.(expected|headers)\.json$/.test(file))
    .map((file) => caseOf(vendor, file, files));
};

/** No source of its own: what the command line reads of migration tools, what we send, and claims of tokens. */
const UNSENT: ReadonlySet<string> = new Set(["migrations", "api", "ci-oidc"]);

export const CASES: readonly Case[] = readdirSync(GOLDEN, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !UNSENT.has(entry.name))
  .flatMap(({ name }) => casesOf(name));

export const expectedOf = ({ vendor, name }: Case): unknown => read(vendor, `${name}.expected.json`);

const Context = z.looseObject({
  context: z.looseObject({ id: z.string(), source: z.string(), type: z.string() }),
});

/** A CDEvent as its binding sends it: the data of a CloudEvent of the same id, source and type. */
const bound = (payload: unknown): unknown => {
  const { success, data } = Context.safeParse(payload);
  return success ? { ...data.context, specversion: "1.0", data: payload } : payload;
};

const structured = (payload: unknown) => ({
  headers: new Headers({
    "content-type": `application/cloudevents${Array.isArray(payload) ? "-batch" : ""}+json`,
  }),
  body: JSON.stringify(payload),
});

/** What a payload becomes, through the door of its vendor. */
export function mapCase({ vendor, headers }: Pick<Case, "vendor" | "headers">, payload: unknown): Mapped[] {
  if (vendor === "cdevents") return [toStatement(bound(payload))];
  if (vendor === "cloudevents") {
    const reading = readEvents(structured(payload));
    return reading.is === "unreadable" ? [] : reading.events.map(toStatement);
  }
  const source = ALL.find((one) => one.vendor === vendor);
  if (source === undefined) throw new Error(`test/golden/${vendor} belongs to no source in sources.ts`);
  return source.toStatements(payload, { headers, receivedAt: RECEIVED_AT });
}

/** A mapped event as the ledger would take it: parsed, its digest asked of the registry, ignored or rejected. */
export function outcomeOf(mapped: Mapped): object {
  if (mapped.is === "ignored") return { ignored: mapped.reason };
  if (mapped.is === "rejected") {
    return { rejected: mapped.reason, ...(mapped.forbidden === undefined ? {} : { forbidden: true }) };
  }
  const byTag = mapped.lookUp === true;
  const parsed = Statement.safeParse(byTag ? { ...mapped.statement, digest: ANY_DIGEST } : mapped.statement);
  if (!parsed.success) return { rejected: faultsOf(parsed.error) };
  const { data } = parsed;
  if (!byTag) return { statement: data };
  return { lookUp: Object.fromEntries(Object.entries(data).filter(([field]) => field !== "digest")) };
}

/** What the registry might answer. */
const ANY_DIGEST = `sha256:${"0".repeat(64)}`;
