/** The two sides of the comparison: how each is asked, and what their answers have in common. */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { ledgerFile } from "../../functions/adapters/sqlite/database.ts";
import { Release } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import { cleanUp, end, startProcess } from "../local/process.ts";
import { BUSY, END, MOMENTS, type Place } from "./history.ts";
import { type Ask, expecting, overHttp, queryOf, TOKEN } from "./ledger.ts";
import { rowOf } from "./postgresql/tables.ts";
import { eventOf } from "./recording.ts";

/** What both sides have to answer of a release. */
const Main = z.object({
  environment: z.string(),
  service: z.string(),
  status: z.string(),
  since: z.string().nullable(),
  image: z.string().nullable(),
  digest: z.string().nullable(),
  tags: z.array(z.string()),
  commit: z
    .object({ repository: z.string().optional(), sha: z.string(), ref: z.string().optional() })
    .nullable(),
  build: z.string().nullable(),
  pushedAt: z.string().nullable(),
  migrations: z.array(z.object({ database: z.string(), version: z.string().nullable() })),
  config: z.array(
    z.object({ repository: z.string().optional(), revision: z.string(), path: z.string().optional() }),
  ),
  cluster: z.string().nullable(),
  namespace: z.string().nullable(),
  deployment: z.object({ provider: z.string(), instance: z.string(), id: z.string() }).nullable(),
  deployedBy: z.string().nullable(),
  url: z.string().nullable(),
  owner: z.string().nullable(),
  contact: z.string().nullable(),
});
export type Main = z.infer<typeof Main>;

/** One question or report, as it is sent. */
export interface Sent {
  readonly path: string;
  readonly body?: string;
}

export interface Side {
  readonly release: (place: Place, at: string) => Sent;
  /** Asks for every release in an environment. Returns the texts of the answer's pages. */
  readonly snapshot: (ask: Ask, environment: string, at: string) => Promise<string[]>;
  readonly record: (statement: Statement) => Sent;
  readonly releaseIn: (text: string) => Main;
  readonly releasesIn: (page: string) => Main[];
}

/* The ledger */

const PAGE = 100;

/** The end of a page names the next one; whoever only asks for all of them need not parse the rest. */
const NEXT = /"next":"([^"]+)"\}$/;

async function pagesOf(ask: Ask, environment: string, at: string): Promise<string[]> {
  const pages: string[] = [];
  let cursor: string | undefined;
  do {
    const query = { environment, at, limit: String(PAGE), ...(cursor === undefined ? {} : { cursor }) };
    const text = await expecting(200, ask(queryOf("/v1/snapshot", query)));
    pages.push(text);
    cursor = NEXT.exec(text.slice(-1000))?.[1];
  } while (cursor !== undefined);
  return pages;
}

const mainOf = (release: Release): Main => {
  const [component] = release.components;
  return Main.parse({
    ...release,
    image: component?.image ?? null,
    digest: component?.digest ?? null,
    tags: component?.tags ?? [],
    commit: component?.commit ?? null,
    build: component?.build?.url ?? null,
    pushedAt: component?.pushedAt ?? null,
  });
};

const Page = z.object({ releases: z.array(Release) });

export const ledger: Side = {
  release: (place, at) => ({ path: queryOf("/v1/release", { ...place, at }) }),
  snapshot: pagesOf,
  record: (statement) => ({ path: "/v1/events", body: eventOf(statement) }),
  releaseIn: (text) => mainOf(Release.parse(JSON.parse(text))),
  releasesIn: (page) => Page.parse(JSON.parse(page)).releases.map(mainOf),
};

/* PostgreSQL */

export const postgresql: Side = {
  release: (place, at) => ({ path: queryOf("/release", { ...place, at }) }),
  snapshot: async (ask, environment, at) => [
    await expecting(200, ask(queryOf("/snapshot", { environment, at }))),
  ],
  record: (statement) => {
    const { table, columns } = rowOf(statement);
    return { path: `/${table}`, body: JSON.stringify(columns) };
  },
  releaseIn: (text) => Main.parse(JSON.parse(text)),
  releasesIn: (page) => z.object({ releases: z.array(Main) }).parse(JSON.parse(page)).releases,
};

/* What is measured */

/** A side that runs. */
export interface Running {
  readonly side: Side;
  readonly address: string;
  readonly pid?: number;
  readonly stop: () => Promise<void>;
}

/**
 * Starts what `npm start` runs on a copy of a history, for what is measured adds to it.
 * @param flags for Node itself
 */
export async function startLedgerOn(
  history: string,
  folder: string,
  flags: readonly string[] = [],
): Promise<Running> {
  mkdirSync(folder, { recursive: true });
  copyFileSync(ledgerFile(history), ledgerFile(folder));
  const started = startProcess(
    { ASOF_DATA: folder, ASOF_TOKENS: `admin:bench:${TOKEN}` },
    // The sources, so that a profile names their files.
    join(import.meta.dirname, "../../functions/runtime/server/server.ts"),
    [],
    flags,
  );
  const stop = async () => {
    const { code, stderr } = await end(started, "SIGTERM");
    if (code !== 0) throw new Error(`the ledger ended with ${code}: ${stderr}`);
    rmSync(folder, { recursive: true });
  };
  try {
    return { side: ledger, address: await started.listening, pid: started.child.pid ?? 0, stop };
  } catch (error) {
    cleanUp();
    throw error;
  }
}

export const send = (ask: Ask, { path, body }: Sent, status: number): Promise<string> =>
  expecting(status, ask(path, body));

/** Asks for the release of the busiest service, each time at another moment. */
export const asking = ({ side, address }: Running) => {
  const ask = overHttp(address);
  return (n: number) => send(ask, side.release(BUSY, MOMENTS[n % MOMENTS.length] ?? END), 200);
};

/** Asks for all releases of an environment. */
export const snapshotting =
  (environment: string) =>
  ({ side, address }: Running) => {
    const ask = overHttp(address);
    return () => side.snapshot(ask, environment, END);
  };

/** Reports the nth of some statements; each is reported once. */
export const recording =
  (statements: readonly Statement[]) =>
  ({ side, address }: Running) => {
    const ask = overHttp(address);
    const reports = statements.map(side.record);
    return (n: number) => send(ask, reports[n] ?? { path: "/" }, 201);
  };
