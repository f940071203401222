/** Counts the outcomes of an import, for the lines at its end. */
import type { Outcomes } from "../../schemas/answer.ts";
import { byKey } from "../../schemas/words/ordering.ts";
import { count } from "../file/progress.ts";

type Outcome = Outcomes["outcomes"][number];

const EXAMPLES_MAX = 5;

export interface Totals {
  add(outcomes: readonly Pick<Outcome, "outcome" | "reason" | "id">[]): void;
  readonly seen: () => number;
  /** Whether everything is recorded. */
  readonly isComplete: () => boolean;
  readonly line: () => string;
  /** The first reasons of what was not recorded. */
  readonly faults: () => readonly string[];
}

const ORDER = ["recorded", "duplicate", "deferred", "ignored", "conflict", "rejected"] as const;

export function totals(): Totals {
  const counts = new Map<string, number>();
  const faults = new Map<string, string>();
  let seen = 0;
  const of = (outcome: string): number => counts.get(outcome) ?? 0;
  return {
    add(outcomes) {
      for (const { outcome, reason = "", id } of outcomes) {
        seen += 1;
        counts.set(outcome, of(outcome) + 1);
        const isFault = outcome === "rejected" || outcome === "conflict";
        if (isFault && faults.size < EXAMPLES_MAX && !faults.has(reason))
          faults.set(reason, `${outcome}: ${id ?? "?"}: ${reason}`);
      }
    },
    seen: () => seen,
    isComplete: () => of("rejected") + of("conflict") === 0,
    line: () => {
      const shown = ORDER.filter((one) => of(one) > 0 || one === "recorded").map(
        (one) => `${of(one)} ${one}`,
      );
      return `${count(seen, "statement")}: ${shown.join(", ")}`;
    },
    faults: () => [...faults.values()],
  };
}

/** What could not be known, by reason; `where` names the first place of each. */
export function unknowns() {
  const found = new Map<string, { n: number; where: string | undefined }>();
  return {
    add(why: string, where: string | undefined): void {
      const known = found.get(why);
      if (known === undefined) found.set(why, { n: 1, where });
      else known.n += 1;
    },
    line(): string {
      if (found.size === 0) return "could not be known: nothing that was looked for";
      const parts = [...found].map(([why, { n, where }]) => {
        const first = where === undefined ? "" : n === 1 ? ` (${where})` : `, first ${where}`;
        return `${why}${n === 1 ? "" : ` (${n} times)`}${first}`;
      });
      return `could not be known: ${parts.join("; ")}`;
    },
  };
}

interface Place {
  n: number;
  first: string;
  last: string;
}

/** What a dry run shows: how many statements of which kind, by environment and service, and their time. */
export function overview() {
  const places = new Map<string, Place>();
  return {
    add({
      kind,
      occurredAt,
      ...fields
    }: {
      kind: string;
      occurredAt: string;
      environment?: string;
      service?: string;
      repository?: string;
      change?: { repository: string };
    }): void {
      const where = [fields.environment, fields.service].filter((one) => one !== undefined).join("/");
      const key = `${where || (fields.repository ?? fields.change?.repository ?? "everywhere")}  ${kind}`;
      const known = places.get(key) ?? { n: 0, first: occurredAt, last: occurredAt };
      known.n += 1;
      if (occurredAt < known.first) known.first = occurredAt;
      if (occurredAt > known.last) known.last = occurredAt;
      places.set(key, known);
    },
    lines: (): string[] =>
      [...places].sort(byKey).map(([key, { n, first, last }]) => {
        const span = n === 1 ? first : `${first.slice(0, 10)} to ${last.slice(0, 10)}`;
        return `${key}: ${n}, ${span}`;
      }),
  };
}
