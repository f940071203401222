/** Any history, in any order, through any weather: the ledger answers as the oracle does, and never takes back. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Appending, append, type Outcome } from "../functions/ledger/append.ts";
import { remembering, revealed } from "../functions/ledger/people/people.ts";
import { type Store, StoreError } from "../functions/ledger/store.ts";
import { release } from "../functions/queries/release/release.ts";
import type { Release } from "../schemas/answer.ts";
import { type Fact, Statement } from "../schemas/fact.ts";
import { checkLedger } from "./check-ledger.ts";
import { type Asking, END_MS, history, question } from "./histories.ts";
import { UNNOTICED } from "./ledger/cases.ts";
import { type Asked, type Expected, oracleRelease } from "./oracle.ts";
import { type Fault, memoryStore } from "./store/memory.ts";
import { memoryPeople } from "./store/memory-people.ts";

const SETTLE_MS = 1000;
const LAG_MAX_MS = 400;

/** How a history comes in: in which order, what is repeated, together with what, through what weather. */
const delivery = fc.record({
  keys: fc.array(fc.nat({ max: 99 }), { maxLength: 40 }),
  repeats: fc.array(fc.nat({ max: 99 }), { maxLength: 6 }),
  batches: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 12 }),
  faults: fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant<Fault>("none") },
      { weight: 1, arbitrary: fc.constantFrom<Fault>("throttled", "lost", "written though failed") },
    ),
    { maxLength: 120, size: "max" },
  ),
  lagsMs: fc.array(fc.nat({ max: LAG_MAX_MS }), { maxLength: 12 }),
  pausesMs: fc.array(fc.constantFrom(0, 1, 50, 2000), { maxLength: 12 }),
  turns: fc.array(fc.nat({ max: 6 }), { maxLength: 20 }),
});
type Delivery = typeof delivery extends fc.Arbitrary<infer D> ? D : never;

/** One of a list, over and over. */
const cycled = <T>(list: readonly T[], n: number, otherwise: T): T => list[n % list.length] ?? otherwise;

/** A permutation with repeats, in which no retraction comes before its target; each batch is sent at once. */
function batchesOf(statements: readonly Statement[], { keys, repeats, batches }: Delivery): Statement[][] {
  const ordered = statements
    .map((statement, n) => ({ statement, key: cycled(keys, n, 0) + n / 1000 }))
    .sort((a, b) => a.key - b.key)
    .map(({ statement }) => statement);
  const first = ordered.filter(({ kind }) => kind !== "fact.retracted");
  const retractions = ordered.filter(({ kind }) => kind === "fact.retracted");
  for (const retraction of retractions) {
    if (retraction.kind !== "fact.retracted") continue;
    const { source, id } = retraction.target;
    const target = first.findIndex((one) => one.source === source && one.id === id);
    const later = cycled(keys, first.length, 0) % (first.length - target);
    first.splice(target + 1 + later, 0, retraction);
  }
  for (const [n, repeat] of repeats.entries()) {
    const again = first[repeat % first.length];
    if (again !== undefined) first.splice(first.indexOf(again) + 1 + (n % 3) * 2, 0, again);
  }
  return batched(first, batches);
}

/** A retraction waits until its target was acknowledged, so it begins a batch. */
function batched(statements: readonly Statement[], sizes: readonly number[]): Statement[][] {
  const result: Statement[][] = [];
  for (const statement of statements) {
    const last = result.at(-1);
    const isFull = last === undefined || last.length >= cycled(sizes, result.length - 1, 1);
    if (isFull || statement.kind === "fact.retracted") result.push([statement]);
    else last.push(statement);
  }
  return result;
}

/** A ledger in memory, under a weather and a clock of its own. */
function ledgerUnder({ faults, lagsMs, pausesMs, turns }: Delivery) {
  const count = { operations: 0, lags: 0, pauses: 0, turns: 0 };
  const clock = { ms: END_MS, isCalm: false };
  const fault = (): Fault => {
    if (clock.isCalm) return "none";
    clock.ms += count.operations % 3;
    return faults[count.operations++] ?? "none";
  };
  const memory = memoryStore({
    now: () => clock.ms,
    lagMs: () => cycled(lagsMs, count.lags++, 0),
    fault,
  });
  const people = memoryPeople(fault);
  /** Requests overtake each other on their way. */
  const onItsWay = async <T>(request: () => Promise<T>): Promise<T> => {
    for (let n = cycled(turns, count.turns++, 0); n > 0; n--) await undefined;
    return request();
  };
  const store: Store = {
    put: (posted) => onItsWay(() => memory.put(posted)),
    derive: (derived) => onItsWay(() => memory.derive(derived)),
    get: (identities) => onItsWay(() => memory.get(identities)),
    rawHashOf: (identity) => onItsWay(() => memory.rawHashOf(identity)),
    query: (partition, range) => onItsWay(() => memory.query(partition, range)),
    queryRecorded: (partition, range) => onItsWay(() => memory.queryRecorded(partition, range)),
    count: (partition) => onItsWay(() => memory.count(partition)),
    names: (directory, range) => onItsWay(() => memory.names(directory, range)),
  };
  const appending: Appending = {
    store,
    rules: [],
    now: () => new Date(clock.ms),
    heard: new Set(),
    people: remembering(people, () => new Date(clock.ms)),
  };
  const acknowledged = new Map<string, Fact>();
  /** From when a statement was first sent until it was recorded: meanwhile its names are heard of already. */
  const recordings: { from: string; to: string }[] = [];

  /** Sends until it is told an outcome, as a sender does. */
  async function send(statement: Statement): Promise<Outcome> {
    const from = new Date(clock.ms).toISOString();
    const outcome = await retried(() =>
      append(appending, received(statement, clock.ms), { reportedBy: "test", vendor: "events" }),
    );
    if (outcome.outcome === "rejected")
      throw new Error(`rejected ${JSON.stringify(statement)}: ${outcome.reason}`);
    recordings.push({ from, to: outcome.fact.recordedAt });
    if (outcome.outcome !== "conflict")
      acknowledged.set(JSON.stringify([statement.source, statement.id]), outcome.fact);
    return outcome;
  }

  const calmly = async <T>(action: () => Promise<T>): Promise<T> => {
    clock.isCalm = true;
    const result = await action();
    clock.isCalm = false;
    return result;
  };

  return {
    acknowledged,
    send,
    /** What the ledger tells, with logins for commitments. */
    shown: (told: unknown): Promise<unknown> =>
      calmly(async () => JSON.parse(await revealed(people, JSON.stringify(told)))),
    now: () => new Date(clock.ms),
    /** The first moment from this one on at which no recording was in the middle. */
    quiet(moment: string): string {
      let quiet = moment;
      for (;;) {
        const busy = recordings.find(({ from, to }) => from <= quiet && quiet < to);
        if (busy === undefined) return quiet;
        quiet = busy.to;
      }
    },
    facts: () => [...acknowledged.values()],
    async deliver(batches: readonly Statement[][]): Promise<void> {
      for (const batch of batches) {
        await Promise.all(batch.map(send));
        clock.ms += cycled(pausesMs, count.pauses++, 1);
      }
    },
    settle(): void {
      clock.ms += SETTLE_MS;
    },
    check: (isSettled: boolean) => calmly(() => checkLedger(store, [...acknowledged.values()], isSettled)),
    ask: ({ at, knownAt, environment, service }: Asked): Promise<Release | undefined> =>
      retried(() =>
        release(
          { store, at, knownAt, now: new Date(clock.ms), settleMs: SETTLE_MS },
          { environment, service },
        ),
      ),
  };
}
type Ledger = ReturnType<typeof ledgerUnder>;

/** A door gives what has no time that of its receipt, anew at each delivery. */
const received = (statement: Statement, ms: number): Statement =>
  statement.timeFrom === "receipt" ? { ...statement, occurredAt: new Date(ms).toISOString() } : statement;

/** The same statement from a source with a clock. */
const timed = ({ timeFrom: _, ...statement }: Statement): Statement => Statement.parse(statement);

async function retried<T>(action: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }
}

const askedOf = (ledger: Ledger, { known, ...rest }: Asking): Asked => {
  const latest = new Date(ledger.now().getTime() - SETTLE_MS).toISOString();
  const moments = ledger.facts().map(({ recordedAt }) => recordedAt);
  const knownAt = known === undefined ? latest : ledger.quiet(cycled(moments, known, latest));
  return { ...rest, knownAt: knownAt < latest ? knownAt : latest };
};

const fold = (name: string): string => name.normalize("NFC").toLowerCase().normalize("NFC");

/** What the semantics leave open is made equal: the case of names asked for, and the order of plain lists. */
function comparable(answer: Expected): unknown {
  const sorted = <T>(list: readonly T[]): T[] =>
    list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const { environment, service, components, migrations, drift, ...rest } = answer;
  return {
    ...rest,
    environment: fold(environment),
    service: fold(service),
    components: components.toSorted((a, b) => (slot(a) < slot(b) ? -1 : 1)),
    migrations:
      migrations === "unknown"
        ? migrations
        : migrations.map((one) => ({ ...one, database: fold(one.database) })),
    drift: drift && { ...drift, claimed: sorted(drift.claimed), observed: sorted(drift.observed) },
  };
}
const slot = ({ component, variant }: { component: string; variant?: string }): string =>
  JSON.stringify([fold(component), fold(variant ?? "")]);

function answered(answer: Release | undefined): unknown {
  if (answer === undefined) return "never heard of";
  const { settled: _, facts: __, warnings, ...rest } = answer;
  const codes = warnings.map(({ code }) => code).filter((code) => !UNNOTICED.has(code));
  return comparable({ ...rest, warnings: codes.sort() });
}

const expected = (facts: readonly Fact[], asked: Asked): unknown => {
  const answer = oracleRelease(facts, asked);
  return answer === undefined ? "never heard of" : comparable(answer);
};

const withoutKnowledge = (answer: unknown): unknown => {
  if (typeof answer !== "object" || answer === null || !("knownAt" in answer)) return answer;
  const { knownAt: _, ...rest } = answer;
  return rest;
};

const asking = fc.array(question, { minLength: 1, maxLength: 6, size: "max" });

describe("a ledger of any history", () => {
  it("answers as the oracle does, whatever the order, the repeats and the weather", () =>
    fc.assert(
      fc.asyncProperty(history, delivery, asking, async (statements, how, questions) => {
        const ledger = ledgerUnder(how);
        await ledger.deliver(batchesOf(statements, how));
        ledger.settle();
        for (const one of questions) {
          const asked = askedOf(ledger, one);
          const answer = await ledger.ask(asked);
          expect(answered(answer)).toEqual(expected(ledger.facts(), asked));
          expect(answer?.settled ?? true).toBe(true);
        }
      }),
    ));

  it("answers the same after any other order of arrival", () =>
    fc.assert(
      fc.asyncProperty(history, delivery, delivery, asking, async (received, one, other, questions) => {
        const statements = received.map(timed);
        const ledgers = [ledgerUnder(one), ledgerUnder(other)] as const;
        await ledgers[0].deliver(batchesOf(statements, one));
        await ledgers[1].deliver(batchesOf(statements, other));
        for (const ledger of ledgers) ledger.settle();
        for (const asked of questions) {
          const [a, b] = await Promise.all(
            ledgers.map(async (ledger) => {
              const answer = await ledger.ask(askedOf(ledger, { ...asked, known: undefined }));
              // Each ledger has salts of its own, and so other commitments.
              return ledger.shown(withoutKnowledge(answered(answer)));
            }),
          );
          expect(a).toEqual(b);
        }
      }),
    ));

  it("never changes an answer that was settled", () =>
    fc.assert(
      fc.asyncProperty(
        history,
        delivery,
        fc.nat({ max: 99 }),
        asking,
        async (statements, how, cut, questions) => {
          const ledger = ledgerUnder(how);
          const batches = batchesOf(statements, how);
          const middle = cut % (batches.length + 1);
          await ledger.deliver(batches.slice(0, middle));
          const asked = questions.map((one) => askedOf(ledger, one));
          const before: unknown[] = [];
          for (const one of asked) before.push(await ledger.ask(one));
          await ledger.deliver(batches.slice(middle));
          for (const [n, one] of asked.entries()) expect(await ledger.ask(one)).toEqual(before[n]);
          ledger.settle();
          for (const [n, one] of asked.entries()) expect(await ledger.ask(one)).toEqual(before[n]);
        },
      ),
    ));

  it("keeps every acknowledged statement once, with the same bytes, and a conflicting one aside", () =>
    fc.assert(
      fc.asyncProperty(history, delivery, async (statements, how) => {
        const ledger = ledgerUnder(how);
        for (const batch of batchesOf(statements, how)) {
          await ledger.deliver([batch]);
          await ledger.check(false);
        }
        for (const statement of statements) {
          const {
            v: _,
            recordedAt: __,
            reportedBy: ___,
            statementHash: ____,
            ...kept
          } = factOf(ledger, statement);
          expect(JSON.stringify(kept)).not.toContain(statement.actor ?? "nobody");
          expect(await ledger.shown({ ...kept, occurredAt: statement.occurredAt })).toEqual(statement);
          expect((await ledger.send({ ...statement, actor: "mallory" })).outcome).toBe("duplicate");
          const other = { ...statement, url: "https://mallory.example" };
          expect((await ledger.send(other)).outcome).toBe("conflict");
        }
        ledger.settle();
        await ledger.check(true);
      }),
    ));
});

function factOf(ledger: Ledger, { source, id }: Statement): Fact {
  const fact = ledger.acknowledged.get(JSON.stringify([source, id]));
  if (fact === undefined) throw new Error(`${source} ${id} was not acknowledged`);
  return fact;
}
