/** What really runs, of a real engine (podman) and a real registry that notifies nobody. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Release, TagAnswer } from "../schemas/answer.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer } from "./cli/harness.ts";
import { type Containers, startContainers } from "./real/containers.ts";
import { putProgram } from "./real/images.ts";
import { deleteManifest, freePort, inspect, type Registry, startRegistry } from "./real/registry.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), "asof-observing-"));
let registry: Registry;
let containers: Containers;
let ledger: LedgerServer;
let repository: string;

const at = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();

beforeAll(async () => {
  // Nobody listens for its notifications.
  const notify = { url: `http://127.0.0.1:${await freePort()}/`, authorization: "none" };
  registry = await startRegistry({ folder: join(folder, "registry"), notify });
  repository = `${registry.host}/acme/app`;
  containers = await startContainers(join(folder, "engine"), registry.host);
  ledger = await ledgerServer();
  ledger.doors.setNow(at(10));
  for (const name of ["one", "two"]) {
    const root = join(folder, name);
    mkdirSync(join(root, "usr/bin"), { recursive: true });
    putProgram(root, "sleep", "/bin/sleep");
    execFileSync("tar", ["--create", "--file", `${root}.tar`, "--directory", root, "."]);
    const named = `--change 'LABEL image=${name}'`;
    await containers.pasted(`docker import ${named} ${root}.tar ${repository}:${name}`);
    await containers.pasted(`docker push --tls-verify=false ${repository}:${name}`);
    // What was made here has another digest than what the registry got, which is compressed.
    await containers.pasted(`docker rmi ${repository}:${name}`);
    await containers.pasted(`docker pull ${repository}:${name}`);
  }
});
afterAll(async () => {
  await containers?.stop();
  await registry?.stop();
  await cleanUp();
  rmSync(folder, { recursive: true, force: true });
});

const observe = (now: string, ...args: readonly string[]) =>
  asof(["observe", ...args], { ASOF_URL: ledger.url }, now);

it("tells a container's image by the digest in its registry, and that of a service of Compose", async () => {
  const run = "docker run --detach --network none";
  const labels = "--label com.docker.compose.project=shop --label com.docker.compose.service=web";
  await containers.pasted(`${run} --name single ${repository}:one /usr/bin/sleep 600`);
  for (const n of [1, 2])
    await containers.pasted(`${run} --name web-${n} ${labels} ${repository}:two /usr/bin/sleep 600`);
  const socket = join(folder, "engine/api.sock");
  const looked = await observe(at(0), "docker", "--socket", socket, "--host", "vm-1");
  expect(looked).toMatchObject({ code: 0, err: "", out: expect.stringContaining("2 recorded") });
  for (const [environment, service, tag] of [
    ["vm-1", "single", "one"],
    ["vm-1/shop", "web", "two"],
  ] as const) {
    const { json } = await ledger.doors.client().get("/v1/release", { environment, service });
    const { components } = Release.parse(json);
    expect(components).toMatchObject([{ component: "main", repository }]);
    const known = [components[0]?.digest, components[0]?.reported];
    expect(known).toContain(await inspect(`${repository}:${tag}`));
  }
});

it("tells the tags of a registry, one that moves, and one whose manifest is deleted", async () => {
  const state = ["--state", join(folder, "tags.json")];
  const [one, two] = [await inspect(`${repository}:one`), await inspect(`${repository}:two`)];
  expect((await observe(at(0), "registry", repository, ...state)).code).toBe(0);
  await containers.pasted(`docker tag ${repository}:one ${repository}:two`);
  await containers.pasted(`docker push --tls-verify=false ${repository}:two`);
  expect(await inspect(`${repository}:two`)).toBe(one);
  await observe(at(1), "registry", repository, ...state);
  const tagOf = async (tag: string) =>
    TagAnswer.parse((await ledger.doors.client().get("/v1/tag", { repository, tag })).json);
  expect(await tagOf("two")).toMatchObject({ digest: one, history: [{ digest: one }, { digest: two }] });
  expect(await deleteManifest(registry.host, "acme/app", one)).toBe(202);
  await observe(at(2), "registry", repository, ...state);
  expect(await tagOf("one")).toMatchObject({ digest: null });
  expect(await tagOf("two")).toMatchObject({ digest: null });
});
