/**
 * A real registry, real images, and the ledger as it runs: what `skopeo inspect` said at each step is what the
 * ledger says of that moment afterwards.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ledgerFile, openReader } from "../functions/adapters/sqlite/database.ts";
import { type Running, start } from "../functions/runtime/server/server.ts";
import { Artifact, Outcomes, Release, TagAnswer } from "../schemas/answer.ts";
import { type Client, clientOf, event, outcomesOf, over } from "./client.ts";
import { shaOf } from "./ledger/given.ts";
import {
  deleteManifest,
  freePort,
  inspect,
  Layout,
  type Registry,
  run,
  startRegistry,
} from "./real/registry.ts";
import { quarantined } from "./store/databases.ts";

const TOKEN = "a-token-for-the-real-thing";
const SECRET = "Bearer what-the-registry-sends";
const PATH = "/v1/webhooks/distribution";
const PATH_SECRET = "what-stands-in-the-address";

const folder = mkdtempSync(join(tmpdir(), "asof-real-"));
const running: { stop: () => Promise<void> }[] = [];

afterAll(async () => {
  for (const one of running.splice(0)) await one.stop();
  rmSync(folder, { recursive: true, force: true });
});

const startLedger = async (
  data: string,
  secret: string,
  port = 0,
  more: NodeJS.ProcessEnv = {},
): Promise<Running> => {
  const ledger = await start({
    ...more,
    ASOF_PORT: String(port),
    ASOF_DATA: join(folder, data),
    ASOF_TOKENS: `admin:test:${TOKEN}`,
    ASOF_WEBHOOK_SECRETS: JSON.stringify({ distribution: [secret], quay: [PATH_SECRET] }),
  });
  running.push(ledger);
  return ledger;
};

const startRegistryFor = async (ledger: Running, name: string): Promise<Registry> => {
  const notify = { url: `${ledger.address}${PATH}`, authorization: SECRET };
  const registry = await startRegistry({ folder: join(folder, name), notify });
  running.push(registry);
  return registry;
};

const clientFor = ({ address }: Running): Client => clientOf(over(address), TOKEN);

/** Notifications come a moment later, so whoever wants to see one waits for it. */
const soon = <T>(check: () => Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 20_000, interval: 50 });

const pointsAt = (client: Client, repository: string, tag: string, digest: string) =>
  soon(async () => {
    const { json } = await client.get("/v1/tag", { repository, tag });
    expect(json).toMatchObject({ digest });
    return TagAnswer.parse(json);
  });

async function releaseOf(client: Client, service: string, environment: string, at: string): Promise<Release> {
  return Release.parse((await client.get("/v1/release", { environment, service, at })).json);
}

/** What was seen at a moment of the history, to be asked for afterwards. */
interface Seen {
  readonly at: string;
  readonly digest: string;
  readonly version: string;
}

describe("a history that a registry, a builder and a deployer tell together", () => {
  const SERVICE = "team/app";
  const VERSIONS = ["1.0", "2.0", "3.0"] as const;
  const seen: Seen[] = [];
  const moves: string[] = [];
  let client: Client;
  let registry: Registry;
  let repository: string;
  let layout: Layout;
  const data = "history";

  const deploy = async (
    environment: string,
    id: string,
    at: string,
    component: object,
    more: object = {},
  ) => {
    const answer = await client.say(
      event("deployment.succeeded", `${environment} ${id}`, at, {
        environment,
        service: SERVICE,
        deployment: { provider: "test", instance: "here", id: `${environment} ${id}` },
        components: [{ component: "main", repository, ...component }],
        ...more,
      }),
    );
    expect(outcomesOf(answer)).toEqual(["recorded"]);
  };

  beforeAll(async () => {
    const ledger = await startLedger(data, SECRET);
    registry = await startRegistryFor(ledger, "registry");
    client = clientFor(ledger);
    repository = `${registry.host}/team/app`;
    layout = await Layout.create(join(folder, "oci"));
    for (const version of VERSIONS) {
      await layout.image(version, `version ${version}`);
      await layout.push(version, `${repository}:${version}`);
      await layout.push(version, `${repository}:latest`);
      const digest = await inspect(`${repository}:latest`);
      expect(await inspect(`${repository}:${version}`)).toBe(digest);
      const at = new Date().toISOString();
      const commit = { repository: "https://github.com/team/app", sha: shaOf(version) };
      const url = `https://ci.example/${version}`;
      await client.say(event("artifact.built", version, at, { digest, repository, commit, url }));
      await deploy("by-digest", version, at, { digest });
      await deploy("by-tag", version, at, { tag: version });
      await deploy("by-commit", version, at, {}, { commit: { sha: shaOf(version).slice(0, 12) } });
      await deploy("by-latest", version, at, { tag: "latest" });
      seen.push({ at, digest, version });
      const { history } = await pointsAt(client, repository, "latest", digest);
      moves.push(history[0]?.at ?? "");
    }
  });

  it.each(["by-digest", "by-tag", "by-commit"])("is told exactly of what was deployed %s", async (link) => {
    expect(new Set(seen.map(({ digest }) => digest)).size).toBe(VERSIONS.length);
    for (const { at, digest, version } of seen) {
      const release = await releaseOf(client, SERVICE, link, at);
      expect(release).toMatchObject({ status: "running", since: at, warnings: [] });
      expect(release.components).toMatchObject([
        {
          digest,
          image: `${repository}@${digest}`,
          repository,
          resolvedBy: link.slice("by-".length),
          candidates: [],
          commit: { sha: shaOf(version), evidence: "declared" },
          build: { url: `https://ci.example/${version}` },
        },
      ]);
    }
  });

  it("names the candidates and guesses nothing where the tag moved within a minute of a deployment", async () => {
    for (const [n, { at, digest }] of seen.entries()) {
      const [component] = (await releaseOf(client, SERVICE, "by-latest", at)).components;
      if (n === 0) {
        expect(component).toMatchObject({ digest, resolvedBy: "tag", candidates: [] });
        continue;
      }
      const candidates = seen
        .slice(0, n + 1)
        .map((one) => ({ digest: one.digest, repository, by: "tag" }))
        .sort((a, b) => (a.digest < b.digest ? -1 : 1));
      expect(component).toMatchObject({ digest: null, image: null, resolvedBy: "none", candidates });
    }
  });

  it("is told exactly where the tag has lain still for more than a minute", async () => {
    const last = seen.at(-1);
    const later = new Date(Date.parse(moves.at(-1) ?? "") + 90_000).toISOString();
    await deploy("by-latest", "later", later, { tag: "latest" });
    const [component] = (await releaseOf(client, SERVICE, "by-latest", later)).components;
    expect(component).toMatchObject({ digest: last?.digest, resolvedBy: "tag", candidates: [] });
  });

  it("holds when each tag pointed at what, as the registry said it", async () => {
    for (const [n, { at, digest }] of seen.entries()) {
      const { json } = await client.get("/v1/tag", { repository, tag: "latest", at });
      expect(TagAnswer.parse(json)).toMatchObject({ digest, since: moves[n] });
    }
  });

  it("tells of an index by its own digest, which is the one to pull, and of a manifest in it", async () => {
    await layout.image("amd64", "for one", "amd64");
    await layout.image("arm64", "for the other", "arm64");
    const index = layout.index("multi", { amd64: "amd64", arm64: "arm64" });
    const multi = `${registry.host}/team/multi`;
    await layout.push("multi", `${multi}:1.0`);
    expect(await inspect(`${multi}:1.0`)).toBe(index);
    await pointsAt(client, multi, "1.0", index);
    const manifest = layout.digestOf("arm64");
    const at = new Date().toISOString();
    await deploy("index-by-tag", "1", at, { repository: multi, tag: "1.0" });
    await deploy("index-by-manifest", "1", at, { repository: multi, digest: manifest });
    const manifests = [{ digest: layout.digestOf("amd64") }, { digest: manifest, platform: "linux/arm64" }];
    await client.say(event("artifact.indexed", "multi", at, { digest: index, manifests }));
    const [byTag] = (await releaseOf(client, SERVICE, "index-by-tag", at)).components;
    expect(byTag).toMatchObject({ digest: index, image: `${multi}@${index}`, availability: "available" });
    const [byManifest] = (await releaseOf(client, SERVICE, "index-by-manifest", at)).components;
    expect(byManifest).toMatchObject({ digest: index, reported: manifest, availability: "available" });
  });

  it("tells that an image is gone once the registry deleted it, and how to make it again", async () => {
    const [first, second] = seen;
    if (first === undefined || second === undefined) throw new Error("nothing was seen");
    const before = await releaseOf(client, SERVICE, "by-digest", first.at);
    expect(before.components).toMatchObject([{ availability: "available" }]);
    expect(await deleteManifest(registry.host, "team/app", first.digest)).toBe(202);
    await soon(async () => {
      const { components } = await releaseOf(client, SERVICE, "by-digest", first.at);
      expect(components).toMatchObject([
        {
          digest: first.digest,
          availability: "deleted",
          rebuild: {
            repository: "https://github.com/team/app",
            sha: shaOf("1.0"),
            url: "https://ci.example/1.0",
          },
        },
      ]);
    });
    // The registry says it twice: once of the digest, once of the tag that it ends.
    await soon(async () => {
      const { json } = await client.get("/v1/tag", { repository, tag: "1.0" });
      const { digest, history } = TagAnswer.parse(json);
      expect([digest, history[0]?.what]).toEqual([null, "deleted"]);
    });
    await expect(inspect(`${repository}@${first.digest}`)).rejects.toThrow();
    const other = await releaseOf(client, SERVICE, "by-digest", second.at);
    expect(other.components).toMatchObject([{ availability: "available" }]);
    const then = await client.get("/v1/tag", { repository, tag: "1.0", at: first.at });
    expect(then.json).toMatchObject({ digest: first.digest });
  });

  it("tells that an image is there again once it was pushed again", async () => {
    const [first] = seen;
    if (first === undefined) throw new Error("nothing was seen");
    await layout.push("1.0", `${repository}:again`);
    expect(await inspect(`${repository}:again`)).toBe(first.digest);
    await pointsAt(client, repository, "again", first.digest);
    const { components } = await releaseOf(client, SERVICE, "by-digest", first.at);
    expect(components).toMatchObject([{ digest: first.digest, availability: "available" }]);
    const { json } = await client.get("/v1/artifact", { digest: first.digest });
    expect(Artifact.parse(json).heldBy).toMatchObject([{ repository, availability: "available" }]);
  });

  it("goes on where one of the registry's statements cannot be kept, and loses none of the others", async () => {
    const from = new Date().toISOString();
    const post = (events: readonly object[]) =>
      client.post(PATH, { events }, { authorization: SECRET, "content-type": "application/json" });
    const push = (id: string, digest: string) => ({
      id,
      timestamp: from,
      action: "push",
      target: {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        repository: "team/app",
        digest,
        tag: "x",
      },
      request: { host: registry.host },
    });
    const [, second, third] = seen;
    const right = push("a", second?.digest ?? "");
    expect(outcomesOf(await post([right]))).toEqual(["recorded"]);
    const conflicting = push("a", third?.digest ?? "");
    const broken = push("b", "sha256:abc");
    const answer = await post([conflicting, broken, right]);
    expect(answer.status).toBe(202);
    expect(Outcomes.parse(answer.json).outcomes.map(({ outcome }) => outcome)).toEqual([
      "conflict",
      "rejected",
      "duplicate",
    ]);
    const database = openReader(ledgerFile(join(folder, data)));
    const kept = quarantined(database);
    database.close();
    expect(kept).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ why: "conflict", door: "distribution", event: conflicting }),
        expect.objectContaining({ why: "rejected", door: "distribution", event: broken }),
      ]),
    );
    expect(kept).toHaveLength(2);
    await layout.image("4.0", "version 4.0");
    await layout.push("4.0", `${repository}:4.0`);
    await pointsAt(client, repository, "4.0", await inspect(`${repository}:4.0`));
  });
});

describe("a registry whose secret is wrong", () => {
  it("is refused, and what it said meanwhile arrives once the secret is right", async () => {
    const port = await freePort();
    const deaf = await startLedger("secret", "Bearer another-secret", port);
    const registry = await startRegistryFor(deaf, "registry-secret");
    const repository = `${registry.host}/team/app`;
    const layout = await Layout.create(join(folder, "oci-secret"));
    await layout.image("1.0", "version 1.0");
    await layout.push("1.0", `${repository}:1.0`);
    const pushedBy = new Date().toISOString();
    const digest = await inspect(`${repository}:1.0`);
    const refused = await clientFor(deaf).post(PATH, { events: [] }, { authorization: SECRET });
    expect(refused.status).toBe(401);
    const { json } = await clientFor(deaf).get("/v1/sources");
    expect(json).toMatchObject({ sources: [], keptAside: { count: 0 } });
    await deaf.stop();
    const hearing = await startLedger("secret", SECRET, port);
    const { since } = await pointsAt(clientFor(hearing), repository, "1.0", digest);
    expect((since ?? "") <= pushedBy).toBe(true);
  });
});

describe("a registry that may be asked", () => {
  const commit = { repository: "https://git.example/team/app", sha: shaOf("labelled") };
  let client: Client;
  let registry: Registry;
  let repository: string;
  let layout: Layout;
  let index: string;

  beforeAll(async () => {
    const port = await freePort();
    const notify = { url: `http://127.0.0.1:${port}${PATH}`, authorization: SECRET };
    registry = await startRegistry({ folder: join(folder, "registry-asked"), notify });
    running.push(registry);
    const asked = JSON.stringify({ [registry.host]: { plainHttp: true } });
    client = clientFor(await startLedger("asked", SECRET, port, { ASOF_REGISTRIES: asked }));
    repository = `${registry.host}/team/app`;
    layout = await Layout.create(join(folder, "oci-asked"));
    const labels = [
      `org.opencontainers.image.revision=${commit.sha}`,
      `org.opencontainers.image.source=${commit.repository}`,
    ].flatMap((label) => ["--config.label", label]);
    for (const architecture of ["amd64", "arm64"]) {
      await layout.image(architecture, `for ${architecture}`, architecture);
      await run("umoci", "config", "--image", `${layout.folder}:${architecture}`, ...labels);
    }
    index = layout.index("multi", { amd64: "amd64", arm64: "arm64" });
    await layout.push("multi", `${repository}:1.0`);
  });

  it("tells the commit by the labels of what is pushed, and which images an index holds", async () => {
    await soon(async () => {
      const answer = Artifact.parse((await client.get("/v1/artifact", { digest: index })).json);
      expect(answer.commit).toEqual({ ...commit, evidence: "oci-label" });
    });
    const at = new Date().toISOString();
    const said = event("deployment.succeeded", "1", at, {
      environment: "production",
      service: "team/app",
      deployment: { provider: "test", instance: "here", id: "1" },
      components: [{ component: "main", digest: layout.digestOf("arm64") }],
    });
    expect(outcomesOf(await client.say(said))).toEqual(["recorded"]);
    const { components } = await releaseOf(client, "team/app", "production", at);
    expect(components).toMatchObject([
      {
        image: `${repository}@${index}`,
        reported: layout.digestOf("arm64"),
        tags: ["1.0"],
        commit: { ...commit, evidence: "oci-label" },
      },
    ]);
  });

  it("tells the digest of a tag to whoever sends none", async () => {
    await layout.image("next", "the next version");
    await layout.push("next", `${repository}:2.0`);
    const push = {
      repository: "team/app",
      namespace: "team",
      name: "app",
      docker_url: repository,
      homepage: `https://${registry.host}/repository/team/app`,
      updated_tags: ["2.0"],
    };
    const answer = await client.post(`/v1/webhooks/quay/${PATH_SECRET}`, push);
    expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "recorded"]);
    await pointsAt(client, repository, "2.0", await inspect(`${repository}:2.0`));
  });
});
