/** All doors in one process, on an embedded engine: what `npm start` runs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { serve } from "@hono/node-server";
import type { Hono } from "hono";
import { newToken, parseTokens, type Token } from "./access.ts";
import { type Configuration, ConfigurationError, configuration } from "./configuration.ts";
import { guarded } from "./doors/doors.ts";
import { exportDoor } from "./doors/exporting.ts";
import type { Ledger, Log } from "./doors/ledger.ts";
import { questionDoors } from "./doors/questions.ts";
import { recordingDoors } from "./doors/recording.ts";
import { folderAside } from "./store/aside-folder.ts";
import { dynamodbStore } from "./store/dynamodb.ts";
import { type Engine, InUse, startEngine } from "./store/embedded.ts";

/** One process has no index lag; what is on its way through it is over by then. */
const SETTLE_MS = 1000;

/** Lines of JSON on standard error, so that standard output stays for people. */
const log: Log = {
  info: (message, fields) => console.error(JSON.stringify({ level: "info", message, ...fields })),
  error: (message, fields) => console.error(JSON.stringify({ level: "error", message, ...fields })),
};

/** The admin's token of a ledger that was given none, made once and kept beside the data. */
function ownTokens(data: string): Token[] {
  const file = join(data, "token");
  if (!existsSync(file)) writeFileSync(file, `${newToken()}\n`, { mode: 0o600 });
  return parseTokens(`admin:admin:${readFileSync(file, "utf8").trim()}`);
}

function ledgerOf(settings: Configuration, engine: Engine): Ledger {
  const tokens = settings.tokens.length > 0 ? settings.tokens : ownTokens(settings.data);
  return {
    store: dynamodbStore({ client: engine.client, name: engine.table, mayOrphan: true }),
    rules: settings.rules,
    now: () => new Date(),
    heard: new Set(),
    aside: folderAside(join(settings.data, "aside")),
    secrets: () => Promise.resolve({ tokens, webhooks: settings.webhooks }),
    settleMs: SETTLE_MS,
    ignored: new Map(),
    log,
  };
}

/** Every door of a ledger under one address. */
export const doors = (ledger: Ledger): Hono =>
  guarded(ledger, [recordingDoors(ledger), questionDoors(ledger), exportDoor(ledger)]);

function greeting({ data, tokens }: Configuration, address: string): string {
  const file = join(data, "token");
  const token = tokens.length > 0 ? "$TOKEN" : `$(cat ${file})`;
  const held = tokens.length > 0 ? "ASOF_TOKENS" : `${resolve(file)} (role admin)`;
  const bearer = `-H "Authorization: Bearer ${token}"`;
  return `asof listens on ${address}
token:  ${held}
data:   ${resolve(data)}

Try:
  curl -s ${bearer} ${address}/v1/environments
  npm run demo     # in another terminal: a quarter of history, and three questions about it
  curl -s ${bearer} "${address}/v1/release?environment=production&service=acme/billing&at=2026-10-22"

Ctrl-C stops it; what it acknowledged is on disk.`;
}

export interface Running {
  readonly address: string;
  readonly stop: () => Promise<void>;
}

/** Starts a ledger. Throws a ConfigurationError or InUse, whose messages say what to do. */
export async function start(env: NodeJS.ProcessEnv): Promise<Running & { settings: Configuration }> {
  const settings = configuration(env);
  mkdirSync(settings.data, { recursive: true, mode: 0o700 });
  const engine = await startEngine(settings.data);
  const app = doors(ledgerOf(settings, engine));
  const { host: hostname, port } = settings;
  try {
    const { server, info } = await new Promise<{ server: ReturnType<typeof serve>; info: { port: number } }>(
      (done, failed) => {
        const server = serve({ fetch: app.fetch, hostname, port }, (info) => done({ server, info }));
        server.once("error", failed);
      },
    );
    const stop = async () => {
      await new Promise<void>((done) => {
        server.close(() => done());
        if ("closeIdleConnections" in server) server.closeIdleConnections();
      });
      await engine.stop();
    };
    return { address: `http://${hostname}:${info.port}`, stop, settings };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

/** A fault of the one who starts it, in one line; anything else is ours, and whole. */
function complain(error: unknown): void {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (error instanceof ConfigurationError || error instanceof InUse) console.error(`asof: ${error.message}`);
  else if (code === "EADDRINUSE")
    console.error("asof: ASOF_PORT: the port is in use; set ASOF_PORT to another one");
  else console.error("asof: cannot start:", error);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  // The client warns of Node versions that a coming release of it drops; which one runs here is pinned.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
  const { address, stop, settings } = await start(process.env);
  console.log(greeting(settings, address));
  const end = () => {
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error("asof: did not stop cleanly:", error);
        process.exit(1);
      },
    );
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
}

if (process.argv[1] === import.meta.filename) main().catch(complain);
