/** What is frozen: a service is while its own freeze or its environment's stands, each until it is ended itself. */
import type { FactOf } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { backwards, EVER, type KnownAt, newest } from "../ledger/fact-reader.ts";
import type { Partition } from "../ledger/store.ts";
import type { Selector } from "./release/running.ts";

export type Requested = FactOf<"redeployment.requested">;
/** Whoever puts a release back freezes the service, or the next pipeline would undo it. */
export type Freeze = FactOf<"environment.frozen"> | Requested;

/**
 * What holds a place, by the newest words about it, so that one end ends whatever was frozen there before. A request
 * hides no freeze that somebody said before it: without an end between them both hold.
 */
async function standing(knowledge: KnownAt, place: Partition, at: string): Promise<Freeze[]> {
  const found: Freeze[] = [];
  for await (const fact of backwards(knowledge, place, at)) {
    if (fact.kind === "environment.frozen") return [fact, ...found];
    if (fact.kind !== "redeployment.requested") return found;
    if (found.length === 0) found.push(fact);
  }
  return found;
}

/**
 * The freezes that hold a service at a moment, its environment's first: two requests, at any length of history (but for
 * redeployments one after the other that nobody ended the freeze of). Names are folded.
 */
export async function freezesOf(
  knowledge: KnownAt,
  { environment, service }: Selector,
  at: string,
): Promise<Freeze[]> {
  const places = await Promise.all([
    standing(knowledge, { of: "freeze", environment }, at),
    standing(knowledge, { of: "freeze", environment, service }, at),
  ]);
  return places.flat();
}

/** A moment after the newest word about a place, and not before now: clocks differ, and the newest word counts. */
export async function afterNewest(
  knowledge: KnownAt,
  { environment, service }: { readonly environment: string; readonly service?: string | undefined },
  now: Date,
): Promise<string> {
  const place = {
    of: "freeze",
    environment: fold(environment),
    ...(service === undefined ? {} : { service: fold(service) }),
  } as const;
  const newestMs = Date.parse((await newest(knowledge, place, EVER))?.occurredAt ?? "");
  return new Date(newestMs >= now.getTime() ? newestMs + 1 : now.getTime()).toISOString();
}

/** What was asked to be put back of a service, newest first. Names are folded. */
export async function* requestsOf(
  knowledge: KnownAt,
  { environment, service }: Selector,
): AsyncGenerator<Requested> {
  for await (const fact of backwards(knowledge, { of: "freeze", environment, service }, EVER))
    if (fact.kind === "redeployment.requested") yield fact;
}
