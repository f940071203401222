/** What is frozen: a service is while its own freeze or its environment's stands, each until it is ended itself. */
import type { FactOf } from "../../schemas/fact.ts";
import { type Knowledge, newest } from "./read.ts";
import type { Selector } from "./running.ts";

export type Freeze = FactOf<"environment.frozen">;

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
  return newestWords.filter((fact): fact is Freeze => fact?.kind === "environment.frozen");
}
