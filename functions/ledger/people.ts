/**
 * People: whom facts name. Facts are never erased, and a login may have to be: so a fact holds a commitment in its place,
 * `person:` and the SHA-256 of a random salt of that person's with issuer and login. Salt and login stand in a table of
 * their own, which has no backup and no stream. Once they are erased there, nothing in the facts tells who it was, not
 * even to somebody who tries every login there is.
 */
import { createHash, randomBytes } from "node:crypto";
import { personsIn } from "../../schemas/persons.ts";
import { COMMITMENT, fold } from "../../schemas/scalars.ts";
import { canonical } from "./canonical.ts";
import type { Reads } from "./loader.ts";

/** A login, and who vouches for it: the same login of another issuer is another person. Logins compare without case. */
export interface Person {
  readonly issuer: string;
  readonly login: string;
}

/** The port of the table of people. Each method throws a StoreError where it is not known what became of it. */
export interface People {
  /** The commitment of a person, if the ledger knows one: strongly consistent. */
  find(person: Person): Promise<string | undefined>;

  /**
   * The commitment of a person, made now where the ledger knows none: durable when it returns, and the same for all who
   * ask at once. After an erasure it is another one. The login is kept as it was first heard.
   */
  commit(person: Person): Promise<string>;

  /** The logins of those that are there, by commitment; one of a moment ago may be missing. */
  reveal(commitments: readonly string[]): Promise<Map<string, string>>;

  /** Removes salt and login of a person, for good; nothing where they are gone. */
  erase(commitment: string): Promise<void>;
}

/** Everything that the table keeps of a person. */
export interface PersonRecord extends Person {
  readonly commitment: string;
  /** 32 bytes in hex. */
  readonly salt: string;
}

/** The whole table of people, for copies of a ledger. */
export interface PersonRecords {
  /** All records, some at a time, in no order. */
  all(): AsyncIterable<readonly PersonRecord[]>;
  /** Writes a record, unless there is one of the same person: durable when it returns. */
  put(record: PersonRecord): Promise<void>;
}

/** What a person is committed to, and known by in the table. */
export const personKey = ({ issuer, login }: Person): string => canonical([issuer, fold(login)]);

export const newSalt = (): Buffer => randomBytes(32);

export const commitmentOf = (person: Person, salt: Uint8Array): string =>
  `person:${createHash("sha256").update(salt).update(personKey(person)).digest("hex")}`;

const ISSUERS = [
  // What was said here: the names of this ledger's own tokens.
  /^\/asof(?=\/)/,
  // A vendor's door: the vendor with the host, or what else comes first, as in `/webhooks/github/github.com`.
  /^\/webhooks\/[^/]+\/[^/]+/,
  // A sender of `/v1/events`: the authority of its source, else the first two segments, as in `/ci/acme`.
  /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]+/i,
  /^\/?[^/?#]*(?:\/[^/?#]*)?/,
] as const;

/**
 * Who vouches for the logins in statements of a source: always a beginning of the source. What a sender declares is thus
 * never of the same issuer as what a vendor's own door says, and the persons of two issuers do not compare.
 */
export function issuerOf(source: string): string {
  const [issuer = source] = ISSUERS.flatMap((form) => form.exec(source)?.[0] ?? []);
  return issuer;
}

/** Persons and logins that are remembered at once. */
const REMEMBERED_MAX = 20_000;
/** How long another process may go on showing a login that was erased. */
const SHOWN_MS = 60_000;
/** One of a moment ago may be missing: it is asked for again soon, and not twice in one answer. */
const MISSING_MS = 5000;

interface Shown {
  readonly login: Promise<string | undefined>;
  until: number;
}

/**
 * The same people, remembered: so that recording what somebody says again asks for nothing. Forgets everybody with each
 * erasure. Another process that remembers a commitment may go on using it: what it records then names nobody.
 */
export function remembering(people: People, now: () => Date): People {
  const commitments = new Map<string, Promise<string | undefined>>();
  const shown = new Map<string, Shown>();

  function remember<T extends string | undefined>(key: string, asked: Promise<T>): Promise<T> {
    if (commitments.size >= REMEMBERED_MAX) commitments.clear();
    commitments.set(key, asked);
    const forget = () => {
      if (commitments.get(key) === asked) commitments.delete(key);
    };
    asked.then((commitment) => (commitment === undefined ? forget() : undefined), forget);
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

    erase: async (commitment) => {
      try {
        await people.erase(commitment);
      } finally {
        // What was asked for before is in there already, so that its answer does not come back.
        commitments.clear();
        shown.clear();
      }
    },
  };
}

/** An answer in JSON with logins for commitments, also within sentences; whoever was erased stays a commitment. */
export async function revealed(people: People, json: string): Promise<string> {
  const commitments = json.match(COMMITMENT);
  if (commitments === null) return json;
  const logins = await people.reveal(commitments);
  return json.replaceAll(COMMITMENT, (commitment) =>
    JSON.stringify(logins.get(commitment) ?? commitment).slice(1, -1),
  );
}

/** The same store; whom the facts name is asked for as they are read, so that an answer that shows it waits for nothing. */
export const revealingAhead = (store: Reads, people: People): Reads => ({
  ...store,
  query: async (partition, range) => {
    const page = await store.query(partition, range);
    const persons = page.entries.flatMap(({ fact }) => personsIn(fact));
    if (persons.length > 0) people.reveal(persons).catch(() => undefined);
    return page;
  },
});
