/** The server: all endpoints in one process, on SQLite or on a DynamoDB table. `npm start` runs it. */
import { existsSync, mkdirSync, readFileSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Hono } from "hono";
import { writeWhole } from "../../adapters/folder/whole-file.ts";
import { verifier } from "../../adapters/oidc/verifier.ts";
import { registries } from "../../adapters/registry/oci.ts";
import { backupsOf } from "../../adapters/sqlite/background.ts";
import { type Damage, noDamage } from "../../adapters/sqlite/damage.ts";
import { type Database, InUse, openDatabase } from "../../adapters/sqlite/database.ts";
import { jobQueue } from "../../adapters/sqlite/jobs.ts";
import { sqlitePeople, sqliteRegister } from "../../adapters/sqlite/people.ts";
import { sqliteQuarantine, sqliteQuarantineEraser } from "../../adapters/sqlite/quarantine.ts";
import { CannotOpen } from "../../adapters/sqlite/schema.ts";
import { newestRecordedAt, sqliteStore } from "../../adapters/sqlite/store.ts";
import { sqliteStoredFacts } from "../../adapters/sqlite/stored-facts.ts";
import { guarded, loadAll } from "../../http/app.ts";
import type { Ledger } from "../../http/context.ts";
import { exportEndpoint } from "../../http/export/export.ts";
import { exportJobEndpoints } from "../../http/export/export-jobs.ts";
import { sealedLogEndpoints } from "../../http/export/sealed-log.ts";
import { backupEndpoint } from "../../http/operations/backups.ts";
import { metricsEndpoint } from "../../http/operations/metrics.ts";
import { peopleEndpoints } from "../../http/operations/people.ts";
import { type PageFiles, pageEndpoints } from "../../http/page.ts";
import { auditEndpoint } from "../../http/questions/audit.ts";
import { queryEndpoints } from "../../http/questions/queries.ts";
import { recordingEndpoints } from "../../http/recording/recording.ts";
import { signInEndpoints } from "../../http/sign-in.ts";
import { newToken, parseTokens, type Token } from "../../ledger/authority/authority.ts";
import { TOKEN_FILE } from "../../ledger/authority/token-lines.ts";
import { steadyClock } from "../../ledger/clock.ts";
import { giveUp, work } from "../../ledger/ingest/ingest.ts";
import { Job, type Jobs } from "../../ledger/ingest/jobs.ts";
import type { Erasers } from "../../ledger/people/erasure.ts";
import { remembering } from "../../ledger/people/people.ts";
import { recordPolicyOrLog } from "../../ledger/policies.ts";
import { countingStore } from "../../ledger/request-context.ts";
import { withoutExecutor } from "../../reactions/executors/executors.ts";
import { type Configuration, configuration } from "../config/environment.ts";
import { ConfigurationError } from "../config/secrets.ts";
import { tokenFile, warnOfEnds } from "../config/token-file.ts";
import { logUnhandled } from "../unhandled-rejections.ts";
import { repeatSourceCheck, scheduleCheck } from "./checks.ts";
import { close, listen } from "./listen.ts";
import { log, written } from "./log.ts";
import { pageFiles } from "./page-files.ts";
import { type ReactionRunner, reactionRunner } from "./reaction-runner.ts";
import { reactionsOf } from "./reactions.ts";
import { type SealingRunner, sealingRunner } from "./sealing-runner.ts";
import { measured } from "./server-metrics.ts";
import { repeatTokenCheck } from "./token-changes.ts";

/** The name of the queue of jobs. */
const JOBS = "later";

/** How long a registry job is retried. A registry that fails for longer needs a person to look at it. */
const GIVE_UP_MS = 24 * 3600_000;

/** One process has no index lag; this covers requests in progress. */
const SETTLE_MS = 1000;

/** On DynamoDB, indexes lag, and other processes write with their own clocks. */
const SETTLE_ON_DYNAMODB_MS = 60_000;

/** The admin token of a ledger without configured tokens. Created once, and stored with the data. */
function ownTokens(data: string): Token[] {
  const file = join(data, "token");
  // Whole: a partial token would never be replaced.
  if (!existsSync(file)) writeWhole(file, `${newToken()}\n`);
  try {
    return parseTokens(`admin:admin:${readFileSync(file, "utf8").trim()}`);
  } catch (cause) {
    throw new ConfigurationError(`${file}: contains no valid token; remove the file to create a new one`, {
      cause,
    });
  }
}

/** The storage of facts and people, and the clock for `recordedAt`. */
type Storage = Pick<Ledger, "store" | "people" | "now" | "settleMs" | "backup"> & Pick<Erasers, "register">;

function onSqlite(database: Database, damage: Damage): Storage {
  const clock = steadyClock(newestRecordedAt(database));
  return {
    store: sqliteStore(database, clock, damage),
    people: remembering(sqlitePeople(database), () => new Date()),
    register: sqliteRegister(database),
    now: clock.now,
    settleMs: SETTLE_MS,
    backup: backupsOf(database.file),
  };
}

/** Loads the AWS client lazily: most ledgers on one machine use no table. */
async function onDynamodb(tables: NonNullable<Configuration["tables"]>): Promise<Storage> {
  const { openTables } = await import("../../adapters/dynamodb/tables.ts");
  const { store, people, register } = openTables(tables);
  const now = () => new Date();
  return {
    store,
    people: remembering(people, now),
    register,
    now,
    settleMs: SETTLE_ON_DYNAMODB_MS,
  };
}

function ledgerOf(
  settings: Configuration,
  database: Database,
  { register: _, ...storage }: Storage,
  jobs: Jobs,
  reactions: ReactionRunner,
  sealing: SealingRunner | undefined,
): Ledger {
  const registryClients = registries(settings.registries);
  const configured = settings.tokens.length > 0 ? settings.tokens : ownTokens(settings.data);
  const fromFile = tokenFile(join(settings.data, TOKEN_FILE), { now: () => new Date(), log });
  const warn = warnOfEnds(log, () => new Date());
  const currentTokens = (): Token[] => {
    const tokens = [...configured, ...reactions.tokens, ...fromFile()];
    warn(tokens);
    return tokens;
  };
  currentTokens();
  const quarantine = sqliteQuarantine(database);
  return {
    ...storage,
    ...measured(database, quarantine, sealing, JOBS),
    ...(sealing === undefined ? {} : { sealedLog: sealing.sealedLog, sealingState: sealing.state }),
    store: countingStore(storage.store),
    rules: settings.rules,
    deployTools: settings.deployTools,
    hosts: settings.hosts,
    gatePolicy: settings.gatePolicy,
    samePersons: settings.samePersons,
    ...(settings.identities === undefined
      ? {}
      : { identities: verifier(settings.identities, storage.now, async () => settings.loginSecret) }),
    ...(settings.trust === undefined ? {} : { trust: settings.trust }),
    ...(settings.observationStepMs === undefined ? {} : { observationStepMs: settings.observationStepMs }),
    silentAfter: settings.silentAfter,
    heard: new Set(),
    quarantine,
    jobs,
    registries: () => Promise.resolve(registryClients),
    secrets: async () => ({ tokens: currentTokens(), webhooks: settings.webhooks }),
    ...(settings.executors.length === 0
      ? {}
      : { executor: (plan) => withoutExecutor(settings.executors, plan) }),
    ...reactions.publishing,
    ignored: new Map(),
    log,
  };
}

/** All endpoints of a ledger as one application. @param page the files of the built page, if it is served */
export const endpoints = (ledger: Ledger, erasers: Erasers, page?: PageFiles): Hono =>
  guarded(ledger, [
    // Before the questions, whose answers show logins for commitments.
    peopleEndpoints(ledger, erasers),
    recordingEndpoints(ledger),
    queryEndpoints(ledger),
    auditEndpoint(ledger),
    exportEndpoint(ledger),
    exportJobEndpoints(ledger),
    backupEndpoint(ledger),
    sealedLogEndpoints(ledger),
    signInEndpoints(ledger),
    metricsEndpoint(ledger),
    ...(page === undefined ? [] : [pageEndpoints(() => page)]),
  ]);

/** What the greeting suggests: in a clone of the repository, and in the package. */
const DEMO = "npm run demo     # in another terminal: a quarter of history, and three questions about it";
const RECORD = "asof record --help     # how a pipeline reports what it did";

function greeting({ data, tokens }: Configuration, address: string): string {
  const file = join(data, "token");
  const token = tokens.length > 0 ? "$TOKEN" : `$(cat ${file})`;
  const held = tokens.length > 0 ? "ASOF_TOKENS" : `${resolve(file)} (role admin)`;
  const bearer = `-H "Authorization: Bearer ${token}"`;
  const aMonthAgo = new Date(Date.now() - 30 * 86_400_000).toISOString().slice(0, 10);
  return `asof listens on ${address}
page:   ${address}/   (sign in with the token)
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

function makeFolder(data: string): void {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError(`ASOF_DATA: cannot create the folder: ${why}`, { cause });
  }
}

/** Starts a ledger. Throws a ConfigurationError, InUse or CannotOpen, whose messages say what to do. */
export async function start(env: NodeJS.ProcessEnv): Promise<Running & { settings: Configuration }> {
  const settings = configuration(env);
  makeFolder(settings.data);
  const database = openDatabase(settings.data);
  try {
    const damage = noDamage();
    const storage =
      settings.tables === undefined ? onSqlite(database, damage) : await onDynamodb(settings.tables);
    const queue = jobQueue(database, JOBS, Job, { giveUpMs: GIVE_UP_MS });
    const reactions = reactionRunner(database, reactionsOf(settings, database), log);
    // The facts of a table are sealed by the stack's function.
    const sealing =
      settings.tables === undefined
        ? sealingRunner(settings, { ...storage, stored: sqliteStoredFacts(database) })
        : undefined;
    const ledger = ledgerOf(settings, database, storage, queue, reactions, sealing);
    const erasers: Erasers = {
      register: storage.register,
      quarantine: sqliteQuarantineEraser(database),
      jobs: { redact: ({ holds, job }) => queue.rewrite(holds, job) },
      record: (job) => work(ledger, job),
    };
    const app = endpoints(ledger, erasers, await pageFiles());
    await loadAll();
    await recordPolicyOrLog(ledger, settings.gatePolicy);
    const { server, port } = await listen(app, settings);
    await queue.start({
      work: (job) => work(ledger, job),
      giveUp: (job, error) => giveUp(ledger, job, error),
    });
    await reactions.start(async (path, init) => app.request(path, init));
    sealing?.start();
    const endCheck = scheduleCheck(database, damage);
    const endSourceCheck = repeatSourceCheck(ledger);
    const internal = new Set(reactions.tokens.map(({ hash }) => hash));
    const endTokenCheck = repeatTokenCheck(settings.data, ledger, async () =>
      (await ledger.secrets()).tokens.filter(({ hash }) => !internal.has(hash)),
    );
    const stop = async () => {
      const checked = endCheck();
      endSourceCheck();
      endTokenCheck();
      await close(server);
      await queue.stop();
      await reactions.stop();
      await sealing?.stop();
      await checked;
      database.close();
    };
    return { address: `http://${settings.host}:${port}`, stop, settings };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Prints an error that the user can fix as one line, and any other error completely. */
function printError(error: unknown): void {
  const isFixable = [ConfigurationError, InUse, CannotOpen].some((one) => error instanceof one);
  if (isFixable && error instanceof Error) console.error(`asof: ${error.message}`);
  else console.error("asof: cannot start:", error);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  // The AWS client warns about Node versions that its future releases drop. Its version here is pinned.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
  const { address, stop, settings } = await start(process.env);
  logUnhandled(log);
  const end = () => {
    stop()
      .then(written)
      .then(
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

/** Runs a ledger until a signal ends the process. On an error, prints it and sets the exit code to 1. */
export const run = (): Promise<void> => main().catch(printError);

/** Whether this file is the process's main program, also through a symbolic link. */
function isProgram(): boolean {
  const [, program] = process.argv;
  return program !== undefined && existsSync(program) && realpathSync(program) === import.meta.filename;
}

if (isProgram()) await run();
