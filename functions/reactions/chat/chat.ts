/**
 * Tells chats what happened: one message a deployment, and none where nothing changed. What was sent is kept, so that a
 * fact that is delivered again, or after a restart, is not told again.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { parsed } from "../../adapters/http-client.ts";
import type { SentMessages } from "../../adapters/sent-messages.ts";
import type { Asof } from "../ledger-client.ts";
import type { Reaction } from "../reaction.ts";
import { CHAT_KINDS, type News, newsOf, silences } from "./news.ts";
import { send } from "./post.ts";
import { type Channel, type Chat, isTold } from "./settings.ts";

interface Dependencies {
  readonly asof: Pick<Asof, "ask">;
  readonly sent: SentMessages;
  readonly now: () => Date;
  readonly log: { error(message: string, fields: Record<string, string>): void };
}

/** What was sent about a thing. */
const Sent = z.object({ states: z.array(z.string()), ts: z.string() });
type Sent = z.infer<typeof Sent>;

/** What was last told of a place. */
const Last = z.object({ at: z.string(), runs: z.string() });

/** Reports of one deployment by several senders lie closer together. */
const ONE_DEPLOYMENT_MS = 10 * 60_000;

/** A channel's address is a secret: only its hash is kept. */
const hashOf = (...parts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex");

const identityOf = (channel: Channel): string =>
  channel.kind === "webhook" ? channel.url : `${channel.api} ${channel.channel}`;

export function chat({ page, channels }: Chat, { asof, sent, now, log }: Dependencies): Reaction {
  const context = { ask: asof.ask, page };

  async function sentAbout(about: string): Promise<Sent> {
    return Sent.safeParse(parsed((await sent.get(about)) ?? "")).data ?? { states: [], ts: "" };
  }

  /** Whether another sender's report of the same deployment was told. */
  async function isKnown(place: string, { content }: News): Promise<boolean> {
    const last = Last.safeParse(parsed((await sent.get(place)) ?? "")).data;
    if (content === undefined || last?.runs !== hashOf(content.runs)) return false;
    return Math.abs(Date.parse(content.at) - Date.parse(last.at)) < ONE_DEPLOYMENT_MS;
  }

  async function tellOne(channel: Channel, news: News): Promise<void> {
    const { state, message, content, place } = news;
    const identity = identityOf(channel);
    const about = hashOf(identity, news.about);
    const where = hashOf(identity, "place", place?.environment ?? "", place?.service ?? "");
    const { states, ts } = await sentAbout(about);
    const isLate = state === "started" && states.length > 0;
    if (states.includes(state) || isLate) return;
    // Without an earlier message that it replaces, it is none, or a second one about the same deployment.
    if (ts === "" && (news.isUpdate === true || (await isKnown(where, news)))) return;
    const posted = await send(channel, message, ts === "" ? undefined : ts);
    await sent.put(about, JSON.stringify({ states: [...states, state], ts: posted }));
    if (content !== undefined)
      await sent.put(where, JSON.stringify({ at: content.at, runs: hashOf(content.runs) }));
  }

  /** Tells every channel that is to know, also where another one cannot be reached. Throws the first failure. */
  async function tell(news: News): Promise<void> {
    const told = channels
      .filter((channel) => isTold(channel, news.subject, news.place))
      // A start is worth a message only where it becomes the message about the end.
      .filter(({ kind }) => kind === "bot" || news.state !== "started");
    const results = await Promise.allSettled(told.map((channel) => tellOne(channel, news)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  return {
    kinds: CHAT_KINDS,
    react: async (fact) => {
      const news = await newsOf(context, fact, now());
      if (news !== undefined) await tell(news);
    },
    check: async () => {
      for (const news of await silences(context, now())) await tell(news);
    },
    giveUp: async ({ kind, id }, error) => {
      const reason = error instanceof Error ? error.message : String(error);
      log.error("telling a chat was given up", { kind, fact: id, reason });
    },
  };
}
