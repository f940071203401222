/**
 * Reactions act on other systems when a fact is recorded. They subscribe to the ledger's event bus, and hold credentials
 * that the ledger itself does not have. To the ledger they are ordinary clients.
 */
import * as z from "zod";
import { fold, name } from "../../schemas/scalars.ts";

/** The part of a recorded fact that reactions use. They read everything else from the ledger. */
export const Heard = z.looseObject({
  kind: z.string(),
  id: z.string(),
  environment: z.string(),
  /** Absent: the whole environment. */
  service: z.string().exactOptional(),
});
export type Heard = z.infer<typeof Heard>;

/** The environments and services that a setting applies to. Absent: any. */
export const places = {
  environments: z.array(name).min(1).exactOptional(),
  services: z.array(name).min(1).exactOptional(),
};

export function isFor(
  { environments, services }: { environments?: readonly string[]; services?: readonly string[] },
  { environment, service = "" }: { readonly environment: string; readonly service?: string | undefined },
): boolean {
  const isListed = (list: readonly string[] | undefined, one: string): boolean =>
    list === undefined || list.some((listed) => fold(listed) === fold(one));
  return isListed(environments, environment) && isListed(services, service);
}

/** Thrown by a reaction that has begun something, and looks at it again later. It is no failure. */
export class LookAgain extends Error {
  readonly afterMs: number;

  constructor(afterMs: number) {
    super(`to be looked at again in ${afterMs / 1000} s`);
    this.afterMs = afterMs;
  }
}

export interface Reaction {
  /** The kinds of facts that it subscribes to. */
  readonly kinds: readonly string[];
  /** Reacts to a fact, which may be delivered several times. Throws LookAgain, or another Error if it should be retried. */
  readonly react: (fact: Heard) => Promise<void>;
  /** Called every few minutes, for what no fact tells. Throws if it failed; the next call tries again. */
  readonly check?: () => Promise<void>;
  /** Called after the last retry has failed. */
  readonly giveUp: (fact: Heard, error: unknown) => Promise<void>;
}
