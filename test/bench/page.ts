/** The page over a large history in Debian's Chromium: its size, its first paint, and the frames while time is dragged. */
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
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

/** One page of the history as the ledger sends it to browsers. */
async function sentPage(
  address: string,
  cursor: string | null,
): Promise<{ bytes: number; next: string | null }> {
  const from = new Date(Date.now() - DAYS * 86_400_000).toISOString();
  const query = { environment: "production", from, limit: LIMIT, ...(cursor === null ? {} : { cursor }) };
  const headers = { authorization: `Bearer ${TOKEN}` };
  const asked = request(`${address}${queryOf("/v1/history", query)}`, {
    headers: { ...headers, "accept-encoding": "gzip" },
  });
  asked.end();
  const [answer] = await once(asked, "response");
  let bytes = 0;
  for await (const chunk of answer) bytes += Buffer.byteLength(chunk);
  if (answer.headers["content-encoding"] !== "gzip") throw new Error("the history was not compressed");
  const plain = await fetch(`${address}${queryOf("/v1/history", query)}`, { headers });
  return { bytes, next: Next.parse(await plain.json()).next };
}

async function historyRow(address: string, what: string): Promise<Row> {
  const sizes: number[] = [];
  const times: number[] = [];
  let cursor: string | null = null;
  do {
    const asked = cursor;
    times.push(
      await msOf(async () => {
        const { bytes, next } = await sentPage(address, asked);
        sizes.push(bytes);
        cursor = next;
      }),
    );
  } while (cursor !== null);
  return {
    what: `the largest page of the history of ${what}`,
    unit: "KB gz",
    ours: Math.max(...sizes) / KB,
    aim: { atMost: 3000 },
    note: `${sizes.length} pages of ${LIMIT} rows, ${Math.round(sum(sizes) / KB)} KB in all; ${Math.round(median(times) / 2)} ms each`,
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
const CELLS = `document.querySelectorAll(".cell .version").length`;

async function browserRows(
  address: string,
  folder: string,
  { services, samples, what }: { readonly services: number; readonly samples: number; readonly what: string },
): Promise<Row[]> {
  const { SCRUB, startBrowser } = await import("../real/browser.ts");
  const browser = await startBrowser(join(folder, "browser"));
  try {
    const page = await browser.newPage();
    await page.addInitScript(`sessionStorage.setItem("asof.token", "${TOKEN}")`);
    const paints: number[] = [];
    const loads: number[] = [];
    for (let n = 0; n < samples; n++) {
      loads.push(
        await msOf(async () => {
          await page.goto(`${address}/?days=${DAYS}`);
          await page.waitForFunction(
            `${CELLS} === ${services} && !document.querySelector(".grid.dimmed")`,
            undefined,
            {
              timeout: 180_000,
            },
          );
        }),
      );
      paints.push(z.number().parse(await page.evaluate(PAINT)));
    }
    const frames: number[] = [];
    for (let n = 0; n < samples; n++) frames.push(...z.array(z.number()).parse(await page.evaluate(SCRUB)));
    return [
      {
        what: "the first paint of the page",
        unit: "ms",
        ours: median(paints),
        note: `median of ${samples}; all of ${what} shown after ${(median(loads) / 1000).toFixed(1)} s`,
      },
      {
        what: `dragging the time over ${what}, to the next frame`,
        unit: "ms",
        ours: p95(frames),
        aim: { atMost: 100 },
        note: `95 of 100 frames of ${frames.length}; median ${Math.round(median(frames))} ms, at most ${Math.round(Math.max(...frames))} ms`,
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
    const sent = await historyRow(ledger.address, what);
    progress("the page");
    return [
      await sizeRow(),
      ...(await browserRows(ledger.address, folder, { services, samples, what })),
      sent,
    ];
  } finally {
    await ledger.stop();
  }
}
