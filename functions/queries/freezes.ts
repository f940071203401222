/** Freezes. A service is frozen while its own freeze or its environment's is active; each must be ended separately. */
import type { FactOf } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { backwards, EVER, type KnownAt, newest } from "../ledger/fact-reader.ts";
import type { Partition } from "../ledger/store.ts";
import type { Selector } from "./release/running.ts";

export type Requested = FactOf<"redeployment.requested">;
/** A redeployment request also freezes its service, so that the next pipeline does not undo it. */
export type Freeze = FactOf<"environment.frozen"> | Requested;

/**
 * The active freezes of a service or of an environment. An unfreeze ends all freezes before it. A redeployment request
 * does not replace an earlier freeze: both are active.
 */
async function activeFreezes(knowledge: KnownAt, place: Partition, at: string): Promise<Freeze[]> {
  const found: Freeze[] = [];
  for await (const fact of backwards(knowledge, place, at)) {
    if (fact.kind === "environment.frozen") return [fact, ...found];
    if (fact.kind !== "redeployment.requested") return found;
    if (found.length === 0) found.push(fact);
  }
  return found;
}

/**
 * The active freezes of a service at a moment, its environment's first. Names are folded. It costs two requests whatever
 * the length of the history, and more only after many redeployments whose freeze was never ended.
 */
export async function freezesOf(
  knowledge: KnownAt,
  { environment, service }: Selector,
  at: string,
): Promise<Freeze[]> {
  const places = await Promise.all([
    activeFreezes(knowledge, { of: "freeze", environment }, at),
    activeFreezes(knowledge, { of: "freeze", environment, service }, at),
  ]);
  return places.flat();
}

/** A time for a new freeze or unfreeze: now, or just after the newest one, because clocks differ and the newest counts. */
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

/** The redeployment requests of a service, newest first. Names are folded. */
export async function* requestsOf(
  knowledge: KnownAt,
  { environment, service }: Selector,
): AsyncGenerator<Requested> {
  for await (const fact of backwards(knowledge, { of: "freeze", environment, service }, EVER))
    if (fact.kind === "redeployment.requested") yield fact;
}
