/** Removes a login from stored data other than facts: the quarantine and the jobs. */
import { PERSON_FIELDS } from "../../../schemas/persons.ts";
import type { Job } from "../ingest/jobs.ts";
import type { QuarantineItem } from "../ingest/quarantine.ts";
import { ERASED, type Occurrences, occurrencesOf } from "./occurrences.ts";

export interface Redaction {
  /** Whether a stored text holds the login. */
  readonly holds: (text: string) => boolean;
  readonly item: (item: QuarantineItem) => QuarantineItem;
  readonly job: (job: Job) => Job;
}

/** Every text in a value, and every name of a field, without the login. */
function without(value: unknown, login: Occurrences): unknown {
  if (typeof value === "string") return login.takenOutOf(value);
  if (Array.isArray(value)) return value.map((one) => without(one, login));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [login.takenOutOf(name), without(one, login)]),
  );
}

/**
 * A statement that names the person nowhere. Its other fields stay as they are, even if they hold the login: it would be
 * recorded about another repository or branch.
 */
function withoutPerson<S extends Readonly<Record<string, unknown>>>(statement: S, { is }: Occurrences): S {
  const named = PERSON_FIELDS.flatMap((field): [string, unknown][] => {
    const value = statement[field];
    if (typeof value === "string" && is(value)) return [[field, undefined]];
    if (!Array.isArray(value)) return [];
    return [[field, value.filter((one) => typeof one !== "string" || !is(one))]];
  });
  const rest: S = { ...statement, ...Object.fromEntries(named) };
  for (const [field, value] of named) if (value === undefined) Reflect.deleteProperty(rest, field);
  return rest;
}

/** Who reported something, or asked for it. */
const sender = (name: string, { is }: Occurrences): string => (is(name) ? ERASED : name);

function itemWithout(item: QuarantineItem, login: Occurrences): QuarantineItem {
  const { reason, reportedBy, event, statement } = item;
  const said = {
    ...item,
    reason: login.takenOutOf(reason),
    reportedBy: sender(reportedBy, login),
    event: without(event, login),
  };
  if (statement !== undefined) return { ...said, statement: withoutPerson(statement, login) };
  if (typeof event === "string") return said;
  // As text it is never mapped again: what it would say of a repository or a branch is no longer what its sender said.
  return { ...said, event: JSON.stringify(said.event) };
}

function jobWithout(job: Job, login: Occurrences): Job {
  switch (job.is) {
    case "look up":
      return {
        ...job,
        reportedBy: sender(job.reportedBy, login),
        statement: withoutPerson(job.statement, login),
        raw: without(job.raw, login),
      };
    case "record export":
    case "record erasure":
      return { ...job, by: sender(job.by, login) };
    case "read image":
      return job;
  }
}

export function redactionOf(name: string): Redaction {
  const login = occurrencesOf(name);
  return {
    holds: login.areIn,
    item: (item) => itemWithout(item, login),
    job: (job) => jobWithout(job, login),
  };
}
