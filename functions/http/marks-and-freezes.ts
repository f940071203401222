/** The doors where people say what is to be done with releases: marks, and freezes with their end. */
import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import type * as z from "zod";
import type { StatementOf } from "../../schemas/fact.ts";
import { Freeze, FreezeEnd, Mark } from "../../schemas/question.ts";
import { faultsOf, id } from "../../schemas/scalars.ts";
import { EVER } from "../ledger/fact-reader.ts";
import { receive } from "../ledger/ingest.ts";
import { afterNewest } from "../queries/freezes.ts";
import { said } from "../sources/payload.ts";
import type { Ledger } from "./context.ts";
import { answerOne } from "./outcomes.ts";
import { EndpointError } from "./problem.ts";
import { bodyOf, holder, senderOf } from "./request.ts";

/** The request's own name for itself, by which the same request again is known. */
export function keyOf(c: Context): string | undefined {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return undefined;
  const parsed = id.safeParse(key);
  if (!parsed.success) throw new EndpointError("rejected", `Idempotency-Key: ${faultsOf(parsed.error)}`);
  return parsed.data;
}

type Said = StatementOf<"release.marked" | "environment.frozen" | "environment.unfrozen">;
type Own = Pick<Said, "id" | "occurredAt" | "timeFrom" | "actor">;

/** Records what a request says, as said by the holder of its token, now. */
const operate =
  <T extends object>(
    door: "marks" | "freezes",
    schema: z.ZodType<T>,
    statementOf: (body: T, own: Own) => Said,
    whenOf: (ledger: Ledger, body: T) => Promise<string> = async ({ now }) => now().toISOString(),
  ) =>
  async (ledger: Ledger, c: Context): Promise<Response> => {
    const who = await holder(ledger, c, "operate");
    const body = await bodyOf(c, schema);
    const own = {
      id: keyOf(c) ?? randomUUID(),
      occurredAt: await whenOf(ledger, body),
      // Ours is the only clock, so that the same request again is a duplicate.
      timeFrom: "receipt",
      actor: who.name,
    } as const;
    const statement = statementOf(body, own);
    // With its kind: a freeze and its end may have the same body.
    const raw = { kind: statement.kind, ...body };
    return answerOne(c, await receive(ledger, senderOf(door, who), [said(statement, raw)]));
  };

const FREEZES = "/asof/freezes";

/** Of what is frozen the newest word counts, whichever machine's clock it was said by. */
const lastWord = (
  { store, now }: Ledger,
  place: { environment: string; service?: string },
): Promise<string> => afterNewest({ store, knownAt: EVER }, place, now());

export const operating: Readonly<Record<string, (ledger: Ledger, c: Context) => Promise<Response>>> = {
  "/v1/marks": operate("marks", Mark, (body, own) => ({
    kind: "release.marked",
    source: "/asof/marks",
    ...own,
    ...body,
  })),
  "/v1/freezes": operate(
    "freezes",
    Freeze,
    (body, own) => ({ kind: "environment.frozen", source: FREEZES, ...own, ...body }),
    lastWord,
  ),
  "/v1/freezes/end": operate(
    "freezes",
    FreezeEnd,
    (body, own) => ({ kind: "environment.unfrozen", source: FREEZES, ...own, ...body }),
    lastWord,
  ),
};
