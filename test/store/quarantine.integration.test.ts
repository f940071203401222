import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { s3Quarantine } from "../../functions/adapters/s3/quarantine.ts";
import { temporaryDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteQuarantine } from "../../functions/adapters/sqlite/quarantine.ts";
import type { Quarantine, QuarantineItem } from "../../functions/ledger/quarantine.ts";

/** As much of S3 as is used: conditional puts, and a listing in pages of two. */
function startBuckets(): Server {
  const objects = new Map<string, { body: string; at: string }>();
  let nowMs = Date.parse("2026-11-22T09:00:00.000Z");
  const listing = (bucket: string, token: string | null): string => {
    const keys = [...objects.keys()].filter((key) => key.startsWith(`${bucket}/`)).sort();
    const from = Number(token ?? 0);
    const shown = keys
      .slice(from, from + 2)
      .map(
        (key) =>
          `<Contents><Key>${key.slice(bucket.length + 1)}</Key><LastModified>${objects.get(key)?.at}</LastModified></Contents>`,
      );
    const next = from + 2 < keys.length ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : "";
    return `<ListBucketResult>${shown.join("")}${next}</ListBucketResult>`;
  };
  return createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://s3");
    const path = url.pathname.slice(1).replace(/\/$/, "");
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    await once(request, "end");
    const answer = (status: number, text = "") => response.writeHead(status).end(text);
    if (request.method === "GET" && !path.includes("/"))
      return answer(200, listing(path, url.searchParams.get("continuation-token")));
    if (request.method === "GET") {
      const found = objects.get(path);
      return answer(found === undefined ? 404 : 200, found?.body);
    }
    if (request.method === "DELETE") {
      objects.delete(path);
      return answer(204);
    }
    if (request.headers["if-none-match"] === "*" && objects.has(path))
      return answer(412, "<Error><Code>PreconditionFailed</Code></Error>");
    nowMs += 60_000;
    objects.set(path, { body, at: new Date(nowMs).toISOString() });
    return answer(200);
  });
}

const server = startBuckets();
let endpoint = "";
beforeAll(async () => {
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "none");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "none");
  vi.stubEnv("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED");
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address: AddressInfo | string | null = server.address();
  endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

let buckets = 0;
const open: Record<string, () => { quarantine: Quarantine; damage: () => Promise<void> }> = {
  "in the ledger's file": () => {
    const database = temporaryDatabase();
    const insert = database.prepare(
      "INSERT INTO quarantine (key, at, why, reason, door, reportedBy, event) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    return {
      quarantine: sqliteQuarantine(database),
      damage: async () => void insert.run("half", "2026-11-23T00:00:00.000Z", "", "", "", "", "{"),
    };
  },
  "in a bucket": () => {
    const bucket = `asof-${buckets++}`;
    return {
      quarantine: s3Quarantine(bucket, endpoint),
      damage: async () => void (await fetch(`${endpoint}/${bucket}/half`, { method: "PUT", body: '{"at":' })),
    };
  },
};

const item = (n: number): QuarantineItem => ({
  at: `2026-11-22T09:0${n}:00.000Z`,
  why: "rejected",
  reason: `reason ${n}`,
  door: "events",
  reportedBy: "ci",
  event: { n },
  ...(n % 2 === 0
    ? { statement: { kind: "artifact.pushed" as const, source: "/s", id: `${n}`, occurredAt: "2026-01-01" } }
    : {}),
});

describe.each(Object.entries(open))("a quarantine %s", (_, opened) => {
  it("keeps an event once, and gives it back whole", async () => {
    const { quarantine } = opened();
    expect(await quarantine.keep(item(1))).toBe("new");
    expect(await quarantine.keep({ ...item(1), at: "2026-11-22T10:00:00.000Z" })).toBe("known");
    await quarantine.keep(item(2));
    const { entries } = await quarantine.page({ limit: 10 });
    expect(entries.map(({ reason }) => reason)).toEqual(["reason 2", "reason 1"]);
    for (const [n, { key }] of entries.entries()) expect(await quarantine.get(key)).toEqual(item(2 - n));
    expect((await quarantine.list()).count).toBe(2);
  });

  it.each([1, 2, 5])("is read newest first in pages of %i", async (limit) => {
    const { quarantine } = opened();
    for (const n of [1, 2, 3, 4, 5]) await quarantine.keep(item(n));
    const seen: string[] = [];
    let range: { limit: number; cursor?: string } | undefined = { limit };
    while (range !== undefined) {
      const page: Awaited<ReturnType<Quarantine["page"]>> = await quarantine.page(range);
      seen.push(...page.entries.map(({ reason }) => reason));
      range = page.cursor === undefined ? undefined : { limit, cursor: page.cursor };
    }
    expect(seen).toEqual([5, 4, 3, 2, 1].map((n) => `reason ${n}`));
  });

  it("lets go of one, and knows when there is none", async () => {
    const { quarantine } = opened();
    await quarantine.keep(item(1));
    const [entry] = (await quarantine.page({ limit: 1 })).entries;
    await quarantine.remove(entry?.key ?? "");
    expect(await quarantine.get(entry?.key ?? "")).toBeUndefined();
    expect((await quarantine.list()).count).toBe(0);
  });

  it("shows the others beside one that was written by halves", async () => {
    const { quarantine, damage } = opened();
    await quarantine.keep(item(1));
    await damage();
    const { count, newest } = await quarantine.list();
    expect(count).toBe(2);
    expect(newest.map(({ reason }) => reason)).toEqual(["the entry itself cannot be read", "reason 1"]);
    expect(await quarantine.get("half")).toBeUndefined();
  });
});
