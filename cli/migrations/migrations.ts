/** `asof migrations`: reads which migrations a database has, and reports them. */
import { readFileSync, statSync } from "node:fs";
import { type Command, Option } from "commander";
import * as z from "zod";
import { type Answer, exchange, NoAnswer } from "../../functions/adapters/http-client.ts";
import { withoutCredentials } from "../../functions/sources/git-remote.ts";
import { readJson } from "../../functions/sources/payload.ts";
import { CliError, UsageError } from "../error.ts";
import type { Io } from "../io.ts";
import { environmentOf } from "../record/deploy.ts";
import { type Event, sourceOf } from "../record/event.ts";
import { digestFrom } from "../record/migration.ts";
import {
  actorAndUrl,
  contextFrom,
  type RecordContext,
  RecordOptions,
  withSubmitOptions,
} from "../record/options.ts";
import { submitEvents } from "../record/submit.ts";
import { connect } from "./connection.ts";
import { detectHistory } from "./detect.ts";
import { historyEvents, runEvents, type Sender, type Target } from "./events.ts";
import { type History, readHistory } from "./history.ts";
import { tagsOf } from "./journal.ts";
import { actuatorHistory, flywayRun, type Run } from "./reports.ts";
import { TOOLS } from "./tools.ts";

const maybe = z.string().optional();
const Options = z.looseObject({
  database: z.string(),
  databaseUrl: maybe,
  tool: maybe,
  table: maybe,
  journal: maybe,
  report: maybe,
  actuator: maybe,
  service: maybe,
  image: maybe,
});
type Options = z.infer<typeof Options>;

const HELP = `
Run it after every step that migrates, up or down:
  DATABASE_URL=postgres://… asof migrations --environment production --database billing

It finds a migration tool's table by its columns, reads it in one read-only transaction, and reports what is applied at
that moment, by the database's clock; in MongoDB a collection by its name, read once. With two tools in one database, choose with --tool or --table.
Put the address into DATABASE_URL: options are visible in process lists.

Running it twice is harmless: the second run reports the same at a later time. Applied, reverted and applied again are
three snapshots. A migration that was applied and reverted between two runs is not seen.

Where the database cannot be reached from here:
  flyway migrate -outputType=json > report.json; asof migrations --report report.json …   # what that run applied
  asof migrations --actuator http://127.0.0.1:8080/actuator/flyway …   # Spring Boot's; or …/liquibase, a file, or -

Outbox, exit codes and what CI provides: asof record --help`;

export function migrationsCommand(command: Command, io: Io): Command {
  const tools = TOOLS.map(({ tool }) => tool);
  const instead = ["databaseUrl", "tool", "table", "journal"];
  command
    .option("--environment <name>", "the environment (default: the CI's)")
    .requiredOption("--database <name>", "the database's name in the ledger")
    .option(
      "--database-url <url>",
      "its address: postgres://…, mysql://…, mongodb://…, sqlite:path or file:path (default: $DATABASE_URL)",
    )
    .addOption(new Option("--tool <name>", "the tool, where several are found").choices(tools))
    .option("--table <schema.table>", "the table, where several are found, or its name is unusual")
    .option(
      "--journal <file>",
      "Drizzle's journal of names (default: drizzle/meta/_journal.json, where present)",
    )
    .addOption(
      new Option(
        "--report <file>",
        "what 'flyway migrate -outputType=json' printed; - reads standard input",
      ).conflicts([...instead, "actuator"]),
    )
    .addOption(
      new Option(
        "--actuator <address>",
        "Spring Boot's /actuator/flyway or /actuator/liquibase: a URL, a file, or -",
      ).conflicts(instead),
    )
    .option("--service <name>", "the service whose database it is")
    .option("--image <digest>", "the image that ran the migrations, by its digest")
    .option("--source <reference>", "the events' source (default: /cli/ and the CI's repository)")
    .option("--dry-run", "print the events, and send nothing");
  return withSubmitOptions(command)
    .addHelpText("after", HELP)
    .action(async (given: unknown) => {
      const context = contextFrom(RecordOptions.parse(given), io);
      const { events, notes } = await collect(Options.parse(given), context, io);
      const { environment, url, actor } = context.found;
      const found = Object.fromEntries(
        Object.entries({ environment, url, actor }).flatMap(([field, one]) =>
          one === undefined ? [] : [[field, one]],
        ),
      );
      io.end(await submitEvents(io, { ...context, found, notes }, events));
    });
}

interface Collected {
  readonly events: readonly Event[];
  /** What was found, as lines for a person. */
  readonly notes: readonly string[];
}

async function collect(options: Options, context: RecordContext, io: Io): Promise<Collected> {
  const image = digestFrom(options.image);
  const target: Target = {
    environment: environmentOf(context),
    database: options.database,
    ...(options.service === undefined ? {} : { service: options.service }),
    ...(image === undefined ? {} : { image }),
    ...actorAndUrl(context),
  };
  const { run, home, given } = context;
  const sender: Sender = { source: given.source ?? sourceOf(home, run), run };
  if (options.report !== undefined) {
    const { text, at } = reportIn(options.report, io);
    const ran = flywayRun(jsonOf(text, options.report), options.report, at);
    return { events: runEvents(ran, target, sender), notes: summaryOfRun(ran) };
  }
  const history =
    options.actuator === undefined
      ? await fromDatabase(options, io)
      : await fromActuator(options.actuator, io);
  return { events: historyEvents(history, target, sender), notes: summaryOf(history) };
}

// --- reading ----------------------------------------------------------------------------------------------

async function fromDatabase({ databaseUrl, tool, table, journal }: Options, { env }: Io): Promise<History> {
  const address = databaseUrl ?? env.DATABASE_URL ?? "";
  if (address === "") throw new UsageError("no database address: set DATABASE_URL, or give --database-url");
  const connection = await connect(address);
  try {
    const found = await detectHistory(connection, { tool, table });
    const tags = found.tool.tool === "drizzle" ? tagsOf(journal) : undefined;
    return await readHistory(connection, found, tags);
  } finally {
    await connection.close();
  }
}

const FETCH_MS = 10_000;

async function fromActuator(address: string, io: Io): Promise<History> {
  if (!/^https?:/i.test(address)) {
    const { text } = reportIn(address, io);
    return actuatorHistory(jsonOf(text, address), address, io.now().toISOString());
  }
  // What is recorded can never be erased, and addresses may hold credentials.
  const shown = withoutCredentials(address) ?? "--actuator";
  const text = await download(address, shown);
  return actuatorHistory(jsonOf(text, shown), shown, io.now().toISOString());
}

async function download(address: string, shown: string): Promise<string> {
  let answer: Answer;
  try {
    answer = await exchange(address, { redirect: "follow", timeoutMs: FETCH_MS });
  } catch (error) {
    throw error instanceof NoAnswer ? new CliError(`${shown}: ${error.message}`) : error;
  }
  const { status, text } = answer;
  if (status >= 200 && status < 300) return text;
  throw new CliError(`${shown}: answered ${status}; if it requires a login, download it and pass the file`);
}

const STANDARD_INPUT = 0;

/** A report and the time of it: the file's modification time, or now for standard input. */
function reportIn(file: string, { now }: Io): { readonly text: string; readonly at: string } {
  try {
    if (file === "-") return { text: readFileSync(STANDARD_INPUT, "utf8"), at: now().toISOString() };
    return { text: readFileSync(file, "utf8"), at: statSync(file).mtime.toISOString() };
  } catch {
    throw new CliError(`${file}: cannot be read`);
  }
}

function jsonOf(text: string, from: string): unknown {
  const json = readJson(text);
  if (json.is === "fault") throw new CliError(`${from}: ${json.reason}`);
  return json.value;
}

// --- summary lines ----------------------------------------------------------------------------------------

const versions = (list: readonly { readonly version: string }[]): string =>
  list.map(({ version }) => version).join(", ");

const summaryOfRest = ({ failed, leftOut }: Pick<History, "failed" | "leftOut">): string[] => [
  ...(failed.length === 0 ? [] : [`failed: ${versions(failed)}`]),
  ...[...leftOut].map(([why, count]) => `left out: ${count} (${why})`),
];

function summaryOf(history: History): string[] {
  const { tool, from, mode, versions: applied } = history;
  const newest = applied.at(-1);
  const what =
    newest === undefined
      ? "none is applied"
      : mode === "head"
        ? `it is at ${versions(applied)}`
        : `${applied.length} applied, the newest ${newest.version}`;
  const broken = mode === "head" && history.failed.length > 0;
  return [`${tool}, ${from}: ${broken ? "its version is unknown" : what}`, ...summaryOfRest(history)];
}

function summaryOfRun(run: Run): string[] {
  const { tool, from, applied } = run;
  const what =
    applied.length === 0 ? "no applied migration is certain" : `the run applied ${versions(applied)}`;
  return [`${tool}, ${from}: ${what}`, ...summaryOfRest(run)];
}
