/** The snapshot of an environment, against the requests it sends, with as many at once. */
import * as z from "zod";
import { dynamodbStore } from "../../functions/adapters/dynamodb/store.ts";
import { placeOfDirectory } from "../../functions/adapters/keys.ts";
import { AT_ONCE, mapLimit } from "../../functions/ledger/map-limit.ts";
import { namesIn } from "../../functions/ledger/names/directories.ts";
import { snapshot } from "../../functions/queries/snapshot.ts";
import type { Filled } from "./filled.ts";
import { END } from "./history.ts";
import { type Ask, expecting, inProcess, ledgerOn, queryOf } from "./ledger.ts";
import { releaseWaves } from "./release.ts";
import type { Row } from "./rows.ts";
import { inTurns, median, sum } from "./timing.ts";
import { type Request, requestsIn, sendWaves, type Waves, wavesOf } from "./waves.ts";

const PAGE = 100;

const Page = z.object({ releases: z.array(z.unknown()), next: z.string().nullable() });

/** Every page of a snapshot; how many releases they hold. */
async function wholeSnapshot(ask: Ask, environment: string): Promise<number> {
  let count = 0;
  let cursor: string | null = null;
  do {
    const query = { environment, at: END, limit: String(PAGE), ...(cursor === null ? {} : { cursor }) };
    const text = await expecting(200, ask(queryOf("/v1/snapshot", query)));
    const page: z.infer<typeof Page> = Page.parse(JSON.parse(text));
    count += page.releases.length;
    cursor = page.next;
  } while (cursor !== null);
  return count;
}

/** The requests for one page's names, and those for each of its releases. */
interface BarePage {
  readonly names: Waves;
  readonly releases: readonly Waves[];
}

const requestsOfPage = ({ names, releases }: BarePage): number =>
  requestsIn(names) + sum(releases.map(requestsIn));

/** What each page of a snapshot asks of the table in all, and where the next one begins. */
async function pageWaves({ engine: { client, table } }: Filled, environment: string): Promise<Waves[]> {
  const pages: Waves[] = [];
  let cursor: string | undefined;
  do {
    const waves = await wavesOf(client, async (lockstep) => {
      const now = new Date();
      const store = dynamodbStore({ client: lockstep, name: table });
      const when = { store, at: END, knownAt: now.toISOString(), now, settleMs: 1000 };
      cursor = (await snapshot(when, { environment }, { limit: PAGE, cursor }))?.next ?? undefined;
    });
    pages.push(waves);
  } while (cursor !== undefined);
  return pages;
}

/** The requests of a page's releases: what several of them need is read once. */
function onceEach(releases: readonly Waves[]): Waves[] {
  const sent = new Set<string>();
  const isNew = ({ input }: Request): boolean => {
    const key = JSON.stringify(input);
    if (sent.has(key)) return false;
    sent.add(key);
    return true;
  };
  return releases.map((waves) => waves.map((wave) => wave.filter(isNew)));
}

async function barePages(filled: Filled, environment: string): Promise<BarePage[]> {
  const { engine } = filled;
  const known = { store: dynamodbStore({ client: engine.client, name: engine.table }), knownAt: "9999" };
  const directory = { of: "services", environment } as const;
  const releases: Waves[] = [];
  for await (const { shown: service } of namesIn(known, directory)) {
    releases.push(await releaseWaves(engine, { environment, service }, END));
  }
  const keys = [directory, { of: "environments" } as const].map((one) => placeOfDirectory(one).key);
  const isName = (input: unknown) => keys.some((key) => JSON.stringify(input).includes(`"${key}"`));
  const pages = await pageWaves(filled, environment);
  return pages.map((waves, n) => {
    const page = {
      names: waves.map((wave) => wave.filter(({ input }) => isName(input))),
      releases: onceEach(releases.slice(n * PAGE, (n + 1) * PAGE)),
    };
    if (requestsOfPage(page) !== requestsIn(waves)) {
      throw new Error(`a page sends ${requestsIn(waves)} requests; its floor has ${requestsOfPage(page)}`);
    }
    return page;
  });
}

export async function snapshotRow(filled: Filled, environment: string, samples: number): Promise<Row> {
  const { client } = filled.engine;
  const ask = inProcess(ledgerOn(filled.engine));
  const pages = await barePages(filled, environment);
  const competitors = {
    bare: async () => {
      for (const { names, releases } of pages) {
        await sendWaves(client, names);
        await mapLimit(AT_ONCE, releases, (waves) => sendWaves(client, waves));
      }
    },
    ours: () => wholeSnapshot(ask, environment),
  };
  await inTurns(2, competitors);
  const times = await inTurns(samples, competitors);
  const [floor, ours] = [median(times.get("bare") ?? []), median(times.get("ours") ?? [])];
  const services = sum(pages.map(({ releases }) => releases.length));
  const requests = sum(pages.map(requestsOfPage));
  return {
    what: `a snapshot of ${services.toLocaleString("en")} services`,
    unit: "ms",
    ours,
    floor,
    floorIs: "its bare queries",
    ratio: ours / floor,
    aim: { atMost: 1.3 },
    note: `median of ${samples}; ${requests.toLocaleString("en")} requests, ${(requests / services).toFixed(1)} a service, ${AT_ONCE} services at once; ${pages.length} pages`,
  };
}
