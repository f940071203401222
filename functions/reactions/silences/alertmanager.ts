/**
 * A client for silences in Alertmanager: API v2, as described in `api/v2/openapi.yaml` (prometheus/alertmanager).
 * Alertmanager has no authentication; often a proxy in front of it has.
 */
import * as z from "zod";
import { type Answer, type Exchange, exchange, NoAnswer } from "../../adapters/http-client.ts";
import { urlUnder } from "../executors/deliver.ts";

const TIMEOUT_MS = 10_000;
/** How many characters of an error answer go into the message. */
const REASON_MAX = 200;

const Matcher = z.looseObject({
  name: z.string(),
  value: z.string(),
  isRegex: z.boolean(),
  /** Absent before Alertmanager 0.22, which had only equal matchers. */
  isEqual: z.boolean().default(true),
});
export type Matcher = Readonly<Pick<z.infer<typeof Matcher>, "name" | "value" | "isRegex" | "isEqual">>;

const Silence = z.looseObject({
  id: z.string(),
  status: z.looseObject({ state: z.enum(["expired", "active", "pending"]) }),
  matchers: z.array(Matcher),
  createdBy: z.string(),
  comment: z.string(),
});
export type Silence = z.infer<typeof Silence>;

/** A silence to create. If its start is in the past, Alertmanager starts it at once. */
export interface NewSilence {
  readonly matchers: readonly Matcher[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
}

/** Each method throws an Error whose message holds no secret. */
export interface Alertmanager {
  /** The silences of one creator that have not expired. */
  readonly unexpired: (createdBy: string) => Promise<Silence[]>;
  readonly silence: (silence: NewSilence) => Promise<void>;
  /** Ends a silence. Throws also if it has already expired. */
  readonly expire: (id: string) => Promise<void>;
}

/** @param authorization the complete Authorization header, for a proxy in front of Alertmanager */
export function alertmanager(address: string, authorization?: string): Alertmanager {
  const headers = {
    "Content-Type": "application/json",
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };

  async function request(url: URL, init: Pick<Exchange, "method" | "body"> = {}): Promise<string> {
    // The credentials are meant for this address only.
    const bounds = { redirect: "manual", timeoutMs: TIMEOUT_MS } as const;
    let answer: Answer;
    try {
      answer = await exchange(url, { ...init, headers, ...bounds });
    } catch (error) {
      throw error instanceof NoAnswer ? new Error(`Alertmanager ${error.message}`) : error;
    }
    const { status, text } = answer;
    if (status >= 200 && status < 300) return text;
    throw new Error(`Alertmanager answers ${status}: ${text.slice(0, REASON_MAX)}`);
  }

  return {
    unexpired: async (createdBy) => {
      const url = urlUnder(address, "api/v2/silences");
      // Older versions ignore this parameter and answer the silences of all creators.
      url.searchParams.set("creator", createdBy);
      return z
        .array(Silence)
        .parse(JSON.parse(await request(url)))
        .filter((one) => one.createdBy === createdBy && one.status.state !== "expired");
    },
    silence: async (silence) => {
      const body = JSON.stringify(silence);
      await request(urlUnder(address, "api/v2/silences"), { method: "POST", body });
    },
    expire: async (id) => {
      await request(urlUnder(address, `api/v2/silence/${encodeURIComponent(id)}`), { method: "DELETE" });
    },
  };
}
