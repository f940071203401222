/** What was known at a moment, and the order in which it counts: plain arrays, nothing shared with the ledger. */
import { createHash } from "node:crypto";
import type { Deployment, Fact, FactOf, Kind } from "../../schemas/fact.ts";

/** Lower case may leave a letter and its sign apart that belong together, so they are put together again. */
export const fold = (name: string): string => name.normalize("NFC").toLowerCase().normalize("NFC");

/** Facts are immutable, so their order is worked out once. */
const orders = new WeakMap<Fact, string>();

/** RFC 8785 of an array of two well-formed strings is what JSON.stringify gives. */
export function order(fact: Fact): string {
  const known = orders.get(fact);
  if (known !== undefined) return known;
  const hash = createHash("sha256")
    .update(JSON.stringify([fact.source, fact.id]))
    .digest("hex");
  const since = fact.kind === "deployment.observed" ? fact.since : undefined;
  const numbered = fact.sequence ?? (since === undefined ? undefined : Date.parse(since));
  const place = numbered === undefined ? "" : String(numbered).padStart(16, "0");
  const found = `${fact.occurredAt}#${place}#${hash.slice(0, 32)}`;
  orders.set(fact, found);
  return found;
}

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
export const byOrder = (a: Fact, b: Fact): number => compare(order(a), order(b));
export const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** Everything that had been recorded, wrong or not. */
export const recordedBy = (facts: readonly Fact[], knownAt: string): Fact[] =>
  facts.filter((fact) => fact.recordedAt <= knownAt);

/** What was believed: recorded by then, and not taken back by then; oldest first. */
export function believed(facts: readonly Fact[], knownAt: string): Fact[] {
  const recorded = recordedBy(facts, knownAt);
  const retracted = ofKind(recorded, "fact.retracted").map(({ target }) => target);
  return recorded
    .filter((fact) => fact.kind !== "fact.retracted")
    .filter((fact) => !retracted.some(({ source, id }) => source === fact.source && id === fact.id))
    .sort(byOrder);
}

export const ofKind = <K extends Kind>(facts: readonly Fact[], ...kinds: readonly K[]): FactOf<K>[] =>
  facts.filter((fact): fact is FactOf<K> => kinds.some((kind) => kind === fact.kind));

export const until = <F extends Fact>(facts: readonly F[], at: string): F[] =>
  facts.filter(({ occurredAt }) => occurredAt <= at);

/** One question, with all that is believed about anything, oldest first. Names are folded. */
export interface Question {
  readonly environment: string;
  readonly service: string;
  readonly at: string;
  readonly knownAt: string;
  /** Everything recorded by `knownAt`, even what was taken back. */
  readonly recorded: readonly Fact[];
  /** What is believed of it. */
  readonly believed: readonly Fact[];
}

type Place = Pick<Question, "environment" | "service">;

export const isHere = (fact: Fact, { environment, service }: Place): boolean =>
  "environment" in fact &&
  fold(fact.environment) === environment &&
  "service" in fact &&
  fact.service !== undefined &&
  fold(fact.service) === service;

/** A removal that names no service removes everything in its environment. */
export const isEverywhereHere = (fact: Fact, { environment }: Place): boolean =>
  fact.kind === "deployment.removed" && fact.service === undefined && fold(fact.environment) === environment;

export const isHeardOf = (question: Question): boolean =>
  question.recorded.some((fact) => isHere(fact, question));

export const sameDeployment = (a: Deployment | undefined, b: Deployment | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.provider === b.provider &&
  a.instance === b.instance &&
  a.id === b.id;

/** The newest description by then; a service that was described only later is described by the first. */
export function description({ believed, at, service }: Question): FactOf<"service.described"> | undefined {
  const all = ofKind(believed, "service.described").filter((fact) => fold(fact.service) === service);
  return until(all, at).at(-1) ?? all[0];
}
