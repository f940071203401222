/** `asof observe kubernetes --watch`: changes, gaps, and a ledger that is away. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { Release } from "../../schemas/answer.ts";
import { pod } from "../kubernetes/objects.ts";
import { type ApiServer, apiServer, stopApiServers } from "../kubernetes/server.ts";
import { digestOf } from "../ledger/given.ts";
import { asof, cleanUp, type Ended, type LedgerServer, ledgerServer, newFolder } from "./harness.ts";

const PODS = "/api/v1/pods";
/** Of a cluster without Argo and Istio. */
const WATCHES = 8;
const PATIENCE = { timeout: 20_000, interval: 20 };

interface Watching {
  readonly err: string[];
  readonly stop: () => Promise<Ended>;
}
const running: Watching[] = [];

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  await stopApiServers();
  await cleanUp();
});

const watchArgs = (api: ApiServer): string[] => [
  ...["observe", "kubernetes", "--cluster", "eu-1", "--watch"],
  ...["--kubeconfig", api.kubeconfig(newFolder())],
];

/** Begins to watch, and waits until it does. */
async function watching(api: ApiServer, ASOF_URL: string): Promise<Watching> {
  const err: string[] = [];
  const stopped = new AbortController();
  const ended = asof(watchArgs(api), { ASOF_URL }, "2026-11-22T08:57:00.000Z", {
    interrupted: () => stopped.signal,
    err: (line) => err.push(line),
  });
  const one = {
    err,
    stop: () => {
      stopped.abort();
      return ended;
    },
  };
  running.push(one);
  await vi.waitFor(() => expect(api.watches()).toBe(WATCHES), PATIENCE);
  return one;
}

/** What runs, as the ledger knows it by now. */
async function digestsOf({ doors }: LedgerServer): Promise<unknown[]> {
  const about = { environment: "eu-1/shop", service: "web", at: "2026-11-22T08:59:00Z" };
  const { json, status } = await doors.client().get("/v1/release", about);
  return status === 404 ? [] : Release.parse(json).components.map(({ digest }) => digest);
}

const two = pod({
  template: "bbb",
  image: "two",
  since: "2026-11-22T08:56:00Z",
  createdAt: "2026-11-22T08:55:50Z",
});

describe("a watch of a cluster", () => {
  it("reports a rollout when it happens, and each state once", async () => {
    const api = await apiServer();
    api.put(PODS, pod());
    const ledger = await ledgerServer();
    const watch = await watching(api, ledger.url);
    await vi.waitFor(async () => expect(await digestsOf(ledger)).toContain(digestOf("one")), PATIENCE);
    api.put(PODS, two);
    api.drop(PODS, pod().metadata.uid);
    await vi.waitFor(async () => expect(await digestsOf(ledger)).toContain(digestOf("two")), PATIENCE);
    const { out, code } = await watch.stop();
    expect(code).toBe(0);
    expect(out).toMatch(/^\d statements: \d recorded\ncould not be known: nothing that was looked for$/);
    // Whoever begins anew finds everything recorded.
    const again = await watching(api, ledger.url);
    await vi.waitFor(() => expect(ledger.asked.length).toBeGreaterThan(2), PATIENCE);
    expect((await again.stop()).out).toContain("0 recorded");
  });

  it("goes on where a watch broke off, and misses nothing", async () => {
    const api = await apiServer();
    api.put(PODS, pod());
    const ledger = await ledgerServer();
    const watch = await watching(api, ledger.url);
    api.reset();
    api.put(PODS, two);
    api.drop(PODS, pod().metadata.uid);
    await vi.waitFor(async () => expect(await digestsOf(ledger)).toContain(digestOf("two")), PATIENCE);
    expect((await watch.stop()).out).toContain("could not be known: nothing that was looked for");
    expect(
      api.asked.some(({ path }) =>
        path.startsWith(`${PODS}?watch=true&resourceVersion=101&allowWatchBookmarks=true`),
      ),
    ).toBe(true);
  });

  it("lists again where the server has forgotten where it was, and says what it cannot know", async () => {
    const api = await apiServer();
    api.put(PODS, pod());
    const ledger = await ledgerServer();
    const watch = await watching(api, ledger.url);
    await vi.waitFor(async () => expect(await digestsOf(ledger)).toContain(digestOf("one")), PATIENCE);
    api.put(PODS, two);
    api.drop(PODS, pod().metadata.uid);
    api.compact();
    api.reset();
    await vi.waitFor(async () => expect(await digestsOf(ledger)).toContain(digestOf("two")), PATIENCE);
    await vi.waitFor(
      () => expect(watch.err.join("\n")).toContain("what came and went while a watch was broken off"),
      PATIENCE,
    );
    expect((await watch.stop()).out).toContain("pods, 2026-11-22T08:57:00.000Z to 2026-11-22T08:57:00.000Z");
  });

  it("goes on from a bookmark, so that a quiet cluster is not listed again", async () => {
    const api = await apiServer();
    api.put(PODS, pod());
    const ledger = await ledgerServer();
    await watching(api, ledger.url);
    api.put("/api/v1/services", { metadata: { name: "web", namespace: "shop", uid: "service/web" } });
    api.bookmark();
    api.end();
    const from = `${PODS}?watch=true&resourceVersion=102`;
    await vi.waitFor(() => expect(api.asked.some(({ path }) => path.startsWith(from))).toBe(true), PATIENCE);
    expect(api.asked.filter(({ path }) => path.startsWith(`${PODS}?limit`))).toHaveLength(1);
  });

  it("says at once that the ledger is away, and sends what it saw when it is back", async () => {
    const api = await apiServer();
    api.put(PODS, pod());
    const ledger = await ledgerServer();
    // The first look's request and its retries.
    ledger.weather.push(...Array.from({ length: 5 }, () => ({ status: 503 })));
    const watch = await watching(api, ledger.url);
    await vi.waitFor(
      () => expect(watch.err.join("\n")).toContain("answered 503; 1 statement wait"),
      PATIENCE,
    );
    api.put(PODS, pod({ isReady: false }));
    await vi.waitFor(async () => expect(await digestsOf(ledger)).toContain(digestOf("one")), PATIENCE);
    expect((await watch.stop()).out).toContain("could not be known: nothing that was looked for");
  });

  it("confirms nothing while the cluster does not answer, and says so", async () => {
    const api = await apiServer();
    api.put(PODS, pod());
    const ledger = await ledgerServer();
    const watch = await watching(api, ledger.url);
    api.refuse(PODS, 500);
    api.reset();
    api.put("/api/v1/services", { metadata: { name: "web", namespace: "shop", uid: "service/web" } });
    await vi.waitFor(
      () => expect(watch.err.join("\n")).toContain("the cluster answered 500 for /api/v1/pods"),
      PATIENCE,
    );
  });

  it("ends where the token may not report", async () => {
    const api = await apiServer();
    api.put(PODS, pod());
    const ledger = await ledgerServer();
    ledger.weather.push({ status: 401, headers: { "content-type": "application/problem+json" }, body: "{}" });
    const stopped = new AbortController();
    const ended = await asof(watchArgs(api), { ASOF_URL: ledger.url }, "2026-11-22T08:57:00.000Z", {
      interrupted: () => stopped.signal,
    });
    stopped.abort();
    expect(ended.code).toBe(5);
    expect(ended.err).toContain("the token is missing or wrong");
  });
});
