/**
 * `npm run demo:rollback`: a service on a real PostgreSQL, whose second release carries a migration and is broken. It
 * plays the pipeline of both, tells a running ledger, and says how to put the service back.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { type Client, clientOf, event, over } from "../client.ts";
import { DemoError, tokenFrom } from "../demo.ts";
import { isInstalled, namesOf, queried, startPostgresql } from "../real/postgresql.ts";
import { DATABASE, makeShop, PLACE, type Release, writeEnvironment, writeExecutors } from "./shop.ts";

const USAGE = `Usage: npm run demo:rollback

Plays two releases of a service on a real PostgreSQL, tells a running ledger (npm start, in another terminal) of them,
and says how to put the service back. The second release carries a migration, and is broken.

  DATABASE_URL  an empty database of PostgreSQL; default: one of its own, until Ctrl-C
  ASOF_URL      the ledger's address; default http://127.0.0.1:8787
  ASOF_TOKEN    a token of the role admin; default: the one in the ledger's data folder
  ASOF_DATA     that folder; default .asof`;

const DAY_MS = 86_400_000;
const SOURCE = "https://github.com/acme/shop";

interface Demo {
  readonly client: Client;
  /** What the programs of the shop find in their environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly databaseUrl: string;
  /** Each run tells its own story, also where the ledger knows an earlier one. */
  readonly run: string;
}

const print = (line: string): void => console.log(line);

async function say({ client, run }: Demo, kind: string, id: string, at: Date, data: object): Promise<void> {
  const answer = await client.say(event(kind, `${run}/${id}`, at.toISOString(), data, "/demo/shop"));
  if (answer.status >= 300) throw new DemoError(`${kind} was answered with ${answer.status}: ${answer.text}`);
}

/** Runs a program of the shop, whose output is shown. */
function run({ env, folder }: Demo, cwd: string, program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { cwd: resolve(folder, cwd), env, stdio: "inherit" });
}

async function build(demo: Demo, { n, repository, digest }: Release, at: Date): Promise<void> {
  const commit = { repository: SOURCE, sha: digest.slice("sha256:".length, "sha256:".length + 40) };
  await say(demo, "artifact.built", `build/${n}`, at, { digest, repository, commit });
  await say(demo, "artifact.pushed", `push/${n}`, at, { digest, repository, tag: `${n}.0` });
}

/** Knex writes down when it was; that is put back to the day that is played. */
async function migrate(demo: Demo, { n, folder, migration }: Release, at: Date): Promise<void> {
  run(demo, resolve(folder), "npx", "--no", "--", "knex", "migrate:latest");
  await queried(
    demo.databaseUrl,
    `UPDATE knex_migrations SET migration_time = '${at.toISOString()}' WHERE name = '${migration}'`,
  );
  await say(demo, "migration.applied", `migrate/${n}`, at, {
    ...PLACE,
    database: DATABASE,
    version: migration,
    tool: "knex",
    reversible: true,
    // The first takes the orders away with their table; the second only renames a column.
    losesData: n === 1,
    oldCodeRuns: false,
  });
}

function deploy(demo: Demo, { repository, digest }: Release, at: Date): void {
  const { environment, service } = PLACE;
  const told = {
    ASOF_IMAGE: `${repository}@${digest}`,
    ASOF_ENVIRONMENT: environment,
    ASOF_SERVICE: service,
  };
  const env = { ...demo.env, ...told };
  run({ ...demo, env }, ".", resolve(demo.folder, "deploy.mjs"), "--time", at.toISOString());
}

/** Migrated once it was deployed, and not from its image: the plan then names the tool's own command. */
const afterwards = (at: Date): Date => new Date(at.getTime() + 1);

async function play(demo: Demo, [first, second]: readonly [Release, Release]): Promise<void> {
  const then = new Date(Date.now() - 8 * DAY_MS);
  await say(demo, "service.described", "shop", then, {
    service: PLACE.service,
    owner: "team-shop",
    contact: "#shop-oncall",
    databases: [DATABASE],
  });
  print(`\nRelease 1, eight days ago: its migration makes a table\n`);
  await build(demo, first, then);
  await migrate(demo, first, afterwards(then));
  await queried(demo.databaseUrl, "INSERT INTO orders (customer) VALUES ('acme'), ('acme')");
  deploy(demo, first, then);

  print(`\nRelease 2, just now: its migration renames a column, and acme's orders are gone\n`);
  const now = new Date();
  await build(demo, second, now);
  await migrate(demo, second, afterwards(now));
  deploy(demo, second, now);

  print("\nThe program of release 1 alone would not help, for the schema is another one:\n");
  const again = spawnSync(process.execPath, ["shop.mjs", "release-1"], {
    cwd: demo.folder,
    env: demo.env,
    stdio: "inherit",
  });
  if (again.status !== 1) throw new Error("release 1 runs on the schema of release 2");
}

/* Around it */

interface Database {
  readonly url: string;
  /** Of one that was started here. */
  readonly stop?: () => void;
}

async function databaseFrom({ DATABASE_URL: given = "" }: NodeJS.ProcessEnv): Promise<Database> {
  if (given !== "") {
    const tables = await namesOf(
      given,
      "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'",
    ).catch((cause: unknown) => {
      throw new DemoError("DATABASE_URL: cannot be reached, or is no PostgreSQL", { cause });
    });
    if (tables.length > 0)
      throw new DemoError("DATABASE_URL: is not empty; give the demo a database of its own");
    return { url: given };
  }
  if (!isInstalled()) {
    throw new DemoError("PostgreSQL is not installed: install it (Debian: postgresql), or set DATABASE_URL");
  }
  const folder = mkdtempSync(join(tmpdir(), "asof-shop-"));
  // Where root starts it, it runs as a user of its own.
  chmodSync(folder, 0o755);
  const postgresql = await startPostgresql(join(folder, "postgresql"));
  const stop = () => {
    postgresql.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: await postgresql.database(DATABASE), stop };
}

async function clientFor(address: string, token: string): Promise<Client> {
  const client = clientOf(over(address), token);
  const answer = await client.get("/v1/sources").catch((cause: unknown) => {
    throw new DemoError(`no ledger answers at ${address}: start one with \`npm start\``, { cause });
  });
  if (answer.status !== 200) throw new DemoError(`the ledger at ${address} does not take this token`);
  return client;
}

const advice = (shop: string): string => `
Now put it back. In the ledger's terminal, Ctrl-C, and again with an executor that it knows:

  ASOF_EXECUTORS="$(cat ${shop}/executors.json)" npm start

In another terminal, the executor:

  . ${shop}/environment.sh
  asof execute --cwd ${shop}/release-2 --steps revert,deploy,check --deploy ${shop}/deploy.mjs

In one more, the plan, and one click:

  . ${shop}/environment.sh
  asof plan --environment demo --service acme/shop --at $LAST_WEEK
  asof plan --environment demo --service acme/shop --at $LAST_WEEK --schema revert
  asof redeploy --environment demo --service acme/shop --at $LAST_WEEK --schema revert --reason "acme's orders are gone"
  node ${shop}/shop.mjs
`;

async function main(): Promise<void> {
  const { ASOF_URL: address = "http://127.0.0.1:8787", ASOF_DATA: data = ".asof" } = process.env;
  const token = tokenFrom(process.env);
  const client = await clientFor(address, token);
  // From now on Ctrl-C stops what was started, too.
  const interrupted = new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, done);
  });
  const { url: databaseUrl, stop } = await databaseFrom(process.env);
  try {
    const folder = join(data, "demo-shop");
    const releases = makeShop(folder);
    const secret = `whsec_${randomBytes(32).toString("base64")}`;
    writeExecutors(folder, secret);
    const variables = {
      ASOF_URL: address,
      ASOF_TOKEN: token,
      ASOF_EXECUTOR_SECRET: secret,
      DATABASE_URL: databaseUrl,
      LAST_WEEK: new Date(Date.now() - 7 * DAY_MS).toISOString().slice(0, 10),
    };
    writeEnvironment(folder, variables);
    const { PATH = "", HOME = "" } = process.env;
    const env = { ...variables, HOME, PATH: [resolve(folder, "bin"), PATH].join(delimiter) };
    await play({ client, env, folder, databaseUrl, run: randomUUID() }, releases);
    print(advice(folder));
    if (stop === undefined) return;
    print("PostgreSQL runs until Ctrl-C here.");
    const awake = setInterval(() => undefined, DAY_MS);
    await interrupted;
    clearInterval(awake);
  } finally {
    stop?.();
  }
}

const [, program = "", ...args] = process.argv;
if (existsSync(program) && realpathSync(program) === import.meta.filename) {
  if (args.length > 0) console.log(USAGE);
  else {
    main().catch((error: unknown) => {
      console.error("demo:", error instanceof DemoError ? error.message : error);
      process.exitCode = 1;
    });
  }
}
