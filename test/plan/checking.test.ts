import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { RegistryAccess, registries } from "../../functions/adapters/registry/oci.ts";
import { EnvironmentPlan, hashOf, Plan } from "../../schemas/plan.ts";
import { type Client, event } from "../client.ts";
import { cleanUp, deployed, type GivenDoors, givenDoors } from "../http/given.ts";
import { cleanUp as closeServers, type Reply, type Serving, serving, sha256 } from "../registry/server.ts";

afterAll(cleanUp);
afterEach(closeServers);

const ASKED = "environment=production&service=acme/billing&at=2026-10-22&knownAt=2026-11-22";
const PASSWORD = "a-password-that-nobody-may-see";

/** An image as a registry holds it: of bytes that hash to its digest. */
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const bytesOf = (name: string): string => JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, name });
const digestOf = (name: string): string => sha256(bytesOf(name));

const holding =
  (...names: readonly string[]) =>
  ({ path }: { readonly path: string }): Reply => {
    const body = names.map(bytesOf).find((bytes) => path.endsWith(sha256(bytes)));
    return body === undefined ? { status: 404, body: "{}" } : { headers: { "content-type": MANIFEST }, body };
  };

/** Doors that may ask these registries. */
const asking = (...allowed: readonly Serving[]) => givenDoors({ registries: knowing(...allowed) });

function knowing(...allowed: readonly Serving[]) {
  const how = { plainHttp: true, username: "ci", password: PASSWORD };
  const known = registries(RegistryAccess.parse(Object.fromEntries(allowed.map(({ host }) => [host, how]))));
  return () => Promise.resolve(known);
}

const running = (name: string, repository: string, id = "1", more: object = {}) =>
  deployed(id, "2026-10-20T08:11:00.000Z", {
    components: [{ component: "main", repository, digest: digestOf(name) }],
    ...more,
  });

/** The next day, when all this is known. */
async function told({ client, setNow }: GivenDoors, ...events: readonly unknown[]): Promise<Client> {
  for (const one of events) expect((await client().say(one)).status).toBe(201);
  setNow("2026-11-23T09:00:00.000Z");
  return client("reader");
}

async function planOf(client: Client, asked = `${ASKED}&check=registry`): Promise<Plan> {
  return Plan.parse((await client.get(`/v1/plan?${asked}`)).json);
}

/** What is said of the images, in order. */
const said = ({ registry }: Plan) =>
  (registry?.images ?? []).map(({ image, answer, reason = "" }) => ({ image, answer, reason }));

describe("a plan with check=registry", () => {
  it.each<[string, (seen: { readonly path: string }) => Reply | undefined, string, string]>([
    ["has the image", holding("one"), "there", ""],
    ["has it no more", holding(), "gone", "reports that it is not there"],
    ["has lost it", () => ({ status: 410 }), "unknown", "answered 410"],
    ["is down", () => ({ status: 503 }), "unknown", "answered 503"],
    ["wants another password", () => ({ status: 401 }), "unknown", "answered 401"],
    ["answers with other bytes", () => ({ body: "{}" }), "unknown", "bytes that are not those of"],
    ["breaks off", () => undefined, "unknown", "cannot be reached"],
  ])("says what is true where the registry %s, and is the same plan", async (_, reply, answer, reason) => {
    const registry = await serving(reply);
    const client = await told(asking(registry), running("one", `${registry.host}/acme/billing`));
    const checked = await planOf(client);
    const { registry: check, ...plan } = checked;
    expect(plan).toEqual(await planOf(client, ASKED));
    expect(plan.status).toBe("ready");
    expect(hashOf(checked)).toBe(plan.hash);
    const image = `${registry.host}/acme/billing@${digestOf("one")}`;
    expect(said(checked)).toEqual([{ image, answer, reason: expect.stringContaining(reason) }]);
    expect(JSON.stringify(check)).not.toContain(PASSWORD);
    expect(check?.checkedAt).toMatch(/^2026-11-23T09:00:00/);
  });

  it("asks no registry that is not listed, and says so; nor any without the check", async () => {
    const registry = await serving(holding("one"));
    const client = await told(asking(), running("one", `${registry.host}/acme/billing`));
    const plan = await planOf(client);
    const reason = `the registry ${registry.host} may not be queried: add it to ASOF_REGISTRIES`;
    expect(said(plan)).toMatchObject([{ answer: "unknown", reason }]);
    expect(plan.hash).toBe((await planOf(client, ASKED)).hash);
    const listed = await told(asking(registry), running("one", `${registry.host}/acme/billing`));
    expect((await planOf(listed, ASKED)).registry).toBeUndefined();
    expect(registry.seen).toEqual([]);
  });

  it("looks for what is copied back, and for where it is copied from", async () => {
    const registry = await serving((seen) =>
      (seen.path.includes("/mirror/") ? holding("one") : holding())(seen),
    );
    const [own, mirror] = [`${registry.host}/acme/billing`, `${registry.host}/mirror/billing`];
    const digest = digestOf("one");
    const before = "2026-10-19T08:00:00.000Z";
    const client = await told(
      asking(registry),
      ...[own, mirror].map((repository) =>
        event("artifact.pushed", repository, before, { repository, digest }),
      ),
      running("one", own),
      event("artifact.deleted", "gone", "2026-10-25T08:00:00.000Z", {
        repository: own,
        digest,
        what: "manifest",
      }),
    );
    expect(said(await planOf(client))).toMatchObject([
      { image: `${own}@${digest}`, answer: "gone" },
      { image: `${mirror}@${digest}`, answer: "there" },
    ]);
  });

  it("looks for the images that hold down scripts", async () => {
    const registry = await serving(holding("one"));
    const repository = `${registry.host}/acme/billing`;
    const migration = {
      environment: "production",
      service: "acme/billing",
      database: "billing",
      version: "2",
    };
    const client = await told(
      asking(registry),
      running("one", repository),
      event("migration.applied", "2", "2026-10-25T08:00:00.000Z", {
        ...migration,
        tool: "knex",
        image: digestOf("two"),
      }),
      event("artifact.pushed", "two", "2026-10-25T07:00:00.000Z", { repository, digest: digestOf("two") }),
    );
    expect(said(await planOf(client, `${ASKED}&schema=revert&check=registry`))).toMatchObject([
      { image: `${repository}@${digestOf("one")}`, answer: "there" },
      { image: `${repository}@${digestOf("two")}`, answer: "gone" },
    ]);
  });

  it("asks for the images of a whole page, each once, and a registry for few at a time", async () => {
    let [now, most] = [0, 0];
    const names = Array.from({ length: 30 }, (_, n) => `image ${n}`);
    const registry = await serving(async (seen) => {
      now += 1;
      most = Math.max(most, now);
      await setTimeout(20);
      now -= 1;
      return holding(...names.slice(1))(seen);
    });
    const repository = `${registry.host}/acme/app`;
    const client = await told(
      asking(registry),
      ...names.map((name, n) => running(name, repository, String(n), { service: `acme/${n + 10}` })),
      running("image 0", repository, "again", { service: "acme/zero" }),
    );
    const asked = "environment=production&at=2026-10-22&knownAt=2026-11-22&limit=100";
    const { registry: check, ...plan } = EnvironmentPlan.parse(
      (await client.get(`/v1/plan?${asked}&check=registry`)).json,
    );
    expect(plan).toEqual((await client.get(`/v1/plan?${asked}`)).json);
    expect(check?.images.map(({ answer }) => answer)).toEqual(["gone", ...names.slice(1).map(() => "there")]);
    expect(registry.seen).toHaveLength(names.length);
    expect(most).toBe(8);
  });

  it("waits for no registry longer than somebody waits for the plan, and has what the others said", async () => {
    const silent = await serving(() => new Promise<undefined>(() => {}));
    const other = await serving(holding("two"));
    const components = [silent, other].map(({ host }, n) => ({
      component: n === 0 ? "web" : "worker",
      repository: `${host}/acme/billing`,
      digest: digestOf(n === 0 ? "one" : "two"),
    }));
    const doors = givenDoors({ registries: knowing(silent, other), patienceMs: 200 });
    const client = await told(doors, running("one", "", "1", { components }));
    const plan = await planOf(client);
    expect(said(plan)).toMatchObject([
      { answer: "unknown", reason: `${silent.host} did not answer within 0.2 s` },
      { answer: "there" },
    ]);
  });
});
