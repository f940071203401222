/** What repositories were called, and which names at which moments mean the same one. */
import type { Fact } from "../../schemas/fact.ts";
import { ofKind, order } from "./known.ts";

/** A repository by the name that it had at a point among the orders. */
export interface Ref {
  readonly name: string;
  readonly point: string;
}

/** The point behind everything that happened in a millisecond, and that behind everything at all. */
export const endOf = (time: string): string => `${time}~`;
export const NOW = "~";

export const refOf = (fact: Fact, name: string): Ref => ({ name, point: order(fact) });

/** What it is called at a later point: every rename in between, one after the other. */
export function nameAt(believed: readonly Fact[], { name, point }: Ref, later: string): string {
  let called = name;
  for (const fact of ofKind(believed, "repository.renamed")) {
    if (order(fact) < point || order(fact) > later) continue;
    const parts = called.split("/");
    const moved = fact.from.split("/");
    const isIt = moved.every((part, n) => part === parts[n]);
    const rest = parts.slice(moved.length);
    const isMoved = isIt && (rest.length === 0 || fact.scope === "path");
    const next = [fact.to, ...rest].join("/");
    if (isMoved && next.length < 256) called = next;
  }
  return called;
}

export const nameNow = (believed: readonly Fact[], ref: Ref): string => nameAt(believed, ref, NOW);

/** Whether two names mean one repository: judged when the later of them was said. */
export const areOne = (believed: readonly Fact[], a: Ref, b: Ref): boolean =>
  a.point <= b.point ? nameAt(believed, a, b.point) === b.name : nameAt(believed, b, a.point) === a.name;
