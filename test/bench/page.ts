/** The page over a large history in Debian's Chromium: its size, its first paint, and the frames while time is dragged. */
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { brotliCompressSync, gunzipSync, gzipSync } from "node:zlib";
import * as z from "zod";
import { buildPage } from "../../functions/runtime/page.ts";
import { fillFolder } from "./fill.ts";
import { deployments } from "./history.ts";
import { queryOf, TOKEN } from "./ledger.ts";
import type { Row } from "./rows.ts";
import { startLedgerOn } from "./sides.ts";
import { median, msOf, p95, sum } from "./timing.ts";

const [DAYS, EACH] = [30, 100];
/** As many rows as the page asks for at once. */
const LIMIT = "10000";
const KB = 1000;

const Next = z.object({ next: z.string().nullable() });

interface Sent {
  readonly text: string;
  /** As sent to browsers: compressed. */
  readonly bytes: number;
  readonly ms: number;
}

async function sentPage(address: string, from: string, cursor: string | null): Promise<Sent> {
  const started = performance.now();
  const query = { environment: "production", from, limit: LIMIT, ...(cursor === null ? {} : { cursor }) };
  const asked = request(`${address}${queryOf("/v1/history", query)}`, {
    headers: { authorization: `Bearer ${TOKEN}`, "accept-encoding": "gzip" },
  });
  asked.end();
  const [answer] = await once(asked, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const packed = Buffer.concat(chunks);
  if (answer.statusCode !== 200 || answer.headers["content-encoding"] !== "gzip")
    throw new Error(`the history was answered with ${answer.statusCode}, and not compressed`);
  return { text: gunzipSync(packed).toString(), bytes: packed.length, ms: performance.now() - started };
}

/** Every page of the history, by the cursor that asks for it; the first by none. */
async function sentHistory(address: string): Promise<Map<string | null, Sent>> {
  const from = new Date(Date.now() - DAYS * 86_400_000).toISOString();
  const pages = new Map<string | null, Sent>();
  for (let cursor: string | null | undefined = null; cursor !== undefined; ) {
    const page: Sent = await sentPage(address, from, cursor);
    pages.set(cursor, page);
    cursor = Next.parse(JSON.parse(page.text)).next ?? undefined;
  }
  return pages;
}

function historyRow(pages: readonly Sent[], what: string): Row {
  const sizes = pages.map(({ bytes }) => bytes);
  return {
    what: `the largest page of the history of ${what}`,
    unit: "KB gz",
    ours: Math.max(...sizes) / KB,
    aim: { atMost: 3000 },
    note: `${pages.length} of ${LIMIT} rows at most, ${Math.round(sum(sizes) / KB)} KB in all; ${(median(pages.map(({ ms }) => ms)) / 1000).toFixed(1)} s for each`,
  };
}

async function sizeRow(): Promise<Row> {
  const { files } = await buildPage();
  const sizes = (pack: (text: string) => Buffer) =>
    sum(Object.values(files).map((text) => pack(text).length)) / KB;
  return {
    what: "the page's files",
    unit: "KB gz",
    ours: sizes((text) => gzipSync(text)),
    aim: { atMost: 200 },
    note: `${Math.round(sizes((text) => brotliCompressSync(text)))} KB with Brotli`,
  };
}

/** Milliseconds from the start of the navigation to the first paint with content. */
const PAINT = `performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0`;
/** So long the whole history may take to load. */
const LOAD_MS = 300_000;

interface Shown {
  readonly services: number;
  readonly samples: number;
  readonly what: string;
  readonly history: ReadonlyMap<string | null, Sent>;
}

/** What the browser does; the history is what the ledger sent before, so that its time is not counted again. */
async function browserRows(
  address: string,
  folder: string,
  { services, samples, what, history }: Shown,
): Promise<Row[]> {
  const { SCRUB, startBrowser } = await import("../real/browser.ts");
  const browser = await startBrowser(join(folder, "browser"));
  try {
    const page = await browser.newPage();
    await page.addInitScript(`sessionStorage.setItem("asof.token", "${TOKEN}")`);
    await page.route("**/v1/history*", (route) => {
      const cursor = new URL(route.request().url()).searchParams.get("cursor");
      return route.fulfill({ contentType: "application/json", body: history.get(cursor)?.text ?? "" });
    });
    const paints: number[] = [];
    const loads: number[] = [];
    const frames: number[] = [];
    for (let n = 0; n < samples; n++) {
      const load = async () => {
        await page.goto(`${address}/?days=${DAYS}`);
        await page
          .locator(".cell .version")
          .nth(services - 1)
          .waitFor({ timeout: LOAD_MS });
        await page.locator(".grid:not(.dimmed)").waitFor({ timeout: LOAD_MS });
      };
      loads.push(await msOf(load));
      paints.push(z.number().parse(await page.evaluate(PAINT)));
      frames.push(...z.array(z.number()).parse(await page.evaluate(SCRUB)));
    }
    return [
      {
        what: "the first paint of the page",
        unit: "ms",
        ours: median(paints),
        note: `median of ${samples}; ${what} are shown after ${(median(loads) / 1000).toFixed(1)} s, without the ledger's time for the history`,
      },
      {
        what: `dragging the time over ${what}, to the next frame`,
        unit: "ms",
        ours: p95(frames),
        aim: { atMost: 100 },
        note: `what 95 of 100 of ${frames.length} frames do not exceed; median ${Math.round(median(frames))} ms, at most ${Math.round(Math.max(...frames))} ms`,
      },
    ];
  } finally {
    await browser.close();
  }
}

export async function pageRows(
  folder: string,
  { services, samples }: { readonly services: number; readonly samples: number },
  progress: (text: string) => void,
): Promise<Row[]> {
  if (!existsSync("/usr/bin/chromium")) throw new Error("the page needs Debian's chromium");
  const what = `${services.toLocaleString("en")} services and ${(services * EACH).toLocaleString("en")} deployments`;
  progress(`a history of ${what}`);
  const history = join(folder, "history");
  mkdirSync(history, { recursive: true });
  const statements = deployments({ services, each: EACH, days: DAYS }, Date.now());
  await fillFolder(history, statements, (count) => progress(`filled ${count.toLocaleString("en")} facts`));
  const ledger = await startLedgerOn(history, join(folder, "data"));
  try {
    progress("the history");
    const sent = await sentHistory(ledger.address);
    progress("the page");
    return [
      await sizeRow(),
      historyRow([...sent.values()], what),
      ...(await browserRows(ledger.address, folder, { services, samples, what, history: sent })),
    ];
  } finally {
    await ledger.stop();
  }
}
