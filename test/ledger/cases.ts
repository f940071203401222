/** The tables of the rules: a history told tersely, a moment asked about, and what the release must say. */
import { describe, expect, it } from "vitest";
import { type Appending, append, type Outcome, type Receipt } from "../../functions/ledger/append.ts";
import type { Rule } from "../../functions/ledger/names/naming-rules.ts";
import type { Store } from "../../functions/ledger/store.ts";
import { release } from "../../functions/queries/release/release.ts";
import { Release, type Warning } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import { memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";
import { expectCalm } from "./failing.ts";
import { retracted, shownBy } from "./given.ts";
import { PLACE, time } from "./saying.ts";

/** Asked about where a case says nothing else: after everything that the tables tell, and knowing it all. */
const END = "2026-10-31T00:00:00.000Z";
const KNOWN = "2027-01-01T00:00:00.000Z";
const NOW = "2027-01-02T00:00:00.000Z";

/* How it is told */

interface Late {
  readonly statement: Statement;
  readonly recordedAt: string;
}
export type Told = Statement | Late;

/** Says when the ledger learned of a statement; else it is a second after it happened. */
export const learned = (recordedAt: string, statement: Statement): Late => ({
  statement,
  recordedAt: time(recordedAt),
});

export const takenBack = (recordedAt: string, target: Statement): Late =>
  learned(recordedAt, retracted(target));

const statementOf = (told: Told): Statement => ("statement" in told ? told.statement : told);

interface Question {
  readonly at?: string;
  readonly knownAt?: string;
  readonly environment?: string;
  readonly service?: string;
}

export interface Ledger {
  tell(told: Told, receipt?: Partial<Receipt>): Promise<Outcome>;
  readonly store: Store;
  /** @param from another store than its own, which reads from that */
  ask(question?: Question, from?: Store): Promise<Release | undefined>;
}

/** A ledger in memory with a clock that the teller sets. */
export function ledger(rules: readonly Rule[] = []): Ledger {
  const store = memoryStore();
  let now = NOW;
  const people = memoryPeople();
  const appending: Appending = {
    store,
    rules,
    now: () => new Date(now),
    heard: new Set(),
    people,
  };
  return {
    store,
    tell(told, receipt) {
      const statement = statementOf(told);
      now =
        "statement" in told ? told.recordedAt : new Date(Date.parse(told.occurredAt) + 1000).toISOString();
      return append(appending, statement, { reportedBy: "ci", vendor: "events", ...receipt });
    },
    async ask({ at = END, knownAt = KNOWN, ...place } = {}, from = store) {
      const moment = {
        store: from,
        at: time(at),
        knownAt: time(knownAt),
        now: new Date(NOW),
        settleMs: 1000,
      };
      const answer = await release(moment, { ...PLACE, ...place });
      return answer === undefined ? undefined : Release.parse(await shownBy(people, answer));
    },
  };
}

async function ledgerOf(told: readonly Told[], rules: readonly Rule[] = []): Promise<Ledger> {
  const made = ledger(rules);
  for (const one of told) {
    const outcome = await made.tell(one);
    if (outcome.outcome !== "recorded") throw new Error(`was not recorded: ${JSON.stringify(outcome)}`);
  }
  return made;
}

/** The same facts as they may also arrive: the last first, only that a retraction needs its target. */
function otherwise(told: readonly Told[]): Told[] {
  const isLast = (one: Told) => statementOf(one).kind === "fact.retracted";
  const back = told.toReversed();
  return [...back.filter((one) => !isLast(one)), ...back.filter(isLast)].map((one) =>
    learned("30 00:00", statementOf(one)),
  );
}

/* What is answered */

type Some<T> = T extends readonly (infer E)[]
  ? readonly Some<E>[]
  : T extends object
    ? { readonly [K in keyof T]?: Some<T[K]> | undefined }
    : T;

/** Parts of an answer; times may be short, and an absent field can be asked for as undefined. */
export type Expected = Omit<Some<Release>, "warnings"> & { readonly warnings?: readonly Warning["code"][] };

interface Case extends Question {
  readonly rule: string;
  readonly given: readonly Told[];
  /** Naming rules of the ledger. */
  readonly under?: readonly Rule[];
  readonly answers: Expected | "never heard of";
}

/** Absent fields become undefined ones, and warnings their codes, so that a table can name them. */
const plain = (answer: Release) => ({
  ...answer,
  components: answer.components.map((one) => ({
    variant: undefined,
    weight: undefined,
    reported: undefined,
    rebuild: undefined,
    ...one,
  })),
  migrations:
    answer.migrations === "unknown"
      ? answer.migrations
      : answer.migrations.map((one) => ({
          appliedAt: undefined,
          appliedBetween: undefined,
          failed: undefined,
          ...one,
        })),
  warnings: answer.warnings.map(({ code }) => code),
});

/** Warnings of what went unnoticed (`rules-of-unnoticed.test.ts`): other tables need not name them. */
export const UNNOTICED: ReadonlySet<string> = new Set([
  "deployment_failed",
  "rollback_undone",
  "older_build",
  "image_lost",
  "schema_too_new",
  "schema_too_old",
]);

/** What is not spoken of is calm: no drift, no attempt and no warning but those that the case names. */
const CALM = { drift: null, attempt: null, warnings: [] };

function expectAnswer(answer: Release | undefined, answers: Case["answers"]): void {
  if (answers === "never heard of" || answer === undefined) {
    expect(answer ?? "never heard of").toBe(answers);
    return;
  }
  const { since, until } = answers;
  const shown = plain(answer);
  const warnings =
    answers.warnings === undefined ? shown.warnings.filter((code) => !UNNOTICED.has(code)) : shown.warnings;
  expect({ ...shown, warnings }).toMatchObject({
    ...CALM,
    ...answers,
    ...(typeof since === "string" ? { since: time(since) } : {}),
    ...(typeof until === "string" ? { until: time(until) } : {}),
  });
}

/** Where one release ends the next begins. */
async function expectNext(told: Ledger, question: Question, answer: Release | undefined): Promise<void> {
  const until = answer?.until ?? null;
  if (until === null) return;
  expect(await told.ask({ ...question, at: until })).toMatchObject({ at: until, since: until });
}

/** A table of one rule: every case is a test, told as it happened, with reads that fail, and the other way round. */
export function cases(what: string, table: readonly Case[]): void {
  describe(what, () => {
    it.each(table)("$rule", async ({ given, under, answers, rule: _, ...question }) => {
      const told = await ledgerOf(given, under);
      const answer = await told.ask(question);
      expectAnswer(answer, answers);
      await expectNext(told, question, answer);
      await expectCalm(told.store, (store) => told.ask(question, store));
      if (question.knownAt !== undefined) return;
      expect(await (await ledgerOf(otherwise(given), under)).ask(question)).toEqual(answer);
    });
  });
}
