/** A ledger as it stands behind the doors on AWS, on an engine; and the doors in process and over HTTP. */
import { Agent, request } from "node:http";
import { serve } from "@hono/node-server";
import { dynamodbPeople } from "../../functions/adapters/dynamodb/people.ts";
import { dynamodbStore } from "../../functions/adapters/dynamodb/store.ts";
import { registries } from "../../functions/adapters/registry/oci.ts";
import { guarded } from "../../functions/http/app.ts";
import type { Ledger } from "../../functions/http/context.ts";
import { exportEndpoint } from "../../functions/http/export/export.ts";
import { queryEndpoints } from "../../functions/http/questions/queries.ts";
import { recordingEndpoints } from "../../functions/http/recording/recording.ts";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { remembering } from "../../functions/ledger/people/people.ts";
import type { RemoteEngine } from "./engine.ts";

export const TOKEN = "a-token-of-the-benchmark";

type Tables = Pick<RemoteEngine, "client" | "table" | "people">;

export function ledgerOn({ client, table, people }: Tables): Ledger {
  const secrets = { tokens: parseTokens(`admin:bench:${TOKEN}`), webhooks: {} };
  return {
    store: dynamodbStore({ client, name: table }),
    rules: [],
    now: () => new Date(),
    heard: new Set(),
    people: remembering(dynamodbPeople({ client, name: people }), () => new Date()),
    quarantine: {
      keep: ({ reason }) => Promise.reject(new Error(`nothing here is kept aside: ${reason}`)),
      list: () => Promise.resolve({ where: "nowhere", count: null, newest: [] }),
      page: () => Promise.resolve({ entries: [] }),
      get: () => Promise.resolve(undefined),
      remove: () => Promise.resolve(),
    },
    // That an export was made is recorded after its end: no part of what is measured.
    jobs: {
      put: ({ is }) =>
        is === "record export"
          ? Promise.resolve()
          : Promise.reject(new Error(`nothing here is left for later: ${is}`)),
    },
    registries: () => Promise.resolve(registries({})),
    secrets: () => Promise.resolve(secrets),
    settleMs: 1000,
    ignored: new Map(),
    log: { info: () => undefined, error: (message, fields) => console.error(message, fields) },
  };
}

export interface Answered {
  readonly status: number;
  readonly text: string;
}

/** One way to the doors. */
export type Ask = (path: string, event?: string) => Promise<Answered>;

const HEADERS = { authorization: `Bearer ${TOKEN}` };
const POSTED = { ...HEADERS, "content-type": "application/cloudevents+json" };

const appOf = (ledger: Ledger) =>
  guarded(ledger, [recordingEndpoints(ledger), queryEndpoints(ledger), exportEndpoint(ledger)]);

/** Asks without a network. */
export function inProcess(ledger: Ledger): Ask {
  const app = appOf(ledger);
  return async (path, body) => {
    const length = String(Buffer.byteLength(body ?? ""));
    const init =
      body === undefined
        ? { headers: HEADERS }
        : { method: "POST", headers: { ...POSTED, "content-length": length }, body };
    const answer = await app.request(path, init);
    return { status: answer.status, text: await answer.text() };
  };
}

export interface Served {
  readonly address: string;
  readonly stop: () => Promise<void>;
}

export async function served(ledger: Ledger): Promise<Served> {
  const app = appOf(ledger);
  const { server, port } = await new Promise<{ server: ReturnType<typeof serve>; port: number }>((done) => {
    const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, (info) =>
      done({ server, port: info.port }),
    );
  });
  const stop = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      if ("closeAllConnections" in server) server.closeAllConnections();
    });
  return { address: `http://127.0.0.1:${port}`, stop };
}

/** Asks over one kept connection. `onChunk` takes a body that is too long to keep. */
export function overHttp(address: string, onChunk?: (chunk: Buffer) => void): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return (path, body) =>
    new Promise((done, failed) => {
      const init = body === undefined ? { headers: HEADERS } : { method: "POST", headers: POSTED };
      const sent = request(`${address}${path}`, { agent, ...init }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", onChunk ?? ((chunk: Buffer) => chunks.push(chunk)));
        answer.on("end", () =>
          done({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
        );
        answer.on("error", failed);
      });
      sent.on("error", failed);
      sent.end(body);
    });
}

/** An answer of the expected status, or an error that shows it. */
export async function expecting(status: number, answer: Promise<Answered>): Promise<string> {
  const got = await answer;
  if (got.status !== status) throw new Error(`answered ${got.status}: ${got.text.slice(0, 400)}`);
  return got.text;
}

export const queryOf = (path: string, fields: Record<string, string>): string =>
  `${path}?${new URLSearchParams(fields)}`;
