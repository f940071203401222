/** Sends a message to a channel. Every error of this module leaves out the address and the token, which are secrets. */
import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import { type Answer, exchange, NoAnswer, parsed } from "../../adapters/http-client.ts";
import { urlUnder } from "../executors/deliver.ts";
import type { Message } from "./message.ts";
import type { Channel } from "./settings.ts";

const TIMEOUT_MS = 10_000;
/** A channel that is busy for longer is tried again by the queue. */
const WAIT_MAX_S = 8;
const TRIES = 2;

/** Slack names errors by words like `invalid_blocks`. Anything else may quote the address. */
const codeIn = (text: string): string => (/^[a-z_]{3,60}$/.test(text.trim()) ? ` (${text.trim()})` : "");

async function postOnce(url: URL, headers: Readonly<Record<string, string>>, body: object): Promise<Answer> {
  try {
    return await exchange(url, {
      method: "POST",
      headers: { "Content-Type": "application/json; charset=utf-8", "User-Agent": "asof", ...headers },
      body: JSON.stringify(body),
      // What is sent is meant for this address only.
      redirect: "manual",
      timeoutMs: TIMEOUT_MS,
    });
  } catch (error) {
    throw error instanceof NoAnswer ? new Error(`${url.host} ${error.message}`) : error;
  }
}

/** Sends a request, and waits once where the chat asks for it. Throws an Error if it was not taken. */
async function post(url: URL, headers: Readonly<Record<string, string>>, body: object): Promise<string> {
  for (let n = 1; ; n++) {
    const { status, headers: answered, text } = await postOnce(url, headers, body);
    if (status >= 200 && status < 300) return text;
    const waitS = Number(answered.get("retry-after") ?? Number.NaN);
    if (status !== 429 || !(waitS <= WAIT_MAX_S) || n === TRIES)
      throw new Error(`${url.host} answers ${status}${codeIn(text)}`);
    await setTimeout(waitS * 1000);
  }
}

const Posted = z.union([
  z.looseObject({ ok: z.literal(true), ts: z.string() }),
  z.looseObject({ ok: z.literal(false), error: z.string() }),
]);

/**
 * Posts a message, or replaces one.
 * @param earlier the timestamp of the message to replace
 * @returns the timestamp of the message; empty where a channel's messages cannot be replaced
 */
export async function send(channel: Channel, message: Message, earlier?: string): Promise<string> {
  if (channel.kind === "webhook") {
    await post(new URL(channel.url), {}, message);
    return "";
  }
  const method = earlier === undefined ? "chat.postMessage" : "chat.update";
  const url = urlUnder(channel.api, method);
  const which = earlier === undefined ? { unfurl_links: false, unfurl_media: false } : { ts: earlier };
  const headers = { Authorization: `Bearer ${channel.token}` };
  const answer = Posted.safeParse(
    parsed(await post(url, headers, { channel: channel.channel, ...message, ...which })),
  ).data;
  if (answer?.ok === true) return answer.ts;
  throw new Error(`${url.host} refuses ${method}${codeIn(answer?.error ?? "")}`);
}
