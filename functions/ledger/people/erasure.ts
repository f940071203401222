/** Erases a person: removes salt and login, cleans quarantine and jobs, and records a fact about the erasure. */
import { setTimeout } from "node:timers/promises";
import type { Job } from "../ingest/jobs.ts";
import type { Reads } from "../loader.ts";
import { StoreError } from "../store.ts";
import type { KnownPerson, People, Register } from "./people.ts";
import { type Redaction, redactionOf } from "./redaction.ts";

export const ERASURES = "/asof/people";

/** The id of the fact that a person was erased: the digits of the commitment. */
export const erasureId = (commitment: string): string => commitment.slice("person:".length);

/** When persons were erased, by commitment; those that were not are missing. One request. */
export async function erasedAt(
  store: Pick<Reads, "get">,
  commitments: readonly string[],
): Promise<Map<string, string>> {
  if (commitments.length === 0) return new Map();
  const facts = await store.get(commitments.map((one) => ({ source: ERASURES, id: erasureId(one) })));
  return new Map(
    facts.flatMap((fact): [string, string][] =>
      fact.kind === "person.erased" ? [[fact.person, fact.occurredAt]] : [],
    ),
  );
}

/** What only the part of a ledger has that may erase. */
export interface Erasers {
  readonly register: Register;
  readonly quarantine: {
    /** The keys of the items whose stored text holds something. */
    holding(holds: Redaction["holds"]): Promise<string[]>;
    /**
     * Takes a login out of every item, and out of what is left of earlier ones. A changed item has another key; one that
     * cannot be read and holds the login is removed. Returns how many it changed.
     */
    redact(redaction: Redaction): Promise<number>;
  };
  readonly jobs: {
    /** The same of the waiting jobs; undefined if they cannot be changed: then they expire. */
    redact(redaction: Redaction): Promise<number | undefined>;
  };
  /**
   * Records that a person is erased, before it is: durable when it returns. Where the part that erases may not write
   * facts, as a job.
   */
  record(job: Job & { readonly is: "record erasure" }): Promise<void>;
}

/** The parts of a ledger that an erasure uses. */
export interface Erasing {
  readonly store: Pick<Reads, "get">;
  readonly people: Pick<People, "erase">;
  readonly now: () => Date;
}

export interface Request {
  readonly login: string;
  readonly reason: string;
  /** The name of the token that asked for it. */
  readonly by: string;
}

export interface Erased {
  readonly persons: readonly KnownPerson[];
  /** How many quarantined items and waiting jobs were changed; jobs: undefined if they cannot be. */
  readonly quarantined: number;
  readonly jobs: number | undefined;
  /** The keys of quarantined items whose statement holds the login where it names no person. */
  readonly holding: readonly string[];
}

/** A new person of this login may be committed to meanwhile, and on DynamoDB the index lags. */
const ATTEMPTS = 10;
const WAIT_MS = 200;

/**
 * Erases every person with a login. It is on record before anybody is erased, and the persons go last, so that an
 * erasure that was interrupted finds them again. Returns when nothing that can be changed holds the login.
 */
export async function erase(
  { store, people, now }: Erasing,
  { register, quarantine, jobs, record }: Erasers,
  { login, reason, by }: Request,
): Promise<Erased> {
  const redaction = redactionOf(login);
  const counts = {
    quarantined: await quarantine.redact(redaction),
    jobs: await jobs.redact(redaction),
  };
  const erased = new Map<string, KnownPerson>();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const persons = await register.named(login);
    const commitments = persons.map(({ commitment }) => commitment);
    const recorded = await erasedAt(store, commitments);
    for (const person of commitments)
      if (!recorded.has(person) && !erased.has(person))
        await record({ is: "record erasure", person, by, at: now().toISOString(), reason });
    for (const one of persons) erased.set(one.commitment, one);
    // Also where nobody has the login: an erasure that was interrupted may have left it in the log.
    await people.erase(commitments);
    if ((await register.named(login)).length === 0)
      return { persons: [...erased.values()], ...counts, holding: await quarantine.holding(redaction.holds) };
    await setTimeout(WAIT_MS);
  }
  throw new StoreError("unavailable", "the person is named again and again meanwhile: erase the login again");
}
