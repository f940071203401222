/** A plan's steps as they are printed, on a real registry: what was deleted comes back, byte for byte. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RegistryAccess, registries } from "../functions/adapters/registry/oci.ts";
import { plan } from "../functions/plan/plan.ts";
import { Plan } from "../schemas/plan.ts";
import { event } from "./client.ts";
import { cleanUp, deployed, givenDoors } from "./http/given.ts";
import { given, said } from "./ledger/given.ts";
import { main, PLACE, succeeded, time } from "./ledger/saying.ts";
import { allowPlainHttp } from "./real/containers.ts";
import { deleteManifest, freePort, inspect, Layout, type Registry, startRegistry } from "./real/registry.ts";

const execute = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "asof-plan-"));
let registry: Registry;
let layout: Layout;

/** Runs a command in a shell, as a person would paste it, where the registry may be asked without TLS. */
async function pasted(shell: string): Promise<void> {
  await execute("sh", ["-c", shell], { env: { PATH: process.env.PATH ?? "", HOME: folder } });
}

beforeAll(async () => {
  const notify = { url: `http://127.0.0.1:${await freePort()}/`, authorization: "none" };
  registry = await startRegistry({ folder: join(folder, "registry"), notify });
  layout = await Layout.create(join(folder, "oci"));
  allowPlainHttp(folder, registry.host);
});

afterAll(async () => {
  await registry?.stop();
  cleanUp();
  rmSync(folder, { recursive: true, force: true });
});

it("copies an index back from the repository that still has it, under the same digest", async () => {
  for (const architecture of ["amd64", "arm64"]) await layout.image(architecture, architecture, architecture);
  const digest = layout.index("multi", { amd64: "amd64", arm64: "arm64" });
  const [own, mirror] = [`${registry.host}/acme/app`, `${registry.host}/mirror/app`];
  for (const repository of [own, mirror]) await layout.push("multi", `${repository}:1.0`);
  expect(await deleteManifest(registry.host, "acme/app", digest)).toBe(202);
  await expect(inspect(`${own}@${digest}`)).rejects.toThrow();

  const pushed = [own, mirror].map((repository) =>
    said("artifact.pushed", time("10 11:00"), { repository, digest }),
  );
  const deleted = said("artifact.deleted", time("25 12:00"), { repository: own, digest, what: "manifest" });
  const ledger = await given(...pushed, deleted, succeeded("10 12:00", [main({ repository: own, digest })]));
  const planned: Plan | undefined = await plan(ledger.at(time("26 12:00")), PLACE, {
    aim: { at: time("12 12:00") },
  });
  expect(planned?.status).toBe("ready");
  const [copy] = planned?.steps ?? [];
  expect(copy?.title).toBe(`copy ${own}@${digest} back`);
  for (const { shell } of copy?.commands ?? []) await pasted(shell);
  expect(await inspect(`${own}@${digest}`)).toBe(digest);
});

it("says beside the plan what the registry says now, and plans the same whatever that is", async () => {
  const notify = { url: `http://127.0.0.1:${await freePort()}/`, authorization: "none" };
  const asked = await startRegistry({ folder: join(folder, "asked"), notify });
  const repository = `${asked.host}/acme/app`;
  const images = await Layout.create(join(folder, "images"));
  for (const name of ["single", "amd64", "arm64"]) {
    await images.image(name, `what ${name} holds`, name === "arm64" ? name : "amd64");
  }
  images.index("index", { amd64: "amd64", arm64: "arm64" });
  for (const name of ["single", "index"]) await images.push(name, `${repository}:${name}`);

  const known = registries(RegistryAccess.parse({ [asked.host]: { plainHttp: true } }));
  const { client, setNow } = givenDoors({ registries: () => Promise.resolve(known) });
  const components = ["index", "single"].map((component) => ({
    component,
    repository,
    digest: images.digestOf(component),
  }));
  const at = "2026-10-20T08:11:00.000Z";
  for (const one of [
    ...components.map(({ component, ...it }) => event("artifact.pushed", component, at, it)),
    deployed("1", at, { components }),
  ]) {
    expect((await client().say(one)).status).toBe(201);
  }
  setNow("2026-11-23T09:00:00.000Z");
  const planOf = async (check: object) => {
    const question = {
      environment: "production",
      service: "acme/billing",
      at,
      knownAt: "2026-11-22",
      ...check,
    };
    return Plan.parse((await client("reader").get("/v1/plan", question)).json);
  };
  const plain = await planOf({});
  expect(plain.status).toBe("ready");
  /** What is said of the index and of the single image, once it is sure that the plan is the same. */
  const said = async (): Promise<[string, string][]> => {
    const { registry: check, ...same } = await planOf({ check: "registry" });
    expect(same).toEqual(plain);
    expect(check?.images.map(({ image }) => image)).toEqual(
      components.map((one) => `${repository}@${one.digest}`),
    );
    return (check?.images ?? []).map(({ answer, reason = "" }) => [answer, reason]);
  };

  try {
    expect(await said()).toEqual([
      ["there", ""],
      ["there", ""],
    ]);
    // No fact tells of it: this registry's notifications go nowhere.
    for (const name of ["single", "arm64"]) {
      expect(await deleteManifest(asked.host, "acme/app", images.digestOf(name))).toBe(202);
    }
    await expect(inspect(`${repository}@${images.digestOf("single")}`)).rejects.toThrow();
    expect(await said()).toEqual([
      ["gone", expect.stringContaining(images.digestOf("arm64"))],
      ["gone", expect.stringContaining(`${asked.host} reports that it is not there`)],
    ]);
  } finally {
    await asked.stop();
  }
  const unreachable = `${asked.host} cannot be reached (ECONNREFUSED)`;
  expect(await said()).toEqual([
    ["unknown", unreachable],
    ["unknown", unreachable],
  ]);
});
