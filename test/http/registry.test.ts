import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { registries } from "../../functions/adapters/registry/oci.ts";
import { temporaryDatabase } from "../../functions/adapters/sqlite/database.ts";
import { jobQueue } from "../../functions/adapters/sqlite/jobs.ts";
import { giveUp, receive, work } from "../../functions/ledger/ingest/ingest.ts";
import { Job } from "../../functions/ledger/ingest/jobs.ts";
import { said, saidByTag } from "../../functions/sources/payload.ts";
import { jobsIn } from "../store/databases.ts";
import { cleanUp, givenDoors, NOW } from "./given.ts";

const SHA = "4be1f0a7d2c3951e6b8840f7a9d5c2e13b6a7f90";
const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** What a registry holds, by digest: bytes and their type. */
const held = new Map<string, { type: string; body: string }>();
function hold(type: string, value: object): string {
  const body = JSON.stringify(value);
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  held.set(digest, { type, body });
  return digest;
}
const config = hold("application/json", {
  architecture: "amd64",
  os: "linux",
  config: {
    Labels: {
      "org.opencontainers.image.revision": SHA,
      "org.opencontainers.image.source": "https://github.com/acme/shop",
    },
  },
});
const manifest = hold(MANIFEST, {
  schemaVersion: 2,
  mediaType: MANIFEST,
  config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: config, size: 1 },
  layers: [],
});
const index = hold(INDEX, {
  schemaVersion: 2,
  mediaType: INDEX,
  manifests: [
    { mediaType: MANIFEST, digest: manifest, size: 1, platform: { os: "linux", architecture: "amd64" } },
  ],
});

const tags = new Map<string, string>();
let isDown = false;
let isSlow = false;
let asked = 0;
let server: Server;
let repository: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    asked++;
    if (isSlow) return;
    const reference = /\/v2\/acme\/shop\/(?:manifests|blobs)\/(.+)$/.exec(request.url ?? "")?.[1] ?? "";
    const digest = tags.get(reference) ?? reference;
    const found = held.get(digest);
    if (isDown || found === undefined) {
      response.writeHead(isDown ? 503 : 404).end();
    } else {
      response.writeHead(200, { "content-type": found.type, "docker-content-digest": digest });
      response.end(request.method === "HEAD" ? undefined : found.body);
    }
  });
  const port = await new Promise<number>((done) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      done(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  repository = `127.0.0.1:${port}/acme/shop`;
});

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  tags.clear();
  isDown = false;
  isSlow = false;
  asked = 0;
});
afterAll(() => {
  cleanUp();
  server.closeAllConnections();
  server.close();
});

const SENDER = { door: "docker-hub", reportedBy: "webhook:docker-hub" };
const pushedByTag = (id: string) =>
  saidByTag(
    {
      kind: "artifact.pushed",
      source: "/webhooks/docker-hub/acme/shop",
      id,
      occurredAt: NOW,
      repository,
      tag: "v1",
    },
    { push: id },
  );

/** Doors that may ask the registry, with a queue of what is to be done later. */
function given(more: { patienceMs?: number } = {}) {
  const database = temporaryDatabase();
  const later = jobQueue(database, "later", Job, { giveUpMs: 24 * 3600_000, firstWaitMs: 50 });
  const known = registries({ [repository.split("/")[0] ?? ""]: { plainHttp: true } });
  const doors = givenDoors({ jobs: later, registries: () => Promise.resolve(known), ...more });
  const start = () =>
    later.start({
      work: (job) => work(doors.ledger, job),
      giveUp: (job, error) => giveUp(doors.ledger, job, error),
    });
  stops.push(async () => {
    await later.stop();
    database.close();
  });
  const kept = () => jobsIn(database);
  const tagAnswer = async () =>
    (await doors.client().get(`/v1/tag?repository=${encodeURIComponent(repository)}&tag=v1`)).json;
  return { ...doors, start, kept, tagAnswer };
}

describe("a push that names a tag and no digest", () => {
  it("is recorded with the digest that the registry says, and says so", async () => {
    tags.set("v1", index);
    const { ledger, tagAnswer, client, setNow } = given();
    const [received] = await receive(ledger, SENDER, [pushedByTag("1")]);
    expect(received?.said).toMatchObject({ outcome: "recorded", id: "1" });
    expect(await tagAnswer()).toMatchObject({ digest: index });
    setNow("2026-11-22T10:00:00.000Z");
    const { text } = await client().get("/v1/export?from=2026-11-22");
    expect(text).toContain('"digestFrom":"registry"');
  });

  it("is a duplicate when it is delivered again, although the tag has moved since", async () => {
    tags.set("v1", index);
    const { ledger, tagAnswer } = given();
    await receive(ledger, SENDER, [pushedByTag("1")]);
    tags.set("v1", manifest);
    const [again] = await receive(ledger, SENDER, [pushedByTag("1")]);
    expect(again?.said).toMatchObject({ outcome: "duplicate" });
    expect(await tagAnswer()).toMatchObject({ digest: index });
  });

  it("is kept while the registry does not answer, and recorded when it does", async () => {
    tags.set("v1", index);
    isDown = true;
    const { ledger, kept, start, tagAnswer } = given();
    const [received] = await receive(ledger, SENDER, [pushedByTag("1")]);
    expect(received?.said).toMatchObject({ outcome: "deferred", reason: expect.stringContaining("503") });
    expect(kept()).toHaveLength(1);
    isDown = false;
    await start();
    await expect.poll(tagAnswer, { timeout: 5000 }).toMatchObject({ digest: index });
    await expect.poll(kept, { timeout: 5000 }).toEqual([]);
  });

  it("is kept while the registry takes longer than its sender may wait", async () => {
    isSlow = true;
    const { ledger, kept } = given({ patienceMs: 100 });
    const [received] = await receive(ledger, SENDER, [pushedByTag("1")]);
    expect(received?.said).toMatchObject({
      outcome: "deferred",
      reason: expect.stringContaining("within 0.1 s"),
    });
    expect(kept()).toHaveLength(1);
  });

  it("is tried again and again, for as long as the registry is down", async () => {
    tags.set("v1", index);
    isDown = true;
    const { ledger, kept, start, tagAnswer, logged } = given();
    await start();
    await receive(ledger, SENDER, [pushedByTag("1")]);
    await expect.poll(() => asked, { timeout: 8000 }).toBeGreaterThan(2);
    expect(kept()).toHaveLength(1);
    expect(logged()).toContain("answered 503");
    isDown = false;
    await expect.poll(tagAnswer, { timeout: 15_000 }).toMatchObject({ digest: index });
  });

  it.each([
    ["has no such tag", () => given()],
    ["may not be queried", () => givenDoors()],
  ])("is kept aside where the registry %s", async (_, doors) => {
    const { ledger, quarantine } = doors();
    const [received] = await receive(ledger, SENDER, [pushedByTag("1")]);
    expect(received?.said).toMatchObject({
      outcome: "rejected",
      reason: expect.stringContaining(repository),
    });
    expect(quarantine()).toMatchObject([{ why: "rejected", door: "docker-hub", event: { push: "1" } }]);
  });
});

describe("a push to a registry that may be asked", () => {
  const pushed = (digest: string) =>
    said(
      {
        kind: "artifact.pushed",
        source: "/ci/acme",
        id: digest,
        occurredAt: NOW,
        repository,
        digest,
        tag: "v1",
      },
      { digest },
    );
  const artifactOf = async ({ client }: ReturnType<typeof given>, digest: string) =>
    (await client().get(`/v1/artifact?digest=${digest}`)).json;

  it("is read: its commit by its labels, and what its index holds", async () => {
    const doors = given();
    await doors.start();
    await receive(doors.ledger, SENDER, [pushed(index)]);
    await expect
      .poll(() => artifactOf(doors, index), { timeout: 5000 })
      .toMatchObject({
        commit: { repository: "https://github.com/acme/shop", sha: SHA, evidence: "oci-label" },
      });
    expect(await artifactOf(doors, config)).toMatchObject({ digest: config });
  });

  it("is read again after a redelivery, and says the same", async () => {
    const doors = given();
    await doors.start();
    for (const outcome of ["recorded", "duplicate"]) {
      const [received] = await receive(doors.ledger, SENDER, [pushed(index)]);
      expect(received?.said.outcome).toBe(outcome);
      await expect.poll(doors.kept, { timeout: 5000 }).toEqual([]);
    }
    expect(doors.quarantine()).toEqual([]);
  });

  it("is not asked about where its registry is not listed", async () => {
    const { ledger, jobs } = givenDoors();
    await receive(ledger, SENDER, [pushed(index)]);
    expect(jobs).toEqual([]);
    expect(asked).toBe(0);
  });
});
