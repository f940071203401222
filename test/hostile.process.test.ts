/**
 * A hostile hour, or as many minutes as `ASOF_HOSTILE_MINUTES` says: a ledger is killed under load again and again, starts
 * with a clock that is behind, and serves clients that never finish and sixty exports at once. Nothing that it acknowledged
 * is lost, and nothing that it has is wrong. A full disk and flipped bytes have tests of their own (`test/store`, `test/cli`).
 */
import { connect } from "node:net";
import { afterAll, expect, it, vi } from "vitest";
import * as z from "zod";
import { type Client, clientOf, event, outcomesOf, over } from "./client.ts";
import { digestOf } from "./ledger/given.ts";
import { cleanUp, end, newFolder, type Started, startLedger, startProcess } from "./local/process.ts";

afterAll(cleanUp);

const HOSTILE_MS = Number(process.env.ASOF_HOSTILE_MINUTES ?? "0") * 60_000;
const ROUNDS_MIN = 2;
const WRITERS = 4;
const STALLED = 20;
const EXPORTS = 60;
const BATCH = 100;
const BEHIND_MS = 120_000;

/** Makes every clock of a process go two minutes behind. */
const BEHIND = `data:text/javascript,${encodeURIComponent(`
const { Date: Real } = globalThis;
globalThis.Date = class extends Real {
  constructor(...given) { given.length === 0 ? super(Real.now() - ${BEHIND_MS}) : super(...given); }
  static now() { return Real.now() - ${BEHIND_MS}; }
};`)}`;

interface Running extends Started {
  readonly address: string;
  readonly client: Client;
}

/** The same ledger with a clock that is behind its newest facts. */
async function startBehind(data: string, token: string): Promise<Running> {
  const started = startProcess({ ASOF_DATA: data }, undefined, [], ["--import", BEHIND]);
  const address = await started.listening;
  return { ...started, address, client: clientOf(over(address), token) };
}

const AT = "2026-01-01T00:00:00.000Z";
const pushOf = (id: string) =>
  event("artifact.pushed", id, AT, { digest: digestOf(id), repository: "ghcr.io/acme/app" });

const Line = z.looseObject({ kind: z.string(), id: z.string(), digest: z.string().optional() });

async function exportedText(client: Client): Promise<string> {
  const from = new Date(Date.now() - 86_400_000).toISOString();
  const { status, text } = await client.get("/v1/export", { from });
  expect(status).toBe(200);
  return text;
}

/** Sixty exports at once: each holds what the longest one begins with. */
async function exportedAtOnce(client: Client): Promise<void> {
  const all = await Promise.all(Array.from({ length: EXPORTS }, () => exportedText(client)));
  const longest = all.reduce((a, b) => (b.length > a.length ? b : a));
  expect(all.filter((one) => !longest.startsWith(one))).toEqual([]);
  pushesIn(longest);
}

/** The pushes that an export holds. */
function pushesIn(text: string): Map<string, string> {
  const lines = text.split("\n").filter(Boolean);
  const pushes = lines
    .map((line) => Line.parse(JSON.parse(line)))
    .filter(({ kind }) => kind === "artifact.pushed");
  const found = new Map(pushes.map(({ id, digest = "" }) => [id, digest]));
  expect(found.size).toBe(pushes.length);
  for (const [id, digest] of found) expect(digest).toBe(digestOf(id));
  return found;
}

/** Clients that begin a request and never end it. */
const stalled = (address: string) =>
  Array.from({ length: STALLED }, () => {
    const { hostname, port } = new URL(address);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    socket.write("POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{");
    return socket;
  });

it(
  "loses nothing that it acknowledged in a hostile hour, and has nothing wrong",
  async () => {
    const data = newFolder();
    const first = await startLedger(data);
    const { token } = first;
    const [said, acknowledged]: [string[], Set<string>] = [[], new Set()];
    const write = async (client: Client, writer: string): Promise<void> => {
      for (let n = 0; ; n++) {
        const id = `${writer}/${n}`;
        said.push(id);
        try {
          expect(outcomesOf(await client.say(pushOf(id)))).toEqual(["recorded"]);
        } catch (error) {
          if (error instanceof TypeError) return;
          throw error;
        }
        acknowledged.add(id);
      }
    };
    const begun = Date.now();
    let running: Running = first;
    for (let round = 0; round < ROUNDS_MIN || Date.now() - begun < HOSTILE_MS; round++) {
      const { address, client } = running;
      const sockets = stalled(address);
      const before = acknowledged.size;
      const writing = Array.from({ length: WRITERS }, (_, n) => write(client, `${round}/${n}`));
      await vi.waitFor(() => expect(acknowledged.size).toBeGreaterThan(before + 40), 90_000);
      await exportedAtOnce(client);
      await end(running, "SIGKILL");
      await Promise.all(writing);
      for (const socket of sockets) socket.destroy();
      running = round % 2 === 0 ? await startBehind(data, token) : await startLedger(data);
    }
    await end(running, "SIGTERM");
    const { client } = await startLedger(data);
    for (let n = 0; n < said.length; n += BATCH) {
      const ids = said.slice(n, n + BATCH);
      const outcomes = outcomesOf(await client.sayAll(ids.map(pushOf)));
      const lost = ids.filter((id, i) => acknowledged.has(id) && outcomes[i] !== "duplicate");
      expect([lost, outcomes.length]).toEqual([[], ids.length]);
    }
    console.log(`${said.length} pushes sent, ${acknowledged.size} acknowledged`);
    const count = async () => pushesIn(await exportedText(client)).size;
    await expect.poll(count, { timeout: 150_000 }).toBe(said.length);
  },
  600_000 + HOSTILE_MS * 3,
);
