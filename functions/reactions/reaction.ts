/**
 * Reactions: what is done elsewhere when something was recorded here. They listen to the ledger's bus and hold the
 * credentials that the ledger itself does not; of the ledger they are clients, like any other.
 */
import * as z from "zod";
import { fold, name } from "../../schemas/scalars.ts";

/** What is heard of a fact: what happened, and where. Everything else is asked of the ledger. */
export const Heard = z.looseObject({
  kind: z.string(),
  id: z.string(),
  environment: z.string(),
  service: z.string(),
});
export type Heard = z.infer<typeof Heard>;

/** The only places that something is configured for. Absent: any. */
export const places = {
  environments: z.array(name).min(1).exactOptional(),
  services: z.array(name).min(1).exactOptional(),
};

export function isFor(
  { environments, services }: { environments?: readonly string[]; services?: readonly string[] },
  { environment, service }: Pick<Heard, "environment" | "service">,
): boolean {
  const isListed = (list: readonly string[] | undefined, one: string): boolean =>
    list === undefined || list.some((listed) => fold(listed) === fold(one));
  return isListed(environments, environment) && isListed(services, service);
}

export interface Reaction {
  /** The kinds of facts that it wants to hear of. */
  readonly kinds: readonly string[];
  /** Does what follows from a fact, which may be heard several times. Throws where it has to be tried again. */
  readonly react: (fact: Heard) => Promise<void>;
  /** What becomes of one that never succeeded. */
  readonly giveUp: (fact: Heard, error: unknown) => Promise<void>;
}
