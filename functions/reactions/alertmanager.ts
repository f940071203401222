/**
 * Alertmanager as far as silences go: API v2, as its own `api/v2/openapi.yaml` describes it (prometheus/alertmanager).
 * Whoever reaches it may silence everything, for it knows no passwords: often a proxy before it asks for one.
 */
import * as z from "zod";

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

/** What the system says of a connection that failed, which `fetch` keeps in the cause; of several addresses only a code. */
function whyOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message === "" && "code" in cause ? String(cause.code) : cause.message;
}

/** @param authorization the whole header, for whatever asks for one before Alertmanager */
export function alertmanager(address: string, authorization?: string): Alertmanager {
  const base = address.endsWith("/") ? address : `${address}/`;
  const headers = {
    "Content-Type": "application/json",
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };

  async function asked(path: string, init: RequestInit = {}): Promise<string> {
    let response: Response;
    let text: string;
    try {
      // Followed, a redirect would make a question of what is posted.
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      response = await fetch(new URL(`api/v2/${path}`, base), {
        ...init,
        headers,
        signal,
        redirect: "error",
      });
      text = await response.text();
    } catch (cause) {
      throw new Error(`Alertmanager cannot be reached: ${whyOf(cause)}`, { cause });
    }
    if (response.ok) return text;
    throw new Error(`Alertmanager answers ${response.status}: ${text.slice(0, REASON_MAX)}`);
  }

  return {
    standing: async (createdBy) => {
      // Older ones do not know this parameter, and answer everybody's.
      const all = await asked(`silences?${new URLSearchParams({ creator: createdBy })}`);
      return z
        .array(Silence)
        .parse(JSON.parse(all))
        .filter((one) => one.createdBy === createdBy && one.status.state !== "expired");
    },
    silence: async (silence) => {
      await asked("silences", { method: "POST", body: JSON.stringify(silence) });
    },
    expire: async (id) => {
      await asked(`silence/${encodeURIComponent(id)}`, { method: "DELETE" });
    },
  };
}
