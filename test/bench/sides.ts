/** The two sides of the comparison: how each is asked, and what their answers have in common. */
import * as z from "zod";
import { Release } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import type { Place } from "./history.ts";
import { type Ask, expecting, queryOf } from "./ledger.ts";
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
