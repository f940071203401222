/**
 * Random histories in which everything collides with everything: few names, few images, few tags, few moments,
 * every kind of statement. Arbitraries for fast-check; what comes out is valid by the schemas.
 */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { Statement } from "../schemas/fact.ts";
import { type Act, anyAct } from "./histories/stories.ts";
import { DAY, environment, OFFSETS, pick, SECOND, service, time } from "./histories/words.ts";

export { END_MS } from "./histories/words.ts";

const SOURCES = ["/ci", "/cd"] as const;

/** A retraction's id is SHA-256 of its target's identity; RFC 8785 of two strings is what JSON.stringify gives. */
const retractionId = ({ source, id }: Statement): string =>
  createHash("sha256")
    .update(JSON.stringify([source, id]))
    .digest("hex");

/** Numbers the statements: the same id comes from both sources, and they are two. */
function numbered(acts: readonly Act[]): Statement[] {
  const statements: Statement[] = [];
  const targets: Statement[] = [];
  const retractions = new Set<string>();
  for (const act of acts) {
    if ("says" in act) {
      for (const said of act.says) {
        const n = targets.length;
        const own = said.source === undefined;
        const id = own ? String(Math.floor(n / 2)) : `own/${n}`;
        const statement = Statement.parse({ source: SOURCES[n % 2], ...said, id });
        targets.push(statement);
        statements.push(statement);
      }
      continue;
    }
    const target = targets[act.retracts % Math.max(targets.length, 1)];
    // What was ordered cannot be taken back.
    if (target === undefined || target.kind === "redeployment.requested") continue;
    const source = `/people/${act.by}`;
    const id = retractionId(target);
    if (retractions.has(`${source} ${id}`)) continue;
    retractions.add(`${source} ${id}`);
    statements.push({
      kind: "fact.retracted",
      source,
      id,
      occurredAt: target.occurredAt,
      target: { source: target.source, id: target.id },
      reason: "was wrong",
    });
  }
  return statements;
}

/** Statements, each retraction somewhere after its target, and no two with one identity. */
export const history: fc.Arbitrary<Statement[]> = fc
  .array(anyAct, { minLength: 1, maxLength: 16, size: "max" })
  .map(numbered)
  .filter(({ length }) => length > 0);

/** What came in without a time happened only when it came in. */
const sometimesLater = (at: string): fc.Arbitrary<string> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(at) }, { weight: 1, arbitrary: pick(time(42 * DAY)) });

/** Names and a moment to ask about; `known` picks a moment of knowledge among those at which facts were recorded. */
export const question = fc.record({
  environment: fc.oneof(
    { weight: 14, arbitrary: environment },
    { weight: 1, arbitrary: pick("PRODUCTION", "nowhere") },
  ),
  service: fc.oneof(
    { weight: 14, arbitrary: service },
    { weight: 1, arbitrary: pick("ACME/WEB", "acme/none") },
  ),
  at: fc
    .tuple(
      fc.nat({ max: OFFSETS.length - 1 }),
      fc.nat({ max: OFFSETS.length - 1 }),
      pick(0, 0, 0, 1, -1, 10 * SECOND),
    )
    .map(([one, other, by]) => time((OFFSETS[Math.max(one, other)] ?? 0) + by))
    .chain(sometimesLater),
  known: fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.nat({ max: 99 }) },
  ),
});
export type Asking = typeof question extends fc.Arbitrary<infer Q> ? Q : never;

/** Whether a part of a set of migrations is reported twice. */
export function isPartRepeated(statements: readonly Statement[]): boolean {
  const parts = statements.flatMap((one) =>
    one.kind === "migration.snapshot" && one.part !== undefined
      ? [JSON.stringify([one.source, one.database, one.mode, one.part.set, one.part.n])]
      : [],
  );
  return new Set(parts).size < parts.length;
}

/** Whether heads are reported beside sets in parts. */
export const isHeadAmongParts = (statements: readonly Statement[]): boolean =>
  statements.some((one) => one.kind === "migration.snapshot" && one.mode === "head") &&
  statements.some((one) => one.kind === "migration.snapshot" && one.part !== undefined);
