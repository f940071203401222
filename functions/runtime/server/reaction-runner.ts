/**
 * Runs reactions in the process of a ledger on one machine. Each reaction has a queue in the ledger's file, as each has an
 * SQS queue on AWS.
 */

import type { Database } from "../../adapters/sqlite/database.ts";
import { jobQueue } from "../../adapters/sqlite/jobs.ts";
import type { Ledger } from "../../http/context.ts";
import { newToken, parseTokens, type Token } from "../../ledger/authority/authority.ts";
import type { Log } from "../../ledger/ingest/ingest-context.ts";
import { type Asof, asofOver, type Send } from "../../reactions/ledger-client.ts";
import { Heard, LookAgain, type Reaction } from "../../reactions/reaction.ts";

/** How long an unreachable system is retried; then the redeployment fails. */
const GIVE_UP_MS = 10 * 60_000;

const PUBLISHED_MAX = 10_000;

/** How often reactions look for what no fact tells. */
const CHECK_MS = 5 * 60_000;

export interface ReactionRunner {
  /** The token with which the reactions call the ledger. Created at each start, and stored nowhere. */
  readonly tokens: readonly Token[];
  /** Empty if there are no reactions, so that nothing is queued. */
  readonly publishing: Pick<Ledger, "publish">;
  /** @param send sends a request of the reactions to the ledger */
  start(send: Send): Promise<void>;
  stop(): Promise<void>;
}

/** @param makers creates the reactions, by the names of their queues */
export function reactionRunner(
  database: Database,
  makers: Readonly<Record<string, (asof: Asof) => Reaction>>,
  log: Log,
): ReactionRunner {
  const token = newToken();
  let sendToLedger: Send = () => Promise.reject(new Error("the ledger has not started"));
  const asof = asofOver((path, init) => sendToLedger(path, init), token);
  const all = Object.entries(makers).map(([name, make]) => ({
    name,
    reaction: make(asof),
    queue: jobQueue(database, name, Heard, { giveUpMs: GIVE_UP_MS }),
  }));
  if (all.length === 0) {
    return { tokens: [], publishing: {}, start: () => Promise.resolve(), stop: () => Promise.resolve() };
  }

  /** The facts already queued by this process, so that a sender's retry is usually not queued again. */
  const published = new Set<string>();
  const startQueue = ({ name, reaction, queue }: (typeof all)[number]) =>
    queue.start({
      work: async (fact) => {
        try {
          await reaction.react(fact);
        } catch (error) {
          if (error instanceof LookAgain) return queue.put(fact, error.afterMs);
          const reason = error instanceof Error ? error.message : String(error);
          log.info("a reaction failed and will be retried", { reaction: name, fact: fact.id, reason });
          throw error;
        }
      },
      giveUp: (text, error) => reaction.giveUp(Heard.parse(JSON.parse(text)), error),
    });
  const check = async ({ name, reaction }: (typeof all)[number]): Promise<void> => {
    try {
      await reaction.check?.();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error("a reaction's check failed", { reaction: name, reason });
    }
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    tokens: parseTokens(`executor:asof:${token}`),
    publishing: {
      publish: async (fact) => {
        const parsed = Heard.safeParse(fact);
        const identity = JSON.stringify([fact.source, fact.id]);
        if (!parsed.success || published.has(identity)) return;
        const subscribed = all.filter(({ reaction }) => reaction.kinds.includes(fact.kind));
        await Promise.all(subscribed.map(({ queue }) => queue.put(parsed.data)));
        if (published.size >= PUBLISHED_MAX) published.clear();
        published.add(identity);
      },
    },
    start: async (send) => {
      sendToLedger = send;
      await Promise.all(all.map(startQueue));
      timer = setInterval(() => void Promise.all(all.map(check)), CHECK_MS);
    },
    stop: async () => {
      clearInterval(timer);
      await Promise.all(all.map(({ queue }) => queue.stop()));
    },
  };
}
