/** A client of the HTTP API, over a network or in process. What is answered is kept as it came. */
import * as z from "zod";
import { Outcomes } from "../schemas/answer.ts";

/** An event as CloudEvents writes it; what a test says wrongly on purpose fits as well. */
export interface Event {
  readonly specversion: "1.0";
  readonly type: string;
  readonly source: string;
  readonly id: string;
  readonly time: string;
  readonly data: object;
}

/** One of our own events: `dev.asof.<kind>.v1`. */
export const event = (kind: string, id: string, time: string, data: object, source = "/test"): Event => ({
  specversion: "1.0",
  type: `dev.asof.${kind}.v1`,
  source,
  id,
  time,
  data,
});

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, where it is JSON. */
  readonly json: unknown;
}

export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** Sends over the network. */
export const over =
  (address: string): Send =>
  (path, init) =>
    fetch(new URL(path, address), init);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export interface Client {
  readonly send: (path: string, init?: RequestInit) => Promise<Answer>;
  readonly get: (path: string, query?: Record<string, string>) => Promise<Answer>;
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  /** Posts one event, structured. */
  readonly say: (one: unknown) => Promise<Answer>;
  readonly sayAll: (events: readonly unknown[]) => Promise<Answer>;
}

/** @param token sent as a bearer's; absent: none is sent */
export function clientOf(via: Send, token?: string): Client {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const send: Client["send"] = async (path, init = {}) => {
    const headers = { ...authorization, ...Object.fromEntries(new Headers(init.headers)) };
    const response = await via(path, { ...init, headers });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  };
  const post: Client["post"] = (path, body, headers = {}) =>
    send(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const postEvents = (body: unknown, type: string) =>
    post("/v1/events", body, { "content-type": `application/cloudevents${type}+json` });
  return {
    send,
    get: (path, query = {}) =>
      send(Object.keys(query).length === 0 ? path : `${path}?${new URLSearchParams(query)}`),
    post,
    say: (one) => postEvents(one, ""),
    sayAll: (events) => postEvents(events, "-batch"),
  };
}

/** A problem carries the outcomes of what was refused beside its own members. */
const Told = z.looseObject(Outcomes.shape);

/** What became of each event, in order. */
export function outcomesOf({ json, status, text }: Answer): string[] {
  const told = Told.safeParse(json);
  if (told.success) return told.data.outcomes.map(({ outcome }) => outcome);
  throw new Error(`no outcomes in the answer ${status}: ${text.slice(0, 200)}`);
}
