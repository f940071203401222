/** Each sender's own names, the places that they stand for, and by which naming rules. */

import type { NameRow, Names } from "../../schemas/answers/names.ts";
import { type Fact, OWN_KINDS } from "../../schemas/fact.ts";
import { byKey } from "../../schemas/words/ordering.ts";
import { dayOf } from "../ledger/access-patterns.ts";
import { canonical } from "../ledger/canonical.ts";
import { nextCursor, type Paging, placeOf, sizeOf } from "../ledger/cursor.ts";
import type { KnownAt } from "../ledger/fact-reader.ts";
import { pagesOf } from "../ledger/loader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { knownNames, namesIn, take } from "../ledger/names/directories.ts";
import { ofCode } from "../ledger/names/naming-rules.ts";
import { weekBefore } from "./sources.ts";

const QUESTION = "the names";

/** Facts that are read of each source. */
const FACTS_MAX = 500;

type Given = NameRow["sent"];

const FIELDS = ["group", "environment", "service", "database", "repository"] as const;

/** The names that a fact has of its own, without those of its components. */
function ownNames(fact: Fact): Given {
  const fields = FIELDS.filter((field) => field !== "repository" || !ofCode(fact));
  return Object.fromEntries(
    Object.entries(fact).filter(
      ([key, value]) => fields.some((field) => field === key) && typeof value === "string",
    ),
  );
}

const componentsOf = (fact: Fact): Pick<Given, "component" | "repository">[] =>
  "components" in fact && fact.components !== undefined
    ? fact.components.map(({ component, repository }) => ({
        component,
        ...(repository === undefined ? {} : { repository }),
      }))
    : [{}];

const vendorOf = ({ source }: Fact): string => /^\/webhooks\/([^/]+)/.exec(source)?.[1] ?? "events";

/** A row for each component of a fact; none for a fact without names. */
export function rowsOf(fact: Fact): NameRow[] {
  if (OWN_KINDS.has(fact.kind)) return [];
  const { sent } = fact;
  const { vendor = vendorOf(fact), rules = [], components: given, ...before } = sent ?? {};
  const own = ownNames(fact);
  // The sender's own group is in `sent`, like its other names; else a rule gave it.
  const { group: _, ...ungrouped } = own;
  const rows = componentsOf(fact).map(
    (one, n): NameRow => ({
      source: fact.source,
      vendor,
      sent: { ...(sent === undefined ? own : ungrouped), ...before, ...(given?.[n] ?? one) },
      named: { ...own, ...one },
      rules,
      lastRecordedAt: fact.recordedAt,
    }),
  );
  return rows.filter(({ named }) => Object.keys(named).length > 0);
}

/** The newest facts of a source in the last seven days, that the reader may see. What the reader may not see takes no room. */
async function newestOf(knowledge: KnownAt, source: string): Promise<Fact[]> {
  const { store, knownAt } = knowledge;
  const span = { from: weekBefore(knownAt), to: dayOf(knownAt), descending: true };
  const facts: Fact[] = [];
  for await (const { name: day } of namesIn(knowledge, { of: "days", source }, span))
    for await (const page of pagesOf((cursor) =>
      store.queryRecorded({ of: "source", source, day }, { limit: FACTS_MAX, descending: true, ...cursor }),
    )) {
      facts.push(...page.filter(({ recordedAt }) => recordedAt <= knownAt));
      if (facts.length >= FACTS_MAX) return facts.slice(0, FACTS_MAX);
    }
  return facts;
}

async function namesOf(knowledge: KnownAt, source: string): Promise<NameRow[]> {
  const rows = new Map<string, NameRow>();
  for (const row of (await newestOf(knowledge, source)).flatMap(rowsOf)) {
    const key = canonical([row.sent, row.named, row.rules]);
    if (!rows.has(key)) rows.set(key, row);
  }
  return [...rows].sort(byKey).map(([, row]) => row);
}

/** Answers with the names of one page of sources. Cost: a request for each source, and one for each day and 500 facts that are read of it. */
export async function names(knowledge: KnownAt, paging: Paging): Promise<Names> {
  const [after] = placeOf(QUESTION, paging);
  const found = knownNames(knowledge, { of: "sources" }, { after });
  const { taken, more } = await take(found, sizeOf(paging, 50, 100));
  const rows = await mapLimit(AT_ONCE, taken, ({ name }) => namesOf(knowledge, name));
  return {
    knownAt: knowledge.knownAt,
    names: rows.flat(),
    next: nextCursor(QUESTION, more, taken.at(-1)?.name),
  };
}
