/** Statements as CloudEvents: named once, before the first try, so that whatever is sent again is a duplicate. */
import { createHash, randomUUID } from "node:crypto";
import * as z from "zod";
import { toStatement } from "../../functions/sources/cloudevents.ts";
import { type Kind, Statement } from "../../schemas/fact.ts";
import { PERSON_FIELDS } from "../../schemas/persons.ts";
import { faultsOf } from "../../schemas/scalars.ts";
import { CliError } from "../error.ts";
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

/** Who says it, when, and under which id where that was given. */
export interface EventIdentity {
  readonly source: string;
  readonly time: string;
  readonly id: string | undefined;
  readonly run: CiRun | undefined;
}

const impersonal = (data: object): object =>
  Object.fromEntries(
    Object.entries(data).filter(([field]) => !PERSON_FIELDS.some((personal) => personal === field)),
  );

/**
 * In a CI the id is made of the run, the attempt, the job and what is said: the same statement twice in one job is
 * one fact, and two different ones never meet. Elsewhere nothing tells them apart, so that it is random. Who did it is
 * not in it: an id stays in the ledger for ever, and a hash of so little would give the login away.
 */
function idOf(kind: Kind, data: object, run: CiRun | undefined): string {
  if (run === undefined) return randomUUID();
  const { provider, instance, id, job } = run;
  return createHash("sha256")
    .update(JSON.stringify([provider, instance, id, job, kind, impersonal(data)]))
    .digest("hex");
}

/** An event that the ledger's schemas accept. Throws a CliError that names what they would refuse. */
export function eventOf(
  kind: Kind,
  data: Record<string, unknown>,
  { source, time, id, run }: EventIdentity,
): Event {
  const event: Event = {
    specversion: "1.0",
    type: `dev.asof.${kind}.v1`,
    source,
    id: id ?? idOf(kind, data, run),
    time,
    datacontenttype: "application/json",
    data,
  };
  const mapped = toStatement(event);
  if (mapped.is !== "statement") throw new CliError(mapped.reason);
  const parsed = Statement.safeParse(mapped.statement);
  if (!parsed.success) throw new CliError(faultsOf(parsed.error));
  return event;
}

/** A source of one's own: the repository whose pipeline speaks, else the CI, else this machine's user. */
export function sourceOf(repository: string | undefined, run: CiRun | undefined): string {
  const where =
    repository === undefined ? (run?.instance ?? "local") : repository.replace(/^https?:\/\//, "");
  return `/cli/${where.split("/").map(encodeURIComponent).join("/")}`;
}
