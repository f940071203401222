/**
 * The persons that facts name. Facts are never erased, but a login may have to be. A fact therefore contains a commitment
 * instead of the login: `person:` and the SHA-256 of a random salt, the issuer and the login. Salt and login are in a
 * separate table without backup or stream. Once they are erased, the facts no longer identify the person, even to
 * somebody who tries every possible login.
 */
import { createHash, randomBytes } from "node:crypto";
import { personsIn } from "../../../schemas/persons.ts";
import { COMMITMENT, fold } from "../../../schemas/scalars.ts";
import { canonical, sha256 } from "../canonical.ts";
import type { Reads } from "../loader.ts";
import type { Entry, Page } from "../store.ts";

/** A login and its issuer. The same login of another issuer is another person. Logins are case-insensitive. */
export interface Person {
  readonly issuer: string;
  readonly login: string;
}

/** How a person stands in facts, and the salt that makes it unguessable: 32 bytes in hex, which never leave the ledger. */
export interface Committed {
  readonly commitment: string;
  readonly salt: string;
}

/** The port of the table of persons. Each method throws a StoreError if its outcome is unknown. */
export interface People {
  /** A person's commitment and salt, or undefined: strongly consistent. */
  find(person: Person): Promise<Committed | undefined>;

  /**
   * The same, created if there is none: durable when it returns, and the same for concurrent callers. After an erasure
   * the person gets a new one. The login keeps its first recorded spelling.
   */
  commit(person: Person): Promise<Committed>;

  /** The logins of commitments that are not erased: eventually consistent, so a new one may be missing. */
  reveal(commitments: readonly string[]): Promise<Map<string, string>>;

  /** The salts of commitments that are not erased: eventually consistent. */
  saltsOf(commitments: readonly string[]): Promise<Map<string, string>>;

  /**
   * Erases salts and logins permanently. When it returns, no file of the ledger holds them. Idempotent: an empty list
   * takes away what an interrupted erasure left.
   */
  erase(commitments: readonly string[]): Promise<void>;
}

/** Everything that the table stores of a person. */
export interface PersonRecord extends Person, Committed {}

/** A person of the table, without the salt. */
export type KnownPerson = Omit<PersonRecord, "salt">;

/** The persons of the table, for those who may list and erase them. */
export interface Register {
  /** One page, in no particular order. The cursor is a commitment, because a login must not stand in an address. */
  page(range: { readonly limit: number; readonly cursor?: string }): Promise<Page<KnownPerson>>;
  /** The persons with this login, of every issuer: strongly consistent. */
  named(login: string): Promise<KnownPerson[]>;
}

/** The whole table of persons, for copies of a ledger. */
export interface PersonRecords {
  /** All records, in batches, in no particular order. */
  all(): AsyncIterable<readonly PersonRecord[]>;
  /** Writes a record, unless there is one of the same person: durable when it returns. */
  put(record: PersonRecord): Promise<void>;
}

/** The key of a person in the table; the commitment hashes it. */
export const personKey = ({ issuer, login }: Person): string => canonical([issuer, fold(login)]);

export const newSalt = (): Buffer => randomBytes(32);

export const commitmentOf = (person: Person, salt: Uint8Array): string =>
  `person:${createHash("sha256").update(salt).update(personKey(person)).digest("hex")}`;

/**
 * SHA-256 of an event that may name persons, under their salts: once one of them is erased, nobody can test a guess of the
 * event against it. Without persons it is the hash itself.
 */
export const guardedHash = (hash: string, salts: Iterable<string>): string => {
  const distinct = [...new Set(salts)].sort();
  return distinct.length === 0 ? hash : sha256(canonical([hash, distinct]));
};

const ISSUERS = [
  // Statements of this ledger itself: the names of its own tokens.
  /^\/asof(?=\/)/,
  // A vendor's endpoint: the vendor and the next segment, usually the host, as in `/webhooks/github/github.com`.
  /^\/webhooks\/[^/]+\/[^/]+/,
  // An importer, and where it read: the host.
  /^\/import\/[^/]+\/[^/]+/,
  // A sender of `/v1/events`: the authority of its source, else the first two segments, as in `/ci/acme`.
  /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]+/i,
  /^\/?[^/?#]*(?:\/[^/?#]*)?/,
] as const;

/**
 * The issuer of the logins in statements of a source: a prefix of the source. Logins that a sender of events declares thus
 * never have the same issuer as those of a vendor's webhook, and persons of different issuers are never equal.
 */
export function issuerOf(source: string): string {
  const [issuer = source] = ISSUERS.flatMap((form) => form.exec(source)?.[0] ?? []);
  return issuer;
}

/** Maximum number of cached entries. */
const REMEMBERED_MAX = 20_000;
/** How long a login is cached, and so how long another process may still show one that was erased. */
const SHOWN_MS = 60_000;
/** How long a missing login is cached: long enough for one answer, short because a new login may appear soon. */
const MISSING_MS = 5000;

interface Shown {
  readonly login: Promise<string | undefined>;
  until: number;
}

/**
 * A cache over the table, so that recording for a known person costs no request. Every erasure clears it. Another process
 * may keep using an erased commitment from its cache; what it records then identifies nobody.
 */
export function remembering(people: People, now: () => Date): People {
  const commitments = new Map<string, Promise<Committed | undefined>>();
  const shown = new Map<string, Shown>();

  function remember<T extends Committed | undefined>(key: string, asked: Promise<T>): Promise<T> {
    if (commitments.size >= REMEMBERED_MAX) commitments.clear();
    commitments.set(key, asked);
    const forget = () => {
      if (commitments.get(key) === asked) commitments.delete(key);
    };
    asked.then((found) => (found === undefined ? forget() : undefined), forget);
    return asked;
  }

  function ask(missing: readonly string[], nowMs: number): Map<string, Shown> {
    const asked = people.reveal(missing);
    return new Map(
      missing.map((commitment) => {
        const login = asked.then((found) => found.get(commitment));
        const one: Shown = { login, until: nowMs + MISSING_MS };
        login.then(
          (found) => {
            if (found !== undefined) one.until = nowMs + SHOWN_MS;
          },
          () => shown.delete(commitment),
        );
        return [commitment, one];
      }),
    );
  }

  return {
    find: (person) => {
      const key = personKey(person);
      return commitments.get(key) ?? remember(key, people.find(person));
    },

    commit: async (person) => {
      const key = personKey(person);
      return (await commitments.get(key)) ?? remember(key, people.commit(person));
    },

    reveal: async (wanted) => {
      const nowMs = now().getTime();
      const distinct = [...new Set(wanted)];
      const missing = distinct.filter((commitment) => (shown.get(commitment)?.until ?? 0) <= nowMs);
      const asked = missing.length === 0 ? new Map<string, Shown>() : ask(missing, nowMs);
      const all = distinct.map((commitment) => asked.get(commitment) ?? shown.get(commitment));
      if (shown.size + asked.size > REMEMBERED_MAX) shown.clear();
      for (const [commitment, one] of asked) shown.set(commitment, one);
      const logins = await Promise.all(all.map((one) => one?.login));
      return new Map(
        distinct.flatMap((commitment, n): [string, string][] => {
          const login = logins[n];
          return login === undefined ? [] : [[commitment, login]];
        }),
      );
    },

    saltsOf: (wanted) => people.saltsOf(wanted),

    erase: async (erased) => {
      try {
        await people.erase(erased);
      } finally {
        // Clears pending reads too, so that their results are not cached.
        commitments.clear();
        shown.clear();
      }
    },
  };
}

/** Replaces commitments in a JSON answer by logins, also within sentences. Erased ones stay commitments. */
export async function revealed(people: People, json: string): Promise<string> {
  const commitments = json.match(COMMITMENT);
  if (commitments === null) return json;
  const logins = await people.reveal(commitments);
  return json.replaceAll(COMMITMENT, (commitment) =>
    JSON.stringify(logins.get(commitment) ?? commitment).slice(1, -1),
  );
}

/** The same store, which prefetches the logins of persons named by the facts it reads. */
export function revealingAhead(store: Reads, people: People): Reads {
  const asked = new Set<string>();

  function revealThose(entries: readonly Entry[]): void {
    const persons: string[] = [];
    for (const { fact } of entries)
      for (const person of personsIn(fact)) if (!asked.has(person)) persons.push(person);
    if (persons.length === 0) return;
    for (const person of persons) asked.add(person);
    people.reveal(persons).catch(() => undefined);
  }

  return {
    ...store,
    query: (partition, range) => {
      const reading = store.query(partition, range);
      // Whoever awaits the reading hears of its failure.
      reading.then(
        ({ entries }) => revealThose(entries),
        () => undefined,
      );
      return reading;
    },
  };
}
