/** The history as a file. */
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterEach, describe, expect, it } from "vitest";
import { sha256 } from "../../functions/ledger/canonical.ts";
import type { ExportJobs, ExportTask } from "../../functions/ledger/export/export-jobs.ts";
import { event } from "../client.ts";
import { deployed, givenDoors, tokenOf } from "../http/given.ts";
import { digestOf } from "../ledger/given.ts";
import { asof, cleanUp, ledgerServer, linesOf, newFolder } from "./harness.ts";

afterEach(cleanUp);

async function given() {
  const ledger = await ledgerServer();
  await ledger.doors.client("writer").sayAll([deployed("1"), deployed("2"), deployed("3")]);
  ledger.doors.setNow("2026-11-22T12:00:00.000Z");
  const file = join(newFolder(), "history");
  const run = (...args: string[]) =>
    asof(["export", file, ...args], { ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("auditor") });
  return { ...ledger, file, run };
}

describe("asof export", () => {
  it("writes the facts of a span into a new file", async () => {
    const { run, file } = await given();
    const { code, out } = await run("--from", "2026-11-22");
    expect([code, out]).toEqual([0, expect.stringContaining(`${file}: `)]);
    expect(linesOf(file).map((line) => JSON.parse(line).id)).toHaveLength(3);
    const before = readFileSync(file, "utf8");
    expect(await run("--from", "2026-11-22")).toMatchObject({
      code: 1,
      err: expect.stringContaining("exists"),
    });
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  it("writes a table for Excel, of what is asked for", async () => {
    const { run, file } = await given();
    expect((await run("--from", "2026-10-20", "--by", "occurredAt", "--format", "csv", "--excel")).code).toBe(
      0,
    );
    expect(readFileSync(file).subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    expect(linesOf(file)).toHaveLength(4);
  });

  it("writes Parquet with typed columns, empty where a fact has no such thing", async () => {
    const { run, file, doors } = await given();
    await doors.client("writer").say(
      event("artifact.pushed", "p1", "2026-11-21T08:00:00.000Z", {
        digest: digestOf("p"),
        repository: "ghcr.io/acme/web",
        tag: "1.10",
      }),
    );
    doors.setNow("2026-11-22T13:00:00.000Z");
    expect((await run("--from", "2026-11-22", "--format", "parquet")).code).toBe(0);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
    expect(rows.map((row) => [row.id, row.tag, row.environment])).toEqual([
      ...["1", "2", "3"].map((id) => [id, null, "production"]),
      ["p1", "1.10", null],
    ]);
    expect(rows[0]).toMatchObject({ time: new Date("2026-10-20T08:11:00.000Z"), "log index": null });
    expect(rows.map(({ fact }) => JSON.parse(fact).id)).toEqual(["1", "2", "3", "p1"]);
  });

  it("leaves no Parquet file where the ledger refuses, or where the export breaks off", async () => {
    const { run, file, weather } = await given();
    const parquet = ["--format", "parquet"];
    expect((await run("--from", "2026-11-22", "--kind", "no.such", ...parquet)).code).toBe(2);
    // After the question whether there are jobs.
    weather.push("fair", "breaks off after");
    expect((await run("--from", "2026-11-22", ...parquet)).code).toBe(4);
    expect([existsSync(file), existsSync(`${file}.partial`)]).toEqual([false, false]);
  });

  it("says which time it went by, and what the other one would give, where there is none", async () => {
    const { run } = await given();
    const { err } = await run("--from", "2026-10-20", "--to", "2026-10-21");
    expect(err).toBe("asof: no such fact was recorded in that time; --by occurredAt would give 3 facts");
  });

  it("leaves no file where the ledger refuses", async () => {
    const { run, file } = await given();
    expect((await run("--from", "2026-11-22", "--kind", "no.such")).code).toBe(2);
    expect(existsSync(file)).toBe(false);
  });
});

/** A ledger that runs exports as jobs, and the server that has their files. */
async function withJobs() {
  const text = "time,id\n2026-11-22T08:00:00.000Z,1\n";
  const state: { isReady: boolean; others?: number; sha256: string; asked: number } = {
    ...{ isReady: false, sha256: sha256(text), asked: 0 },
  };
  const files = createServer((request, response) => {
    state.asked++;
    // No token goes where the link leads.
    const isOpen = request.headers.authorization === undefined;
    if (state.asked === 1) {
      response.writeHead(200, { "Content-Length": 999 });
      response.write(text.slice(0, 5), () => request.socket.destroy());
      return;
    }
    response.writeHead(isOpen ? 200 : 403).end(text);
  });
  files.listen(0, "127.0.0.1");
  await once(files, "listening");
  const address = files.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const tasks: ExportTask[] = [];
  const exportJobs: ExportJobs = {
    start: async (task) => void tasks.push(task),
    find: async (id) => {
      const task = tasks.find((one) => one.id === id);
      const found = { link: `http://127.0.0.1:${port}/file`, expires: "2026-11-22T10:00:00.000Z" };
      const { sha256: hash, others } = state;
      const file = { ...found, sha256: hash, ...(others === undefined ? {} : { others }) };
      const isReady = state.isReady;
      state.isReady = true;
      return task && { task, ...(isReady ? { file } : {}) };
    },
  };
  const doors = givenDoors({ exportJobs });
  const ledger = await ledgerServer(doors);
  await doors.client("writer").sayAll([deployed("1")]);
  const file = join(newFolder(), "history");
  const run = (...args: string[]) =>
    asof(["export", file, "--from", "2026-11-22", ...args], {
      ASOF_URL: ledger.url,
      ASOF_TOKEN: tokenOf("auditor"),
    });
  return { text, state, tasks, file, run, stop: () => files.close() };
}

describe("asof export where the ledger runs jobs", () => {
  it("has a job run for what cannot go on, waits for it, and fetches its file, again where that breaks off", async () => {
    const { run, file, text, tasks, state, stop } = await withJobs();
    expect(await run("--format", "csv")).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(tasks).toMatchObject([{ parameters: { format: "csv" } }]);
    expect(state.asked).toBe(2);
    stop();
  });

  it("says what the other time would give, and takes no file with another hash", async () => {
    const { run, file, state, stop } = await withJobs();
    Object.assign(state, { others: 3, isReady: true });
    expect((await run("--by", "occurredAt")).err).toBe(
      "asof: no such fact occurred in that time; --by recordedAt would give 3 facts",
    );
    rmSync(file);
    state.sha256 = "0".repeat(64);
    expect(await run("--by", "occurredAt")).toMatchObject({ code: 1, err: expect.stringContaining("hash") });
    expect(existsSync(file)).toBe(false);
    stop();
  });

  it("streams what can go on where it breaks off", async () => {
    const { run, file, tasks, stop } = await withJobs();
    expect((await run()).code).toBe(0);
    expect([tasks, linesOf(file)]).toEqual([[], []]);
    stop();
  });
});
