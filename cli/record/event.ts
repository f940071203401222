/** Statements as CloudEvents. Each gets its id before the first attempt to send it, so that a retry is a duplicate. */
import { createHash, randomUUID } from "node:crypto";
import * as z from "zod";
import { toStatement } from "../../functions/sources/standards/cloudevents.ts";
import { type Kind, Statement } from "../../schemas/fact.ts";
import { PERSON_FIELDS } from "../../schemas/persons.ts";
import { faultsOf } from "../../schemas/scalars.ts";
import { UsageError } from "../error.ts";
import type { CiRun } from "./ci.ts";

export const Event = z.strictObject({
  specversion: z.literal("1.0"),
  type: z.string(),
  source: z.string(),
  id: z.string(),
  time: z.string(),
  datacontenttype: z.literal("application/json"),
  data: z.record(z.string(), z.unknown()),
});
export type Event = z.infer<typeof Event>;

/** Source, time and id of an event; without an id, one is derived from the run. */
export interface EventIdentity {
  readonly source: string;
  readonly time: string;
  /** The time is this machine's, because none was given: the same statement later in the job is a duplicate. */
  readonly isClock: boolean;
  readonly id: string | undefined;
  readonly run: CiRun | undefined;
}

const withoutPersons = (data: object): object =>
  Object.fromEntries(
    Object.entries(data).filter(([field]) => !PERSON_FIELDS.some((personal) => personal === field)),
  );

/**
 * In CI the id is a hash of run, attempt, job, step and content: the same statement twice in one job is one fact, and
 * different ones never share an id. Outside CI nothing identifies a run, so that the id is random. Persons are left out
 * of the hash: an id is never erased, and a login could be guessed from it.
 */
function idOf(kind: Kind, data: object, run: CiRun | undefined): string {
  if (run === undefined) return randomUUID();
  const { provider, instance, id, job } = run;
  return createHash("sha256")
    .update(JSON.stringify([provider, instance, id, job, kind, withoutPersons(data)]))
    .digest("hex");
}

/** An event that is valid by the ledger's schemas. Throws a CliError that names the faults. */
export function eventOf(
  kind: Kind,
  data: Record<string, unknown>,
  { source, time, isClock, id, run }: EventIdentity,
): Event {
  const event: Event = {
    specversion: "1.0",
    type: `dev.asof.${kind}.v1`,
    source,
    id: id ?? idOf(kind, data, run),
    time,
    datacontenttype: "application/json",
    data: isClock ? { ...data, timeFrom: "clock" } : data,
  };
  const mapped = toStatement(event);
  if (mapped.is !== "statement") throw new UsageError(mapped.reason);
  const parsed = Statement.safeParse(mapped.statement);
  if (!parsed.success) throw new UsageError(faultsOf(parsed.error));
  return event;
}

/** The default source: the repository of the pipeline, else the CI, else `/cli/local`. */
export function sourceOf(repository: string | undefined, run: CiRun | undefined): string {
  const where =
    repository === undefined ? (run?.instance ?? "local") : repository.replace(/^https?:\/\//, "");
  return `/cli/${where.split("/").map(encodeURIComponent).join("/")}`;
}
