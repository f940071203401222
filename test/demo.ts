/**
 * `npm run demo`: tells a running ledger a believable quarter of history through its public API, and asks it
 * three questions about it. What is told twice is a duplicate, so it may be run again.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Difference, Outcomes, Release, Snapshot, Sources } from "../schemas/answer.ts";
import { type Answer, type Client, clientOf, type Event, over } from "./client.ts";
import { differenceLines, doubtLines, releaseLines } from "./demo/answers.ts";
import { history } from "./demo/history.ts";

const USAGE = `Usage: npm run demo

Fills a running ledger (npm start, in another terminal) with a quarter of history of six services,
through its HTTP API, and asks three questions about it. Running it again adds nothing.

  ASOF_URL     the ledger's address; default http://127.0.0.1:8787
  ASOF_TOKEN   a token of the role admin; default: the one in the ledger's data folder
  ASOF_DATA    that folder; default .asof`;

/** A fault of the one who runs it: its message says what to do. */
export class DemoError extends Error {}

export interface Demo {
  readonly address: string;
  readonly token: string;
  /** Today, as a date. */
  readonly day: string;
  readonly print: (line: string) => void;
}

const BATCH = 200;
const TRIES = 5;

/** The ledger's answer, if it is one; otherwise what to do about it. */
async function answered(demo: Demo, asking: Promise<Answer>): Promise<Answer> {
  const answer = await asking.catch((cause: unknown) => {
    const advice = "start one with `npm start` in another terminal, or set ASOF_URL";
    throw new DemoError(`no ledger answers at ${demo.address}: ${advice}`, { cause });
  });
  if (answer.status === 401 || answer.status === 403) {
    const advice = "set ASOF_TOKEN to one of the role admin, or ASOF_DATA to the ledger's data folder";
    throw new DemoError(`the ledger at ${demo.address} does not take this token: ${advice}`);
  }
  return answer;
}

async function ask(
  demo: Demo,
  client: Client,
  path: string,
  query: Record<string, string>,
): Promise<unknown> {
  const { status, text, json } = await answered(demo, client.get(path, query));
  if (status !== 200) throw new DemoError(`GET ${path} was answered with ${status}: ${text}`);
  return json;
}

/** The day of an earlier demo in this ledger: its history is told on, so that there are never two of them. */
async function dayOfEarlier(demo: Demo, client: Client): Promise<string | undefined> {
  let cursor: string | null = null;
  do {
    const query = cursor === null ? {} : { cursor };
    const page: Sources = Sources.parse(await ask(demo, client, "/v1/sources", query));
    for (const { source } of page.sources) {
      const day = /^\/demo\/(\d{4}-\d{2}-\d{2})\//.exec(source)?.[1];
      if (day !== undefined) return day;
    }
    cursor = page.next;
  } while (cursor !== null);
  return undefined;
}

/** Posts a batch; a ledger that is too busy is asked again, which is safe. */
async function post(demo: Demo, client: Client, events: readonly Event[]): Promise<Outcomes["outcomes"]> {
  for (let tried = 1; ; tried++) {
    const answer = await answered(demo, client.sayAll(events));
    if (answer.status === 200) return Outcomes.parse(answer.json).outcomes;
    if (answer.status !== 503 || tried === TRIES) {
      throw new DemoError(`a batch was answered with ${answer.status}: ${answer.text}`);
    }
    await setTimeout(Number(answer.headers.get("retry-after") ?? 1) * 1000);
  }
}

async function tell(demo: Demo, client: Client, events: readonly Event[]): Promise<void> {
  const counts = { recorded: 0, duplicate: 0 };
  for (let n = 0; n < events.length; n += BATCH) {
    const batch = events.slice(n, n + BATCH);
    for (const [i, { outcome, reason }] of (await post(demo, client, batch)).entries()) {
      if (outcome !== "recorded" && outcome !== "duplicate") {
        throw new DemoError(`${batch[i]?.source} ${batch[i]?.id}: ${outcome}: ${reason ?? ""}`);
      }
      counts[outcome]++;
    }
    const told = `${Math.min(n + BATCH, events.length)} of ${events.length} events`;
    demo.print(`told ${told}: ${counts.recorded} recorded, ${counts.duplicate} known before`);
  }
}

const pathOf = (path: string, query: Record<string, string>): string =>
  `GET ${path}?${decodeURIComponent(new URLSearchParams(query).toString())}`;

async function snapshot(demo: Demo, client: Client, environment: string): Promise<Release[]> {
  const releases: Release[] = [];
  let cursor: string | null = null;
  do {
    const query = { environment, ...(cursor === null ? {} : { cursor }) };
    const page: Snapshot = Snapshot.parse(await ask(demo, client, "/v1/snapshot", query));
    releases.push(...page.releases);
    cursor = page.next;
  } while (cursor !== null);
  return releases;
}

async function questions(demo: Demo, client: Client, then: string): Promise<void> {
  const { print } = demo;
  const environment = "production";

  const what = { environment, service: "acme/billing", at: then };
  print(`\n1. What did acme/billing run in production on ${then}, and can it be run again?`);
  print(`   ${pathOf("/v1/release", what)}\n`);
  const release = Release.parse(await ask(demo, client, "/v1/release", what));
  for (const line of releaseLines(release)) print(line);

  const since = { environment, from: then };
  print("\n2. What changed in production between then and now?");
  print(`   ${pathOf("/v1/diff", since)}\n`);
  const difference = Difference.parse(await ask(demo, client, "/v1/diff", since));
  for (const line of differenceLines(difference)) print(line);

  print("\n3. Does production run what was deployed, and could it be deployed again?");
  print(`   ${pathOf("/v1/snapshot", { environment })}\n`);
  const releases = await snapshot(demo, client, environment);
  for (const line of releases.flatMap(doubtLines)) print(line);
  const fine = releases.filter((one) => doubtLines(one).length === 0).map(({ service }) => service);
  print(`   As they were deployed, and still in their registry: ${fine.join(", ")}.`);
}

const DAY_MS = 86_400_000;
const dayBefore = (day: string, n: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) - n * DAY_MS).toISOString().slice(0, 10);

/** Throws a DemoError where there is no ledger, or it does not take the token. */
export async function run(demo: Demo): Promise<void> {
  const client = clientOf(over(demo.address), demo.token);
  const day = (await dayOfEarlier(demo, client)) ?? demo.day;
  demo.print(`The quarter before ${day} of six services, told to ${demo.address}`);
  await tell(demo, client, history(day));
  await questions(demo, client, dayBefore(day, 30));
}

/** Throws a DemoError where there is none. */
export function tokenFrom({ ASOF_TOKEN, ASOF_DATA = ".asof" }: NodeJS.ProcessEnv): string {
  if (ASOF_TOKEN !== undefined && ASOF_TOKEN !== "") return ASOF_TOKEN;
  const file = join(ASOF_DATA, "token");
  if (!existsSync(file)) {
    const advice = "start a ledger with `npm start` in another terminal, or set ASOF_TOKEN or ASOF_DATA";
    throw new DemoError(`there is no token in ${file}: ${advice}`);
  }
  return readFileSync(file, "utf8").trim();
}

async function main(args: readonly string[]): Promise<void> {
  if (args.length > 0) {
    const isHelp = args.every((arg) => arg === "--help" || arg === "-h");
    (isHelp ? console.log : console.error)(USAGE);
    if (!isHelp) process.exitCode = 1;
    return;
  }
  const address = process.env.ASOF_URL ?? "http://127.0.0.1:8787";
  if (!URL.canParse(address)) throw new DemoError(`ASOF_URL: ${address} is no address`);
  const day = new Date().toISOString().slice(0, 10);
  await run({ address, token: tokenFrom(process.env), day, print: (line) => console.log(line) });
}

const [, program = ""] = process.argv;
if (existsSync(program) && realpathSync(program) === import.meta.filename) {
  // Whoever reads only the first lines has seen enough.
  process.stdout.on("error", () => process.exit());
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error("demo:", error instanceof DemoError ? error.message : error);
    process.exitCode = 1;
  });
}
