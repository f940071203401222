/** What is frozen: a service is while its own freeze or its environment's stands, each until it is ended itself. */
import type { FactOf } from "../../schemas/fact.ts";
import { backwards, EVER, type Knowledge, newest } from "./read.ts";
import type { Selector } from "./running.ts";

export type Requested = FactOf<"redeployment.requested">;
/** Whoever puts a release back freezes the service, or the next pipeline would undo it. */
export type Freeze = FactOf<"environment.frozen"> | Requested;

/**
 * The freezes that hold a service at a moment, its environment's first: two requests, at any length of history. Of each
 * place the newest word counts, so that one end ends whatever was frozen there before. Names are folded.
 */
export async function freezesOf(
  knowledge: Knowledge,
  { environment, service }: Selector,
  at: string,
): Promise<Freeze[]> {
  const newestWords = await Promise.all([
    newest(knowledge, { of: "freeze", environment }, at),
    newest(knowledge, { of: "freeze", environment, service }, at),
  ]);
  return newestWords.filter(
    (fact): fact is Freeze => fact?.kind === "environment.frozen" || fact?.kind === "redeployment.requested",
  );
}

/** What was asked to be put back of a service, newest first. Names are folded. */
export async function* requestsOf(
  knowledge: Knowledge,
  { environment, service }: Selector,
): AsyncGenerator<Requested> {
  for await (const fact of backwards(knowledge, { of: "freeze", environment, service }, EVER))
    if (fact.kind === "redeployment.requested") yield fact;
}
