/** Argo CD's API of applications, as far as the executor uses it (argoproj/argo-cd, assets/swagger.json). */
import * as z from "zod";
import { type Answer, exchange, NoAnswer, parsed } from "../../adapters/http-client.ts";
import { isTemporary, Refused, urlUnder } from "./deliver.ts";

const TIMEOUT_MS = 20_000;

const maybe = z.string().nullish();
const Revised = { revision: maybe, revisions: z.array(z.string()).nullish() };

const OperationState = z.looseObject({
  phase: z.string(),
  message: maybe,
  startedAt: z.string(),
  finishedAt: maybe,
  operation: z
    .looseObject({ sync: z.looseObject(Revised).nullish() })
    .nullish()
    .transform((operation) => operation ?? {}),
});

export const Application = z.looseObject({
  metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).nullish() }),
  spec: z.looseObject({
    syncPolicy: z
      .looseObject({ automated: z.looseObject({ enabled: z.boolean().nullish() }).nullish() })
      .nullish(),
  }),
  /** An operation that was requested, and that the controller has not begun. */
  operation: z.unknown().optional(),
  status: z
    .looseObject({
      health: z.looseObject({ status: maybe, message: maybe }).nullish(),
      operationState: OperationState.nullish(),
      history: z.array(z.looseObject({ id: z.number(), deployStartedAt: maybe, ...Revised })).nullish(),
    })
    .nullish(),
});
export type Application = z.infer<typeof Application>;

/** Argo CD's errors are gRPC's: `{error, message, code}`. */
const Problem = z.looseObject({ message: z.string() });

export interface ApplicationAt {
  readonly name: string;
  /** Absent: that of Argo CD. */
  readonly appNamespace?: string;
}

export interface ArgoCd {
  /** Refreshed: compared with what runs now. */
  readonly get: (at: ApplicationAt) => Promise<Application>;
  readonly patch: (at: ApplicationAt, patch: object) => Promise<void>;
  readonly sync: (at: ApplicationAt, request: object) => Promise<void>;
  readonly rollback: (at: ApplicationAt, id: number) => Promise<void>;
}

/** Refused, or an Error where a repetition may help. */
function failureOf({ host }: URL, { status, text }: Answer): Error {
  const said = Problem.safeParse(parsed(text)).data?.message.slice(0, 200);
  const why = `${host} answers ${status}${said === undefined ? "" : `: ${said}`}`;
  return isTemporary(status) ? new Error(why) : new Refused(why);
}

/** Requests go to this address alone, with a token that no message contains. */
export function argocdAt(base: string, token: string): ArgoCd {
  async function call(method: string, { name }: ApplicationAt, verb: string, body?: object, query = {}) {
    const url = urlUnder(base, `api/v1/applications/${encodeURIComponent(name)}${verb}`);
    for (const [key, value] of Object.entries<string>(query)) url.searchParams.set(key, value);
    const headers = {
      "Content-Type": "application/json",
      "User-Agent": "asof",
      Authorization: `Bearer ${token}`,
    };
    let answer: Answer;
    try {
      answer = await exchange(url, {
        method,
        headers,
        redirect: "manual",
        timeoutMs: TIMEOUT_MS,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw error instanceof NoAnswer ? new Error(`${url.host} ${error.message}`) : error;
    }
    if (answer.status !== 200) throw failureOf(url, answer);
    return parsed(answer.text);
  }
  return {
    get: async (at) => {
      const { appNamespace } = at;
      const query = { refresh: "normal", ...(appNamespace === undefined ? {} : { appNamespace }) };
      const found = Application.safeParse(await call("GET", at, "", undefined, query));
      if (!found.success) throw new Refused(`${new URL(base).host} answers no application of Argo CD`);
      return found.data;
    },
    patch: async (at, patch) => {
      await call("PATCH", at, "", { ...at, patch: JSON.stringify(patch), patchType: "merge" });
    },
    sync: async (at, request) => {
      await call("POST", at, "/sync", { ...at, ...request });
    },
    rollback: async (at, id) => {
      await call("POST", at, "/rollback", { ...at, id });
    },
  };
}
