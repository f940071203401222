/** The events of a timeline, in order, starting at any of them. */
import type { TimelineEntry } from "../../../schemas/answer.ts";
import type { Fact } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { by } from "../../../schemas/words/ordering.ts";
import { EVERYWHERE, monthOf } from "../../ledger/access-patterns.ts";
import { justBefore } from "../../ledger/as-of.ts";
import { order } from "../../ledger/canonical.ts";
import { history, type KnownAt } from "../../ledger/fact-reader.ts";
import { ahead } from "../../ledger/loader.ts";
import { namesIn } from "../../ledger/names/directories.ts";
import type { Question } from "../question.ts";
import { isEffective } from "../release/effective-deployments.ts";
import { changeEntry, datedEntry, type Event, eventEntry, isEvent } from "./entries.ts";
import { type Step, watching } from "./observation-changes.ts";
import { comparisons, type DatedEvent, datedEvents } from "./schema-changes.ts";

/** The environment or service of a timeline. Names are folded. */
export type Scope =
  | { readonly environment: string; readonly service: undefined }
  | {
      readonly environment: string;
      readonly service: string;
      readonly databases: ReadonlySet<string>;
      /** Those whose migrations ever named the service. */
      readonly named: ReadonlySet<string>;
    };

/** Inclusive bounds. `from` is a time, or the sort key of an event of which `delivered` entries were already returned. */
export interface Span {
  readonly from: string;
  readonly to: string;
  /** A time or a sort key: facts up to it are before the span. */
  readonly before: string;
  readonly delivered?: number;
}

/** Facts per batch, and maximum number of facts read for one page. So a page may be short without being the last. */
const CHUNK = 100;
const SCAN_MAX = 5000;

function concerns(scope: Scope, fact: Event): boolean {
  if (scope.service === undefined) return true;
  const service = fact.service === undefined ? undefined : fold(fact.service);
  if (service === scope.service) return true;
  if ("database" in fact) return scope.databases.has(fold(fact.database));
  return service === undefined;
}

/** The databases whose migrations may concern a scope; undefined: all. */
const migrated = (scope: Scope): ReadonlySet<string> | undefined =>
  scope.service === undefined ? undefined : new Set([...scope.databases, ...scope.named]);

async function* factsIn(knowledge: KnownAt, environment: string, { from, to }: Span): AsyncGenerator<Fact> {
  const months = { from: monthOf(from), to: monthOf(to) };
  for await (const { name: month } of namesIn(knowledge, { of: "months", environment }, months)) {
    yield* history(knowledge, { of: "timeline", environment, month }, { from, to });
  }
}

/** The facts of an environment and those of every environment, in one order. */
async function* factsOf(knowledge: KnownAt, environment: string, span: Span): AsyncGenerator<Fact> {
  const everywhere = ahead(factsIn(knowledge, EVERYWHERE, span));
  let other = await everywhere.next();
  for await (const fact of ahead(factsIn(knowledge, environment, span))) {
    for (; other.done !== true && order(other.value) < order(fact); other = await everywhere.next())
      yield other.value;
    yield fact;
  }
  for (; other.done !== true; other = await everywhere.next()) yield other.value;
}

async function* chunked<T>(found: AsyncIterable<T>): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const one of found) {
    chunk.push(one);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  yield chunk;
}

type Known = Omit<Question, "at">;

/** What an entry says of the components to which its deployment brought another image. */
const broughtBy = (brings: readonly string[] | undefined): Pick<TimelineEntry, "changesImage" | "brings"> => {
  if (brings === undefined) return {};
  return brings.length === 0 ? { changesImage: false } : { changesImage: true, brings: [...brings] };
};

/** Turns facts into entries, in order. Entries of observations and of sets depend on the facts before them. */
function narrating(known: Known, environment: string) {
  const watch = watching(known, environment);
  const databases = comparisons(known, environment);
  return {
    /** @param facts what the steps are chosen from */
    async prepare(steps: readonly Step<Event>[], facts: readonly Fact[]): Promise<void> {
      const shown = steps.flatMap(({ fact, before }) => (isEffective(fact) ? [{ fact, before }] : []));
      const events = steps.map(({ fact }) => fact);
      await Promise.all([watch.prepare(shown), databases.prepare(events, facts)]);
    },
    async entriesOf(fact: Event): Promise<TimelineEntry[]> {
      if (fact.kind === "migration.snapshot")
        return databases.changesAt(fact).map((change) => changeEntry(fact, change));
      if (!isEffective(fact)) return [eventEntry(fact)];
      const { isEvent, brings } = await watch.take(fact);
      return isEvent ? [{ ...eventEntry(fact), ...broughtBy(brings) }] : [];
    },
  };
}

function stepsOf(scope: Scope, facts: readonly Fact[], start: string): Step<Event>[] {
  const steps: Step<Event>[] = [];
  let before = start;
  for (const fact of facts) {
    if (isEvent(fact) && concerns(scope, fact)) steps.push({ fact, before });
    before = order(fact);
  }
  return steps;
}

/** An entry and the place to continue after it. Without an entry: the scan limit was reached there. */
interface Narrated {
  readonly entry?: TimelineEntry;
  readonly place: readonly [order: string, delivered: string];
}

/** A place of a timeline with its entries. */
interface Item {
  readonly order: string;
  entries(): TimelineEntry[] | Promise<TimelineEntry[]>;
}

const datedItem = ({ order, snapshot, inferred }: DatedEvent): Item => ({
  order,
  entries: () => inferred.flatMap((one) => datedEntry(snapshot, one)),
});

async function* narrated(known: Known, scope: Scope, span: Span): AsyncGenerator<Narrated> {
  const { prepare, entriesOf } = narrating(known, scope.environment);
  const dated = datedEvents(known, scope.environment, migrated(scope), span.before);
  let { before, from: low } = span;
  let scanned = 0;
  for await (const facts of chunked(factsOf(known, scope.environment, span))) {
    const last = facts.at(-1);
    const high = last === undefined || facts.length < CHUNK ? span.to : order(last);
    const steps = stepsOf(scope, facts, before).filter(
      // The event at which the previous page ended is needed again only if it can have several entries.
      ({ fact }) => order(fact) !== span.from || fact.kind === "migration.snapshot",
    );
    const [events] = await Promise.all([dated({ facts, low, high }), prepare(steps, facts)]);
    const items: Item[] = [
      ...steps.map(({ fact }) => ({ order: order(fact), entries: () => entriesOf(fact) })),
      ...events.filter(({ snapshot }) => concerns(scope, snapshot)).map(datedItem),
    ].sort(by(({ order }) => order));
    for (const item of items) {
      const skipped = item.order === span.from ? (span.delivered ?? 0) : 0;
      const entries = await item.entries();
      yield* entries
        .map((entry, n) => ({ entry, place: [item.order, String(n + 1)] as const }))
        .slice(skipped);
    }
    before = last === undefined ? before : order(last);
    low = before;
    scanned += facts.length;
    if (scanned >= SCAN_MAX) return yield { place: [before, ALL] };
  }
}

/** More than the number of entries of any fact. */
const ALL = "1000000";

/** At most `limit` entries, and where to continue (a sort key and its delivered entries), unless the span ended. */
export async function eventsFrom(
  known: Known,
  scope: Scope,
  span: Span,
  limit: number,
): Promise<{ entries: TimelineEntry[]; next: Narrated["place"] | undefined }> {
  const entries: TimelineEntry[] = [];
  let last: Narrated["place"] | undefined;
  for await (const { entry, place } of narrated(known, scope, span)) {
    if (entry === undefined) return { entries, next: place };
    if (entries.length === limit) return { entries, next: last };
    entries.push(entry);
    last = place;
  }
  return { entries, next: undefined };
}

/** Entries read at once. */
const PAGE = 500;

/** All entries of an environment (folded) in a span, both ends inclusive, oldest first. */
export async function allEntries(
  known: Known,
  environment: string,
  { from, to }: Pick<Span, "from" | "to">,
): Promise<TimelineEntry[]> {
  const scope = { environment, service: undefined };
  const found: TimelineEntry[] = [];
  let next: Narrated["place"] | undefined = [from, "0"];
  for (let before = justBefore(from); next !== undefined; ) {
    const span = { from: next[0], to, before, delivered: Number(next[1]) };
    const page = await eventsFrom(known, scope, span, PAGE);
    found.push(...page.entries);
    next = page.next;
    before = next?.[0] ?? before;
  }
  return found;
}
