/** A ledger as `npm start` runs it tells a chat, and does not repeat itself after a restart. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import { start } from "../../functions/runtime/server/server.ts";
import { clientOf, over } from "../client.ts";
import { deployed } from "../http/given.ts";
import { cleanUp, newFolder } from "../local/process.ts";
import { receiver } from "./receiving.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(cleanUp);

it("is told of a deployment once, though its sender reports it to the next process again", async () => {
  const chat = await receiver([{ status: 200, body: "ok" }]);
  stops.push(chat.stop);
  const ASOF_DATA = newFolder();
  const ASOF_CHAT = JSON.stringify({ channels: [{ kind: "webhook", url: `${chat.address}/hooks/key` }] });
  const first = deployed("a", new Date().toISOString());

  const run = async () => {
    const ledger = await start({ ASOF_PORT: "0", ASOF_DATA, ASOF_CHAT });
    const token = readFileSync(join(ASOF_DATA, "token"), "utf8").trim();
    return { stop: ledger.stop, admin: clientOf(over(ledger.address), token) };
  };
  const one = await run();
  await one.admin.say(first);
  await vi.waitFor(() => expect(chat.received).toHaveLength(1), { timeout: 10_000 });
  await one.stop();

  const two = await run();
  stops.push(two.stop);
  await two.admin.say(first);
  await two.admin.say(deployed("b", new Date().toISOString()));
  await vi.waitFor(() => expect(chat.received).toHaveLength(2), { timeout: 10_000 });
  expect(chat.received.map(({ path }) => path)).toEqual(["/hooks/key", "/hooks/key"]);
  expect(chat.received[1]?.body).toContain("▲");
});
