/** A ledger in memory that is told things, for the tests of the questions. */

import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import { type Appending, append, retractionId } from "../../functions/ledger/append.ts";
import type { AsOf } from "../../functions/ledger/as-of.ts";
import { sha256, statementHash } from "../../functions/ledger/canonical.ts";
import { type People, revealed } from "../../functions/ledger/people/people.ts";
import type { Store } from "../../functions/ledger/store.ts";
import { type Fact, Statement } from "../../schemas/fact.ts";
import { memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";

/** Long after everything that the tests tell. */
const KNOWN = "2027-01-01T00:00:00.000Z";
const NOW = "2027-01-02T00:00:00.000Z";

/** A moment of October 2026: `day(20)`, `day(20, "08:11")`. */
export const day = (n: number, time = "12:00"): string =>
  `2026-10-${String(n).padStart(2, "0")}T${time}${time.length === 5 ? ":00.000" : ""}Z`;

export const digestOf = (name: string): string => `sha256:${sha256(name)}`;
export const shaOf = (name: string): string => sha256(name).slice(0, 40);
export const repositoryOf = (service: string): string => `ghcr.io/${service.toLowerCase()}`;

let count = 0;

/** A statement with an id of its own. */
export const said = (kind: Statement["kind"], occurredAt: string, fields: object): Statement =>
  Statement.parse({ kind, source: "/test", id: String(++count), occurredAt, ...fields });

/** A deployment of one image, by name. */
export const deployed = (
  environment: string,
  service: string,
  image: string,
  at: string,
  more: object = {},
): Statement =>
  said("deployment.succeeded", at, {
    environment,
    service,
    deployment: { provider: "test", instance: "here", id: String(count) },
    components: [{ component: "main", repository: repositoryOf(service), digest: digestOf(image) }],
    ...more,
  });

/** What the runtime shows of a service: one image, by name. */
export const observed = (
  environment: string,
  service: string,
  image: string,
  at: string,
  more: object = {},
): Statement =>
  said("deployment.observed", at, {
    environment,
    service,
    components: [{ component: "main", digest: digestOf(image) }],
    ...more,
  });

export const removed = (environment: string, service: string | undefined, at: string): Statement =>
  said("deployment.removed", at, { environment, ...(service === undefined ? {} : { service }) });

export const retracted = ({ source, id, occurredAt }: Statement): Statement =>
  said("fact.retracted", occurredAt, {
    id: retractionId({ source, id }),
    target: { source, id },
    reason: "was wrong",
  });

/** Records much, without the door's checks. */
export async function recordFacts(store: Store, statements: readonly Statement[]): Promise<Store> {
  for (const statement of statements) {
    const { posted, derived } = accessPatternsOf({
      ...statement,
      v: 1,
      recordedAt: statement.occurredAt,
      reportedBy: "ci",
      statementHash: statementHash(statement),
    });
    for (const one of derived) await store.derive(one);
    await store.put(posted);
  }
  return store;
}

export const shownBy = async (people: People, answer: unknown): Promise<unknown> =>
  answer === undefined ? undefined : JSON.parse(await revealed(people, JSON.stringify(answer)));

export interface Given {
  readonly store: Store;
  readonly people: People;
  /** An answer as it leaves the ledger: with logins for commitments. */
  shown(answer: unknown): Promise<unknown>;
  /** Records a statement, a second after it happened where nothing else is said. */
  tell(statement: Statement, recordedAt?: string): Promise<Fact>;
  /** A moment to ask about, with everything that is known. */
  at(at: string, knownAt?: string): AsOf;
}

export async function given(...statements: readonly Statement[]): Promise<Given> {
  const store = memoryStore();
  const clock = { now: NOW };
  const people = memoryPeople();
  const appending: Appending = {
    store,
    rules: [],
    now: () => new Date(clock.now),
    heard: new Set(),
    people,
  };
  const ledger: Given = {
    store,
    people,
    shown: (answer) => shownBy(people, answer),
    async tell(statement, recordedAt) {
      clock.now = recordedAt ?? new Date(Date.parse(statement.occurredAt) + 1000).toISOString();
      const outcome = await append(appending, statement, { reportedBy: "ci", vendor: "events" });
      if (outcome.outcome !== "recorded") throw new Error(`was not recorded: ${JSON.stringify(outcome)}`);
      return outcome.fact;
    },
    at: (at, knownAt = KNOWN) => ({ store, at, knownAt, now: new Date(NOW), settleMs: 1000 }),
  };
  for (const statement of statements) await ledger.tell(statement);
  return ledger;
}

/** All pages of an answer, one after the other. */
export async function pagesOf<T extends { next: string | null }>(
  ask: (cursor: string | undefined) => Promise<T | undefined>,
): Promise<T[]> {
  const pages: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(cursor);
    if (page === undefined) throw new Error("nothing was answered");
    pages.push(page);
    if (pages.length > 1000) throw new Error("pages without end");
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return pages;
}

/** What was asked of a store: requests, and those that wait for one another. */
export interface ReadCost {
  requests: number;
  roundTrips: number;
}

/** A store that counts what is read of it. Whatever is asked before an answer comes is of one round trip. */
export function countedReads(store: Store): { readonly store: Store; readonly cost: ReadCost } {
  const cost: ReadCost = { requests: 0, roundTrips: 0 };
  let answering: Promise<void> | undefined;
  const counted =
    <A extends readonly unknown[], T>(read: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      cost.requests++;
      if (answering === undefined) {
        cost.roundTrips++;
        answering = new Promise((done) =>
          setImmediate(() => {
            answering = undefined;
            done();
          }),
        );
      }
      await answering;
      return read(...args);
    };
  const reads = { get: counted(store.get), query: counted(store.query), names: counted(store.names) };
  return { store: { ...store, ...reads }, cost };
}
