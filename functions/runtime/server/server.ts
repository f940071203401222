/** All doors in one process, on SQLite or on a DynamoDB table: what `npm start` runs. */
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { serve } from "@hono/node-server";
import type { Hono } from "hono";
import { registries } from "../../adapters/registry/oci.ts";
import { backupsOf, checkInBackground } from "../../adapters/sqlite/background.ts";
import { type Damage, noDamage } from "../../adapters/sqlite/damage.ts";
import { type Database, InUse, openDatabase } from "../../adapters/sqlite/database.ts";
import { jobQueue } from "../../adapters/sqlite/jobs.ts";
import { sqlitePeople } from "../../adapters/sqlite/people.ts";
import { sqliteQuarantine } from "../../adapters/sqlite/quarantine.ts";
import { CannotOpen } from "../../adapters/sqlite/schema.ts";
import { newestRecordedAt, sqliteStore } from "../../adapters/sqlite/store.ts";
import { guarded, loadAll } from "../../http/app.ts";
import { backupEndpoint } from "../../http/backups.ts";
import type { Ledger } from "../../http/context.ts";
import { exportEndpoint } from "../../http/export.ts";
import { queryEndpoints } from "../../http/queries.ts";
import { recordingEndpoints } from "../../http/recording.ts";
import { newToken, parseTokens, type Token } from "../../ledger/authority.ts";
import { steadyClock } from "../../ledger/clock.ts";
import type { Log } from "../../ledger/ingest.ts";
import { giveUp, work } from "../../ledger/ingest.ts";
import { Job, type Jobs } from "../../ledger/jobs.ts";
import { remembering } from "../../ledger/people.ts";
import { executors } from "../../reactions/executors/executors.ts";
import type { Asof } from "../../reactions/ledger-client.ts";
import type { Reaction } from "../../reactions/reaction.ts";
import { maintenance } from "../../reactions/silences/silences.ts";
import { type Configuration, configuration } from "../config/environment.ts";
import { ConfigurationError } from "../config/secrets.ts";
import { logUnhandled } from "../unhandled-rejections.ts";
import { type Reacting, reacting } from "./reaction-runner.ts";

/** After this no registry is down: somebody has to look. */
const GIVE_UP_MS = 24 * 3600_000;

/** One process has no index lag; what is on its way through it is over by then. */
const SETTLE_MS = 1000;

/** On DynamoDB indexes lag, and others write by clocks of their own. */
const SETTLE_ON_DYNAMODB_MS = 60_000;

/** What starts is asked first, and checked then. */
const CHECK_AFTER_MS = 5000;

/** Lines of JSON on standard error, so that standard output stays for people. */
const log: Log = {
  info: (message, fields) => console.error(JSON.stringify({ level: "info", message, ...fields })),
  error: (message, fields) => console.error(JSON.stringify({ level: "error", message, ...fields })),
};

/** The admin's token of a ledger that was given none, made once and kept beside the data. */
function ownTokens(data: string): Token[] {
  const file = join(data, "token");
  if (!existsSync(file)) {
    // Renamed into place: half a token would be no token for ever.
    writeFileSync(`${file}.partial`, `${newToken()}\n`, { mode: 0o600 });
    renameSync(`${file}.partial`, file);
  }
  try {
    return parseTokens(`admin:admin:${readFileSync(file, "utf8").trim()}`);
  } catch (cause) {
    throw new ConfigurationError(`${file}: holds no token; remove it to have a new one made`, { cause });
  }
}

/** Where facts and people are kept, and the clock that facts are stamped with. */
type Keeping = Pick<Ledger, "store" | "people" | "now" | "settleMs" | "backup">;

function onSqlite(database: Database, damage: Damage): Keeping {
  const clock = steadyClock(newestRecordedAt(database));
  return {
    store: sqliteStore(database, clock, damage),
    people: remembering(sqlitePeople(database), () => new Date()),
    now: clock.now,
    settleMs: SETTLE_MS,
    backup: backupsOf(database.file),
  };
}

/** The client is loaded where it is used: most ledgers on one machine have no table. */
async function onDynamodb(tables: NonNullable<Configuration["tables"]>): Promise<Keeping> {
  const { openTables } = await import("../../adapters/dynamodb/tables.ts");
  const { store, people } = openTables(tables);
  const now = () => new Date();
  return {
    store,
    people: remembering(people, now),
    now,
    settleMs: SETTLE_ON_DYNAMODB_MS,
  };
}

function ledgerOf(
  settings: Configuration,
  database: Database,
  keeping: Keeping,
  jobs: Jobs,
  reactions: Reacting,
): Ledger {
  const asked = registries(settings.registries);
  const given = settings.tokens.length > 0 ? settings.tokens : ownTokens(settings.data);
  const tokens = [...given, ...reactions.tokens];
  return {
    ...keeping,
    rules: settings.rules,
    ...(settings.trust === undefined ? {} : { trust: settings.trust }),
    heard: new Set(),
    quarantine: sqliteQuarantine(database),
    jobs,
    registries: () => Promise.resolve(asked),
    secrets: () => Promise.resolve({ tokens, webhooks: settings.webhooks }),
    ...reactions.publishing,
    ignored: new Map(),
    log,
  };
}

/** What reacts to what is recorded here, by the names of their queues; all of it by configuration. */
function reactionsOf(settings: Configuration): Record<string, (asof: Asof) => Reaction> {
  const { maintenance: silences, executors: list } = settings;
  const now = () => new Date();
  return {
    ...(list.length === 0 ? {} : { executions: (asof) => executors(list, { asof, now, log }) }),
    ...(silences === undefined ? {} : { maintenance: (asof) => maintenance(silences, { asof, now, log }) }),
  };
}

/** Every door of a ledger under one address. */
export const doors = (ledger: Ledger): Hono =>
  guarded(ledger, [
    recordingEndpoints(ledger),
    queryEndpoints(ledger),
    exportEndpoint(ledger),
    backupEndpoint(ledger),
  ]);

/** What to try next: in a clone, and in the package. */
const DEMO = "npm run demo     # in another terminal: a quarter of history, and three questions about it";
const RECORD = "asof record --help     # how a pipeline reports what it did";

function greeting({ data, tokens }: Configuration, address: string): string {
  const file = join(data, "token");
  const token = tokens.length > 0 ? "$TOKEN" : `$(cat ${file})`;
  const held = tokens.length > 0 ? "ASOF_TOKENS" : `${resolve(file)} (role admin)`;
  const bearer = `-H "Authorization: Bearer ${token}"`;
  const aMonthAgo = new Date(Date.now() - 30 * 86_400_000).toISOString().slice(0, 10);
  return `asof listens on ${address}
token:  ${held}
data:   ${resolve(data)}

Try:
  curl -s ${bearer} ${address}/v1/environments
  ${import.meta.url.endsWith(".ts") ? DEMO : RECORD}
  curl -s ${bearer} "${address}/v1/release?environment=production&service=acme/billing&at=${aMonthAgo}"

Ctrl-C stops it; what it acknowledged is on disk.`;
}

export interface Running {
  readonly address: string;
  readonly stop: () => Promise<void>;
}

/** What stops before its time after this, as an upload without end, is broken off. */
const GRACE_MS = 3000;

/** What the system says of an address that cannot be had, in the words of whoever set it. */
const REFUSED: ReadonlyMap<unknown, string> = new Map([
  ["EADDRINUSE", "ASOF_PORT: the port is in use; set ASOF_PORT to another one"],
  ["EACCES", "ASOF_PORT: the port may not be opened; set ASOF_PORT to one above 1023"],
  ["EADDRNOTAVAIL", "ASOF_HOST: is no address of this machine"],
  ["ENOTFOUND", "ASOF_HOST: is no address and no known name of a host"],
  ["EAI_AGAIN", "ASOF_HOST: is no address, and as a name of a host it cannot be looked up"],
]);

type Server = ReturnType<typeof serve>;

function listen(
  app: Hono,
  { host: hostname, port }: Configuration,
): Promise<{ server: Server; port: number }> {
  return new Promise((done, failed) => {
    const server = serve({ fetch: app.fetch, hostname, port }, (info) => done({ server, port: info.port }));
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = REFUSED.get(cause.code);
      failed(why === undefined ? cause : new ConfigurationError(why, { cause }));
    });
  });
}

/** Takes no more requests, and waits for those on their way. */
async function close(server: Server): Promise<void> {
  const idle = () => "closeIdleConnections" in server && server.closeIdleConnections();
  const all = () => "closeAllConnections" in server && server.closeAllConnections();
  const closed = new Promise<void>((done) => server.close(() => done()));
  // A connection that is kept alive is idle as soon as its request is answered, and would stay.
  const idling = setInterval(idle, 50);
  const grace = setTimeout(all, GRACE_MS);
  await closed;
  clearInterval(idling);
  clearTimeout(grace);
}

function makeFolder(data: string): void {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError(`ASOF_DATA: no folder can be made there: ${why}`, { cause });
  }
}

/** Checks the file a while after the start, once; what is damaged is not served from then on. */
function checkSoon({ file }: Database, damage: Damage): () => void {
  const ended = new AbortController();
  const check = async () => {
    try {
      const { findings } = await checkInBackground(file, ended.signal);
      for (const finding of findings) {
        damage.add(finding);
        log.error("the ledger's file is damaged", { what: finding.what, why: finding.why });
      }
    } catch (error) {
      if (ended.signal.aborted) return;
      log.error("the ledger's file could not be checked", {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  };
  const timer = setTimeout(() => void check(), CHECK_AFTER_MS);
  return () => {
    clearTimeout(timer);
    ended.abort();
  };
}

/** Starts a ledger. Throws a ConfigurationError, InUse or CannotOpen, whose messages say what to do. */
export async function start(env: NodeJS.ProcessEnv): Promise<Running & { settings: Configuration }> {
  const settings = configuration(env);
  makeFolder(settings.data);
  const database = openDatabase(settings.data);
  try {
    const damage = noDamage();
    const keeping =
      settings.tables === undefined ? onSqlite(database, damage) : await onDynamodb(settings.tables);
    const jobs = jobQueue(database, "later", Job, { giveUpMs: GIVE_UP_MS });
    const reactions = reacting(database, reactionsOf(settings), log);
    const ledger = ledgerOf(settings, database, keeping, jobs, reactions);
    const app = doors(ledger);
    await loadAll();
    const { server, port } = await listen(app, settings);
    await jobs.start({
      work: (job) => work(ledger, job),
      giveUp: (job, error) => giveUp(ledger, job, error),
    });
    await reactions.start(async (path, init) => app.request(path, init));
    const endCheck = checkSoon(database, damage);
    const stop = async () => {
      endCheck();
      await close(server);
      await jobs.stop();
      await reactions.stop();
      database.close();
    };
    return { address: `http://${settings.host}:${port}`, stop, settings };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A fault that whoever starts it can mend, in one line; anything else is ours, and whole. */
function complain(error: unknown): void {
  const isTheirs = [ConfigurationError, InUse, CannotOpen].some((one) => error instanceof one);
  if (isTheirs && error instanceof Error) console.error(`asof: ${error.message}`);
  else console.error("asof: cannot start:", error);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  // The client warns of Node versions that a coming release of it drops; which one runs here is pinned.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
  const { address, stop, settings } = await start(process.env);
  logUnhandled(log);
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
  console.log(greeting(settings, address));
}

/** Runs a ledger as this process's program, until a signal ends it. What is wrong is printed; the exit code is 1 then. */
export const run = (): Promise<void> => main().catch(complain);

/** Whether a process was started with this file, by whatever name. */
function isProgram(): boolean {
  const [, program] = process.argv;
  return program !== undefined && existsSync(program) && realpathSync(program) === import.meta.filename;
}

if (isProgram()) await run();
