/** What every endpoint does first: authenticate, authorise, and parse the request. */

import type { Context } from "hono";
import type * as z from "zod";
import { faultsOf, fold } from "../../schemas/scalars.ts";
import type { AsOf } from "../ledger/as-of.ts";
import { type Holder, isAllowed, type Right } from "../ledger/authority/authority.ts";
import { grantsOf, isBound, refusedPlace } from "../ledger/authority/grants.ts";
import { seenBy } from "../ledger/authority/seen-by.ts";
import type { KnownAt } from "../ledger/fact-reader.ts";
import type { Sender } from "../ledger/ingest/ingest-context.ts";
import { knownName } from "../ledger/names/directories.ts";
import { grantsByPresentNames } from "../ledger/names/name-renames.ts";
import { nearestNames } from "../ledger/names/nearest-names.ts";
import { type RenamedReads, renamedReads } from "../ledger/names/renamed-reads.ts";
import { revealingAhead } from "../ledger/people/people.ts";
import { identify } from "../ledger/request-context.ts";
import { readJson } from "../sources/payload.ts";
import type { Ledger } from "./context.ts";
import { identified } from "./identity.ts";
import { EndpointError } from "./problem.ts";
import { instantOf } from "./times.ts";

export const MAX_BODY_BYTES = 1024 * 1024;

/** The holder of the request's token, if it has one of the rights. Throws an EndpointError otherwise. */
export async function holder(ledger: Ledger, c: Context, ...anyOf: readonly Right[]): Promise<Holder> {
  const found = await identified(ledger, c);
  identify(found.name, found.role);
  if (!anyOf.some((right) => isAllowed(found, right))) {
    throw new EndpointError(
      "forbidden",
      `The token ${found.name} has the role ${found.role}, which does not allow this request: it needs the right to ${anyOf.join(" or ")}.`,
    );
  }
  return found;
}

/** Whether a token is restricted to a part of the ledger: what it may be about, or what it may report as. */
export const isRestricted = (holder: Holder): boolean => isBound(holder) || holder.sources !== undefined;

/** The same for what is about the whole ledger. Throws an EndpointError if the token is bound to a part of it. */
export async function unboundHolder(ledger: Ledger, c: Context, right: Right, why: string): Promise<Holder> {
  const found = await holder(ledger, c, right);
  if (!isRestricted(found)) return found;
  throw new EndpointError(
    "forbidden",
    `The token ${found.name} is restricted to a part of the ledger, but ${why}. Use an unrestricted token.`,
  );
}

/** The query parameters, parsed. A parameter given twice is refused: it would be ambiguous. */
export function query<T>(c: Context, schema: z.ZodType<T>): T {
  const given = c.req.queries();
  const repeated = Object.entries(given).find(([, values]) => values.length > 1);
  if (repeated !== undefined) throw new EndpointError("rejected", `${repeated[0]}: must be given once`);
  const parsed = schema.safeParse(c.req.query());
  if (!parsed.success) throw new EndpointError("rejected", faultsIn(parsed.error));
  return parsed.data;
}

/** What is wrong with a request; of what is missing, no more than that. */
const faultsIn = (error: z.ZodError): string =>
  faultsOf(error).replaceAll(/Invalid input: expected \w+, received undefined/g, "is required");

type Asked = { readonly [time in "at" | "knownAt" | "tz"]?: string | undefined };

/** `knownAt`, now by default. Refuses one in the future: what will be known then could still change. */
async function knownAtFrom({ knownAt: asked, tz }: Omit<Asked, "at">, now: Date): Promise<string> {
  const latest = now.toISOString();
  if (asked === undefined) return latest;
  const knownAt = await instantOf("knownAt", asked, { edge: "end", now, tz });
  if (knownAt <= latest) return knownAt;
  // A day that has begun means everything known now.
  const start = await instantOf("knownAt", asked, { edge: "start", now, tz });
  if (start <= latest) return latest;
  throw new EndpointError(
    "rejected",
    `knownAt: ${knownAt} is in the future; use a time that has passed, or leave it out`,
  );
}

/** What is known at a time, by the names that services and environments have by then. */
export interface Known extends Omit<AsOf, "at"> {
  readonly renames: RenamedReads["renames"];
}

/** The store and `knownAt`. */
export async function knownAtOf(ledger: Ledger, asked: Omit<Asked, "at">): Promise<Known> {
  const { settleMs, people, bound } = ledger;
  const now = ledger.now();
  const knownAt = await knownAtFrom(asked, now);
  const reads = renamedReads(bound?.store ?? ledger.store, knownAt);
  const { renames } = reads;
  // Grants are by name, so they are applied to the names that facts have now.
  const seen =
    bound === undefined ? reads : seenBy(reads, grantsByPresentNames(await renames(), grantsOf(bound.to)));
  return { store: revealingAhead(seen, people), settleMs, now, knownAt, renames };
}

/** Both times of a question: `at` and `knownAt`. Each is now if it is not given. */
export async function moment(ledger: Ledger, { at, ...asked }: Asked): Promise<AsOf & Known> {
  const known = await knownAtOf(ledger, asked);
  const { now } = known;
  return {
    ...known,
    at: at === undefined ? now.toISOString() : await instantOf("at", at, { edge: "end", now, tz: asked.tz }),
  };
}

/** The first and the last millisecond of a stretch of time; it ends now if no end is given. Refuses one that ends first. */
export async function stretch(
  now: Date,
  {
    from,
    to,
    tz,
  }: { readonly from: string; readonly to?: string | undefined; readonly tz?: string | undefined },
): Promise<{ readonly from: string; readonly to: string }> {
  const span = {
    from: await instantOf("from", from, { edge: "start", now, tz }),
    to: to === undefined ? now.toISOString() : await instantOf("to", to, { edge: "end", now, tz }),
  };
  if (span.from > span.to) throw new EndpointError("rejected", "from: must not be later than `to`");
  return span;
}

/** Throws an EndpointError for something unknown. A known name without facts at that time is an answer, not an error. */
export function found<T>(answer: T | undefined, what: string): T {
  if (answer !== undefined) return answer;
  throw new EndpointError("unknown", `Not found: ${what} was not known by then.`);
}

/** Throws an EndpointError for an unknown name, with the nearest known ones. @param list where all of them are listed */
export function unknownName(what: string, suggestions: readonly string[], list: string): never {
  const nearest = suggestions.length === 0 ? "" : ` Nearest: ${suggestions.join(", ")}.`;
  throw new EndpointError(
    "unknown",
    `Not found: ${what} was not known by then.${nearest} ${list} lists the known names.`,
    { suggestions },
  );
}

/** The same for an environment, or a service in one; the problem names the nearest known names. */
export async function foundAt<T>(
  known: KnownAt,
  { environment, service }: { readonly environment: string; readonly service?: string | undefined },
  answer: T | undefined,
): Promise<T> {
  if (answer !== undefined) return answer;
  const isEnvironment = (await knownName(known, { of: "environments" }, fold(environment))) !== undefined;
  const [what, suggestions, list] =
    isEnvironment && service !== undefined
      ? [
          `service ${service} in environment ${environment}`,
          await nearestNames(known, { of: "services", environment: fold(environment) }, service),
          `GET /v1/services?environment=${encodeURIComponent(environment)}`,
        ]
      : [
          `environment ${environment}`,
          await nearestNames(known, { of: "environments" }, environment),
          "GET /v1/environments",
        ];
  return unknownName(what, suggestions, list);
}

/** Throws an EndpointError if no fact names an environment, with the nearest names. */
export async function knownEnvironment(known: KnownAt, environment: string): Promise<void> {
  await foundAt(known, { environment }, await knownName(known, { of: "environments" }, fold(environment)));
}

/** The same for a place whose names were given as far as they matter. */
export async function knownPlace(
  known: KnownAt,
  {
    environment,
    service,
  }: { readonly environment?: string | undefined; readonly service?: string | undefined },
): Promise<void> {
  if (environment === undefined) return;
  if (service === undefined) return knownEnvironment(known, environment);
  const directory = { of: "services", environment: fold(environment) } as const;
  await foundAt(known, { environment, service }, await knownName(known, directory, fold(service)));
}

/** Throws an EndpointError if no fact names an image repository, with the nearest names. */
export async function knownRepository(known: KnownAt, repository: string): Promise<void> {
  const directory = { of: "repositories" } as const;
  if ((await knownName(known, directory, fold(repository))) !== undefined) return;
  const suggestions = await nearestNames(known, directory, repository);
  unknownName(`repository ${repository}`, suggestions, "GET /v1/repositories");
}

/** The ledger as the holder of a token may read it. Questions are asked of this one, statements appended to the other. */
export const askedBy = (ledger: Ledger, who: Holder): Ledger =>
  isBound(who)
    ? {
        ...ledger,
        store: seenBy(ledger.store, who),
        whole: ledger.store,
        bound: { to: who, store: ledger.store },
      }
    : ledger;

/** Refuses a place that the holder is not granted, before anything is said of it. */
export function refuseElsewhere(
  who: Holder,
  place: { readonly environment: string; readonly service?: string | undefined },
): void {
  const refused = refusedPlace(who, place);
  if (refused !== undefined) throw new EndpointError("forbidden", refused);
}

/** Refuses a question whose selectors contradict each other. */
export function refuseContradiction(message: string | undefined): void {
  if (message !== undefined) throw new EndpointError("rejected", message);
}

/** @param endpoint the part of its path after `/v1/` */
export const senderOf = (endpoint: string, who: Holder): Sender => ({
  door: endpoint,
  reportedBy: who.name,
  ...(who.runsFor === undefined ? {} : { runsFor: who.runsFor }),
  bound: who,
});

/** The JSON body of a request, parsed. */
export async function bodyOf<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const json = readJson(await textOf(c));
  if (json.is === "fault") throw new EndpointError("malformed", `The body ${json.reason}.`);
  const parsed = schema.safeParse(json.value);
  if (!parsed.success) throw new EndpointError("rejected", faultsIn(parsed.error));
  return parsed.data;
}

/**
 * The body as it was received, so that a signature over it can be checked. Throws an EndpointError if the client goes away
 * while it sends: that is no failure of the ledger.
 */
export async function textOf(c: Context): Promise<string> {
  const body = await c.req.arrayBuffer().catch((): undefined => undefined);
  if (body === undefined)
    throw new EndpointError(
      "malformed",
      "The connection ended before the whole body arrived. Send it again.",
    );
  return Buffer.from(body).toString("utf8");
}
