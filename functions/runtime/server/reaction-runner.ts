/**
 * Reactions in the process of a ledger on one machine: what they want to hear goes through a queue of each in the ledger's file, as it goes
 * through the bus and a queue of each on AWS.
 */

import type { Database } from "../../adapters/sqlite/database.ts";
import { jobQueue } from "../../adapters/sqlite/jobs.ts";
import type { Ledger } from "../../http/context.ts";
import { newToken, parseTokens, type Token } from "../../ledger/authority.ts";
import type { Log } from "../../ledger/ingest.ts";
import { type Asof, asofOver, type Send } from "../../reactions/ledger-client.ts";
import { Heard, type Reaction } from "../../reactions/reaction.ts";

/** Who cannot be reached for so long is not waited for: somebody looks at the status. */
const GIVE_UP_MS = 10 * 60_000;

const TOLD_MAX = 10_000;

export interface Reacting {
  /** What the ledger has to know them by; made anew at each start, and kept nowhere. */
  readonly tokens: readonly Token[];
  /** Empty where there are none, so that nothing is written for nobody. */
  readonly publishing: Pick<Ledger, "publish">;
  /** @param send how they reach the ledger */
  start(send: Send): Promise<void>;
  stop(): Promise<void>;
}

/** @param makers the reactions, by the names of their queues */
export function reacting(
  database: Database,
  makers: Readonly<Record<string, (asof: Asof) => Reaction>>,
  log: Log,
): Reacting {
  const token = newToken();
  let reach: Send = () => Promise.reject(new Error("the ledger has not started"));
  const asof = asofOver((path, init) => reach(path, init), token);
  const all = Object.entries(makers).map(([name, make]) => ({
    name,
    reaction: make(asof),
    queue: jobQueue(database, name, Heard, { giveUpMs: GIVE_UP_MS }),
  }));
  if (all.length === 0) {
    return { tokens: [], publishing: {}, start: () => Promise.resolve(), stop: () => Promise.resolve() };
  }

  /** A sender's retry is told of again only where this process does not know that it was. */
  const told = new Set<string>();
  const started = ({ name, reaction, queue }: (typeof all)[number]) =>
    queue.start({
      work: async (fact) => {
        try {
          await reaction.react(fact);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          log.info("has to be tried again", { reaction: name, fact: fact.id, reason });
          throw error;
        }
      },
      giveUp: (text, error) => reaction.giveUp(Heard.parse(JSON.parse(text)), error),
    });
  return {
    tokens: parseTokens(`executor:asof:${token}`),
    publishing: {
      publish: async (fact) => {
        const heard = Heard.safeParse(fact);
        const identity = JSON.stringify([fact.source, fact.id]);
        if (!heard.success || told.has(identity)) return;
        const listening = all.filter(({ reaction }) => reaction.kinds.includes(fact.kind));
        await Promise.all(listening.map(({ queue }) => queue.put(heard.data)));
        if (told.size >= TOLD_MAX) told.clear();
        told.add(identity);
      },
    },
    start: async (send) => {
      reach = send;
      await Promise.all(all.map(started));
    },
    stop: async () => {
      await Promise.all(all.map(({ queue }) => queue.stop()));
    },
  };
}
