import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { s3QuarantineEraser } from "../../functions/adapters/s3/eraser.ts";
import { s3Quarantine } from "../../functions/adapters/s3/quarantine.ts";
import { openDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteQuarantine, sqliteQuarantineEraser } from "../../functions/adapters/sqlite/quarantine.ts";
import type { Quarantine, QuarantineItem } from "../../functions/ledger/ingest/quarantine.ts";
import type { Erasers } from "../../functions/ledger/people/erasure.ts";
import { redactionOf } from "../../functions/ledger/people/redaction.ts";

interface Version {
  readonly path: string;
  readonly id: string;
  /** Undefined: a marker that the object was deleted. */
  readonly body: string | undefined;
  readonly at: string;
}

/** As much of S3 as is used: conditional puts, versions, and listings in pages of two. */
function startBuckets(versions: Version[]): Server {
  const latest = (path: string) => versions.findLast((one) => one.path === path);
  const objects = {
    has: (path: string) => latest(path)?.body !== undefined,
    get: (path: string) => (objects.has(path) ? latest(path) : undefined),
    keys: () => new Set(versions.map(({ path }) => path)),
  };
  let ids = 0;
  let nowMs = Date.parse("2026-11-22T09:00:00.000Z");
  const listing = (bucket: string, token: string | null): string => {
    const keys = [...objects.keys()].filter((key) => key.startsWith(`${bucket}/`) && objects.has(key)).sort();
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
  const versionListing = (bucket: string, marker: string | null): string => {
    const all = versions.filter(({ path, body }) => path.startsWith(`${bucket}/`) && body !== undefined);
    const from = Number(marker ?? 0);
    const shown = all.slice(from, from + 2).map((one) => {
      const isLatest = latest(one.path) === one;
      return `<Version><Key>${one.path.slice(bucket.length + 1)}</Key><VersionId>${one.id}</VersionId><IsLatest>${isLatest}</IsLatest></Version>`;
    });
    const next = from + 2 < all.length;
    const more = next ? `<NextKeyMarker>${from + 2}</NextKeyMarker>` : "";
    return `<ListVersionsResult><IsTruncated>${next}</IsTruncated>${shown.join("")}${more}</ListVersionsResult>`;
  };
  const read = (path: string, asked: URLSearchParams, version: string | null): string | undefined => {
    if (!path.includes("/") && asked.has("versions")) return versionListing(path, asked.get("key-marker"));
    if (!path.includes("/")) return listing(path, asked.get("continuation-token"));
    return (version === null ? objects.get(path) : versions.find(({ id }) => id === version))?.body;
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
    const version = url.searchParams.get("versionId");
    if (request.method === "GET") {
      const text = read(path, url.searchParams, version);
      return answer(text === undefined ? 404 : 200, text);
    }
    if (request.method === "DELETE") {
      if (version !== null)
        versions.splice(
          versions.findIndex(({ id }) => id === version),
          1,
        );
      else versions.push({ path, id: `v${ids++}`, body: undefined, at: "" });
      return answer(204);
    }
    if (request.headers["if-none-match"] === "*" && objects.has(path))
      return answer(412, "<Error><Code>PreconditionFailed</Code></Error>");
    nowMs += 60_000;
    versions.push({ path, id: `v${ids++}`, body, at: new Date(nowMs).toISOString() });
    return answer(200);
  });
}

const stored: Version[] = [];
const server = startBuckets(stored);
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

const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

let buckets = 0;
interface Opened {
  readonly quarantine: Quarantine;
  readonly eraser: Erasers["quarantine"];
  readonly damage: (text?: string) => Promise<void>;
  /** Everything that is stored, earlier versions too. */
  readonly bytes: () => string;
}
const open: Record<string, () => Opened> = {
  "in the ledger's file": () => {
    const folder = mkdtempSync(join(tmpdir(), "asof-quarantine-"));
    const database = openDatabase(folder);
    ended.push(() => {
      database.close();
      rmSync(folder, { recursive: true });
    });
    const insert = database.prepare(
      "INSERT INTO quarantine (key, at, why, reason, door, reportedBy, event) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    return {
      quarantine: sqliteQuarantine(database),
      eraser: sqliteQuarantineEraser(database),
      damage: async (text = "{") => void insert.run("half", "2026-11-23T00:00:00.000Z", "", "", "", "", text),
      bytes: () => {
        database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").rows();
        return readdirSync(folder)
          .map((file) => readFileSync(join(folder, file), "latin1"))
          .join("");
      },
    };
  },
  "in a bucket": () => {
    const bucket = `asof-${buckets++}`;
    return {
      quarantine: s3Quarantine(bucket, endpoint),
      eraser: s3QuarantineEraser(bucket, endpoint),
      damage: async (text = '{"at":') =>
        void (await fetch(`${endpoint}/${bucket}/half`, { method: "PUT", body: text })),
      bytes: () => JSON.stringify(stored.filter(({ path }) => path.startsWith(`${bucket}/`))),
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

  describe("that a login is taken out of", () => {
    const LOGIN = "login-of-nobody-else";
    const holding = (n: number): QuarantineItem => ({ ...item(n), event: { n, sender: { login: LOGIN } } });

    it("holds the other items as they were, and the redacted ones without it", async () => {
      const { quarantine, eraser, bytes } = opened();
      for (const n of [1, 3, 5]) await quarantine.keep(item(n));
      for (const n of [2, 4]) await quarantine.keep(holding(n));
      const redaction = redactionOf(LOGIN);
      expect((await eraser.holding(redaction.holds)).length).toBe(2);
      expect(await eraser.redact(redaction)).toBe(2);
      expect(await eraser.holding(redaction.holds)).toEqual([]);
      expect(bytes()).not.toContain(LOGIN);
      const { entries } = await quarantine.page({ limit: 10 });
      const items = await Promise.all(entries.map(({ key }) => quarantine.get(key)));
      const expected = [1, 2, 3, 4, 5].map((n) => (n % 2 === 1 ? item(n) : redaction.item(holding(n))));
      expect(items.sort((a, b) => ((a?.at ?? "") < (b?.at ?? "") ? -1 : 1))).toEqual(expected);
      expect(await eraser.redact(redaction)).toBe(0);
    });

    it("keeps nothing of what was discarded before, or cannot be read", async () => {
      const { quarantine, eraser, damage, bytes } = opened();
      await quarantine.keep(holding(1));
      const [entry] = (await quarantine.page({ limit: 1 })).entries;
      await quarantine.remove(entry?.key ?? "");
      await damage(`{"by":"${LOGIN}`);
      await eraser.redact(redactionOf(LOGIN));
      expect(bytes()).not.toContain(LOGIN);
      expect((await quarantine.list()).count).toBe(0);
    });
  });
});
