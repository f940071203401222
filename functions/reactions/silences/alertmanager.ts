/**
 * Alertmanager as far as silences go: API v2, as its own `api/v2/openapi.yaml` describes it (prometheus/alertmanager).
 * Whoever reaches it may silence everything, for it knows no passwords: often a proxy before it asks for one.
 */
import * as z from "zod";
import { type Answer, type Exchange, exchange, NoAnswer } from "../../adapters/http-client.ts";
import { under } from "../executors/deliver.ts";

const TIMEOUT_MS = 10_000;
/** How much of a refusal is told. */
const REASON_MAX = 200;

const Matcher = z.looseObject({
  name: z.string(),
  value: z.string(),
  isRegex: z.boolean(),
  /** Absent before Alertmanager 0.22, which knew only matchers that are. */
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

/** What is asked for. One that starts in the past starts when Alertmanager takes it. */
export interface NewSilence {
  readonly matchers: readonly Matcher[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
}

/** Each method throws an Error whose message may be told to anybody. */
export interface Alertmanager {
  /** Those of one creator that have not ended. */
  readonly standing: (createdBy: string) => Promise<Silence[]>;
  readonly silence: (silence: NewSilence) => Promise<void>;
  /** Ends one; throws also where it has ended already. */
  readonly expire: (id: string) => Promise<void>;
}

/** @param authorization the whole header, for whatever asks for one before Alertmanager */
export function alertmanager(address: string, authorization?: string): Alertmanager {
  const headers = {
    "Content-Type": "application/json",
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };

  async function asked(url: URL, init: Pick<Exchange, "method" | "body"> = {}): Promise<string> {
    // What is authorized is for this address and no other.
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
    standing: async (createdBy) => {
      const url = under(address, "api/v2/silences");
      // Older ones do not know this parameter, and answer everybody's.
      url.searchParams.set("creator", createdBy);
      return z
        .array(Silence)
        .parse(JSON.parse(await asked(url)))
        .filter((one) => one.createdBy === createdBy && one.status.state !== "expired");
    },
    silence: async (silence) => {
      const body = JSON.stringify(silence);
      await asked(under(address, "api/v2/silences"), { method: "POST", body });
    },
    expire: async (id) => {
      await asked(under(address, `api/v2/silence/${encodeURIComponent(id)}`), { method: "DELETE" });
    },
  };
}
