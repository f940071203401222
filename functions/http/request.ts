/** What all doors do first: who is it, may they, and is the request of the expected form. */
import type { Context } from "hono";
import type * as z from "zod";
import { instant } from "../../schemas/question.ts";
import { faultsOf } from "../../schemas/scalars.ts";
import type { AsOf } from "../ledger/as-of.ts";
import { boundBy, type Holder, holderOf, isAllowed, type Right } from "../ledger/authority.ts";
import type { Sender } from "../ledger/ingest.ts";
import { revealingAhead } from "../ledger/people.ts";
import { readJson } from "../sources/payload.ts";
import type { Ledger } from "./context.ts";
import { EndpointError } from "./problem.ts";

export const MAX_BODY_BYTES = 1024 * 1024;

/** The holder of the request's token, if it has one of the rights. Throws an EndpointError otherwise. */
export async function holder(ledger: Ledger, c: Context, ...anyOf: readonly Right[]): Promise<Holder> {
  const { tokens } = await ledger.secrets();
  const found = holderOf(tokens, c.req.header("authorization"));
  if (found === undefined) {
    throw new EndpointError(
      "unauthenticated",
      "Send `Authorization: Bearer <token>` with a token of this ledger.",
    );
  }
  if (!anyOf.some((right) => isAllowed(found, right))) {
    throw new EndpointError(
      "forbidden",
      `The token ${found.name} has the role ${found.role}, which may not ${anyOf.join(" or ")} here.`,
    );
  }
  return found;
}

/** The query parameters, parsed. A parameter given twice is refused: nobody could say which one counts. */
export function query<T>(c: Context, schema: z.ZodType<T>): T {
  const given = c.req.queries();
  const twice = Object.entries(given).find(([, values]) => values.length > 1);
  if (twice !== undefined) throw new EndpointError("rejected", `${twice[0]}: must be given once`);
  const parsed = schema.safeParse(c.req.query());
  if (!parsed.success) throw new EndpointError("rejected", faultsOf(parsed.error));
  return parsed.data;
}

/** What was known when: refuses the future, for nobody knows it yet. */
export function knowledge(ledger: Ledger, asked: string | undefined): Omit<AsOf, "at"> {
  const now = ledger.now();
  const latest = now.toISOString();
  const { settleMs, people } = ledger;
  const store = revealingAhead(ledger.store, people);
  if (asked === undefined) return { store, settleMs, now, knownAt: latest };
  const knownAt = instant(asked, "end");
  // A date that is today's means: all that is known today, which is all that is known now.
  const isToday = asked.length === 10 && asked === latest.slice(0, 10);
  if (knownAt > latest && !isToday) {
    throw new EndpointError(
      "rejected",
      `knownAt: ${knownAt} lies in the future; what will be known then cannot be answered`,
    );
  }
  return { store, settleMs, now, knownAt: isToday ? latest : knownAt };
}

export function moment(
  ledger: Ledger,
  asked: { at?: string | undefined; knownAt?: string | undefined },
): AsOf {
  const known = knowledge(ledger, asked.knownAt);
  return { ...known, at: asked.at === undefined ? known.now.toISOString() : instant(asked.at, "end") };
}

/** A name never heard of is a mistake in the question; a known one without facts by then is an answer. */
export function found<T>(answer: T | undefined, what: string): T {
  if (answer === undefined) {
    throw new EndpointError(
      "unknown",
      `The ledger never heard of ${what} by then. GET /v1/environments lists what it knows.`,
    );
  }
  return answer;
}

export const senderOf = (door: string, who: Holder): Sender => ({
  door,
  reportedBy: who.name,
  refuse: (statement) =>
    boundBy(who, { ...statement, ...("environment" in statement ? {} : { environment: undefined }) }),
});

/** The JSON of a request's body, parsed. */
export async function bodyOf<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const json = readJson(await textOf(c));
  if (json.is === "fault") throw new EndpointError("malformed", `The body ${json.reason}.`);
  const parsed = schema.safeParse(json.value);
  if (!parsed.success) throw new EndpointError("rejected", faultsOf(parsed.error));
  return parsed.data;
}

/** The body as its bytes came, so that a signature over them can be checked. */
export const textOf = async (c: Context): Promise<string> =>
  Buffer.from(await c.req.arrayBuffer()).toString("utf8");
