/** `asof observe docker`: what an engine says that it runs, on a socket of the test. */
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Release } from "../../schemas/answer.ts";
import { digestOf } from "../ledger/given.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer, newFolder } from "./harness.ts";

const engines: Server[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await new Promise((done) => engine.close(done));
  await cleanUp();
});

interface Container {
  readonly name: string;
  readonly image: string;
  readonly id: string;
  readonly labels?: Record<string, string>;
  readonly state?: object;
  readonly startedAt?: string;
}

const composed = (project: string, service: string) => ({
  "com.docker.compose.project": project,
  "com.docker.compose.service": service,
});

/** An engine with these containers, and these digests of images by their ids. */
async function givenEngine(containers: readonly Container[], images: Record<string, readonly string[]>) {
  const answers = new Map<string, unknown>([
    ["/containers/json?all=true", containers.map(({ name }) => ({ Id: name, State: "running" }))],
    ...containers.map((one): [string, unknown] => [
      `/containers/${one.name}/json`,
      {
        Name: `/${one.name}`,
        Image: one.id,
        Config: { Image: one.image, Labels: one.labels ?? null },
        State: { Running: true, StartedAt: one.startedAt ?? "2026-11-20T08:00:00.5Z", ...one.state },
      },
    ]),
    ...Object.entries(images).map(([id, RepoDigests]): [string, unknown] => [
      `/images/${encodeURIComponent(id)}/json`,
      { RepoDigests },
    ]),
  ]);
  const socket = join(newFolder(), "engine.sock");
  const engine = createServer(({ url = "" }, response) => {
    const answer = answers.get(url);
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? {}));
  });
  engines.push(engine);
  await new Promise<void>((done) => engine.listen(socket, done));
  return socket;
}

const look = (ledger: LedgerServer, socket: string, ...more: readonly string[]) =>
  asof(["observe", "docker", "--socket", socket, "--host", "vm-1", ...more], { ASOF_URL: ledger.url });

async function shownBy(socket: string): Promise<unknown[]> {
  const { out } = await look(await ledgerServer(), socket, "--dry-run", "--json");
  return out.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
}

const ID = digestOf("configuration");
const ONE = digestOf("one");
const TWO = digestOf("two");

describe("asof observe docker", () => {
  it("reports services of Compose and single containers, by the digests in their registries", async () => {
    const web = { image: "ghcr.io/acme/web:1.0", id: ID, labels: composed("shop", "web") };
    const socket = await givenEngine(
      [
        { ...web, name: "shop-web-1" },
        { ...web, name: "shop-web-2", startedAt: "2026-11-21T08:00:00Z" },
        { name: "proxy", image: `docker.io/library/nginx@${TWO}`, id: digestOf("other") },
      ],
      {
        [ID]: [`ghcr.io/acme/web@${ONE}`, `ghcr.io/acme/copy@${TWO}`],
        [digestOf("other")]: [`docker.io/library/nginx@${ONE}`, `docker.io/library/nginx@${TWO}`],
      },
    );
    expect(await shownBy(socket)).toMatchObject([
      {
        kind: "deployment.observed",
        source: "/observe/docker/vm-1",
        environment: "vm-1/shop",
        service: "web",
        occurredAt: "2026-11-22T09:00:00.000Z",
        since: "2026-11-21T08:00:00.000Z",
        components: [{ component: "main", repository: "ghcr.io/acme/web", digest: ONE }],
      },
      {
        environment: "vm-1",
        service: "proxy",
        components: [{ repository: "docker.io/library/nginx", digest: TWO, otherDigests: [ONE] }],
      },
    ]);
  });

  it("names an image that was never in a registry by its configuration", async () => {
    const socket = await givenEngine([{ name: "tool", image: "tool:latest", id: ID }], { [ID]: [] });
    expect(await shownBy(socket)).toMatchObject([
      { service: "tool", components: [{ component: "main", digest: ID, digestOf: "configuration" }] },
    ]);
  });

  it("says what it cannot know: containers that differ, and one that starts again and again", async () => {
    const labels = composed("shop", "web");
    const socket = await givenEngine(
      [
        { name: "a", image: "ghcr.io/acme/web:1", id: ONE, labels },
        { name: "b", image: "ghcr.io/acme/web:2", id: TWO, labels },
        { name: "c", image: "ghcr.io/acme/c:2", id: TWO, state: { Restarting: true } },
        { name: "d", image: "ghcr.io/acme/d:2", id: TWO, state: { Running: false } },
      ],
      {},
    );
    const { code, out } = await look(await ledgerServer(), socket);
    expect(code).toBe(0);
    expect(out).toContain("0 statements");
    expect(out).toContain("a service runs whose containers run different images (vm-1/shop/web)");
    expect(out).toContain("a container runs that is started again and again (c)");
  });

  it("costs one fact a step, and answers what runs", async () => {
    const ledger = await ledgerServer();
    const image = { image: "ghcr.io/acme/web:1.0", id: ID };
    const socket = await givenEngine([{ ...image, name: "web" }], { [ID]: [`ghcr.io/acme/web@${ONE}`] });
    expect((await look(ledger, socket)).out).toContain("1 recorded");
    expect((await look(ledger, socket)).out).toContain("0 recorded, 1 duplicate");
    const { json } = await ledger.doors.client().get("/v1/release", { environment: "vm-1", service: "web" });
    expect(Release.parse(json)).toMatchObject({
      status: "running",
      since: "2026-11-20T08:00:00.500Z",
      components: [{ digest: ONE, repository: "ghcr.io/acme/web" }],
    });
  });

  it("fails in one line where no engine answers, or something else does", async () => {
    const ledger = await ledgerServer();
    const nowhere = await look(ledger, "/nonexistent/engine.sock");
    expect(nowhere).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^asof: \/nonexistent\/engine.sock: /),
    });
    const socket = await givenEngine([], {});
    const other = createServer((_, response) => response.end("<html>"));
    engines.push(other);
    const file = join(newFolder(), "other.sock");
    await new Promise<void>((done) => other.listen(file, done));
    expect((await look(ledger, file)).err).toContain("is no engine of this API");
    expect((await look(ledger, socket)).code).toBe(0);
  });
});
