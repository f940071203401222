/** Image repositories, and which of their images are still needed. */
import { afterAll, describe, expect, it } from "vitest";
import { NeededImages, Repositories } from "../../schemas/answers/repositories.ts";
import { event } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { cleanUp, givenDoors } from "./given.ts";

afterAll(cleanUp);

const REPOSITORY = "ghcr.io/acme/billing";
let count = 0;
const at = (day: number) => `2026-10-${String(day).padStart(2, "0")}T12:00:00.000Z`;

const deployed = (day: number, image: string, more: object = {}) =>
  event("deployment.succeeded", `d${++count}`, at(day), {
    environment: "production",
    service: "acme/billing",
    deployment: { provider: "test", instance: "here", id: `d${count}` },
    components: [{ component: "main", repository: REPOSITORY, digest: digestOf(image) }],
    ...more,
  });
const staging = { environment: "staging" };

async function given(...events: readonly object[]) {
  const { client } = givenDoors();
  for (const one of events) expect((await client().say(one)).status).toBe(201);
  return client("reader");
}

type Client = Awaited<ReturnType<typeof given>>;
const NAMES = ["a", "b", "c", "d", "index", "amd64", "other"];

/** The images by name, each with why it is needed, and where. */
async function needed(client: Client, query: Record<string, string> = {}) {
  const { status, json } = await client.get("/v1/repositories/needed", { repository: REPOSITORY, ...query });
  expect(status).toBe(200);
  const { images } = NeededImages.parse(json);
  const entries = images.map(({ digest, reasons }) => [
    NAMES.find((name) => digestOf(name) === digest),
    reasons.map(({ why, environment }) => (environment === undefined ? why : `${why} in ${environment}`)),
  ]);
  return Object.fromEntries(entries);
}

describe("the needed images of a repository", () => {
  it("are those that run somewhere, and the last good ones", async () => {
    const client = await given(
      ...["a", "b", "c"].map((image, n) => deployed(n + 1, image)),
      deployed(4, "a", staging),
    );
    expect(await needed(client)).toEqual({
      a: ["runs in staging"],
      b: ["last good in production"],
      c: ["runs in production"],
    });
  });

  it("are those that ran since a time, too, also what ran then already", async () => {
    const client = await given(...["a", "b", "c", "d"].map((image, n) => deployed(n * 2 + 1, image)));
    const found = await needed(client, { since: "2026-10-04" });
    expect(Object.keys(found).sort()).toEqual(["b", "c", "d"]);
    expect(found.b).toEqual(["ran in production"]);
  });

  it("are the manifests of indexes that are needed", async () => {
    const client = await given(
      event("artifact.indexed", "index", at(1), {
        digest: digestOf("index"),
        manifests: [{ digest: digestOf("amd64") }],
      }),
      deployed(2, "index"),
    );
    expect(await needed(client)).toEqual({ index: ["runs in production"], amd64: ["index"] });
  });

  it("are not those of other repositories", async () => {
    const other = [{ component: "main", repository: "ghcr.io/acme/web", digest: digestOf("other") }];
    const client = await given(deployed(1, "a"), deployed(2, "other", { ...staging, components: other }));
    expect(await needed(client)).toEqual({ a: ["runs in production"] });
  });

  it("are all that may run, where a tag moved meanwhile", async () => {
    const pushed = (time: string, image: string) =>
      event("artifact.pushed", image, time, {
        repository: REPOSITORY,
        tag: "latest",
        digest: digestOf(image),
      });
    const client = await given(
      pushed("2026-10-01T11:59:40.000Z", "a"),
      pushed("2026-10-01T11:59:50.000Z", "b"),
      deployed(1, "", { components: [{ component: "main", repository: REPOSITORY, tag: "latest" }] }),
    );
    const { json } = await client.get("/v1/repositories/needed", { repository: REPOSITORY });
    const { images } = NeededImages.parse(json);
    expect(images.map(({ digest }) => digest).sort()).toEqual([digestOf("a"), digestOf("b")].sort());
    expect(images.flatMap(({ reasons }) => reasons)).toMatchObject([
      { candidate: true },
      { candidate: true },
    ]);
  });

  it("come in pages of services", async () => {
    const client = await given(deployed(1, "a"), deployed(2, "b", { service: "acme/second" }));
    const first = NeededImages.parse(
      (await client.get("/v1/repositories/needed", { repository: REPOSITORY, limit: "1" })).json,
    );
    expect(first.images.map(({ digest }) => digest)).toEqual([digestOf("a")]);
    expect(await needed(client, { limit: "1", cursor: first.next ?? "" })).toEqual({
      b: ["runs in production"],
    });
  });
});

it("lists the repositories that facts name, with their services and present names", async () => {
  const client = await given(
    deployed(1, "a"),
    event("artifact.pushed", "push", at(1), { repository: "ghcr.io/acme/old", digest: digestOf("b") }),
    event("repository.renamed", "rename", at(2), { from: "ghcr.io/acme/old", to: "ghcr.io/acme/new" }),
    event("service.described", "description", at(1), { service: "acme/billing", images: [REPOSITORY] }),
  );
  const { repositories } = Repositories.parse((await client.get("/v1/repositories")).json);
  expect(repositories).toEqual([
    { repository: REPOSITORY, services: ["acme/billing"] },
    { repository: "ghcr.io/acme/new", services: [] },
    { repository: "ghcr.io/acme/old", renamedTo: "ghcr.io/acme/new", services: [] },
  ]);
  const page = Repositories.parse((await client.get("/v1/repositories", { limit: "1" })).json);
  expect(page.repositories).toHaveLength(1);
  expect(page.next).not.toBeNull();
});
