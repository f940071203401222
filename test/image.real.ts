/** The server's image: built by a real engine as the Dockerfile says, on a base of this machine's own Node. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ledgerClient } from "../functions/adapters/api-client.ts";
import { Statement } from "../schemas/fact.ts";
import { digestOf } from "./ledger/given.ts";
import { type Containers, startContainers } from "./real/containers.ts";
import { putLibraries, putNode, putProgram } from "./real/images.ts";
import { installInProject, pack } from "./real/package.ts";
import { freePort } from "./real/registry.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

const folder = mkdtempSync(join(tmpdir(), "asof-image-"));
const PLACE = { environment: "production", service: "acme/billing" };
let containers: Containers;

beforeAll(async () => {
  containers = await startContainers(join(folder, "engine"));
  const tarball = await pack(containers.workplace);
  // What it depends on is in npm's cache then: the build needs no network.
  await installInProject(tarball, join(folder, "project"), {});
  copyFileSync(join(import.meta.dirname, "../Dockerfile"), join(containers.workplace, "Dockerfile"));
  const root = join(folder, "root");
  mkdirSync(root);
  putNode(root);
  putProgram(root, "mkdir", "/usr/bin/mkdir");
  putLibraries(root, sqliteIn(join(folder, "project")));
  execFileSync("tar", ["--create", "--file", join(folder, "base.tar"), "--directory", root, "."]);
  const cache = execFileSync("npm", ["config", "get", "cache"], { encoding: "utf8" }).trim();
  const fromCache = `--volume ${cache}:/cache --env npm_config_cache=/cache --env npm_config_offline=true`;
  await containers.pasted(`docker import --change 'ENV PATH=/usr/bin' ${folder}/base.tar localhost/base`);
  await containers.pasted(
    `docker build --format docker --network none ${fromCache} --build-arg BASE=localhost/base --tag asof .`,
  );
});
afterAll(async () => {
  await containers.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The one file of native code: a base needs the libraries that it names. */
function sqliteIn(project: string): string {
  const packages = join(project, "node_modules/@libsql");
  const [name = ""] = readdirSync(packages).filter((one) => existsSync(join(packages, one, "index.node")));
  return join(packages, name, "index.node");
}

/** Starts a container of it on the volume `ledger`, and gives a client once it is healthy. */
async function started(name: string) {
  const port = await freePort();
  const here = `--network host --env ASOF_HOST=127.0.0.1 --env ASOF_PORT=${port}`;
  await containers.pasted(`docker run --detach --name ${name} ${here} --volume ledger:/data asof`);
  const url = `http://127.0.0.1:${port}`;
  for (let n = 0; (await fetch(`${url}/healthz`).catch(() => undefined))?.status !== 200; n++) {
    if (n === 300) throw new Error(await containers.pasted(`docker logs ${name} 2>&1`));
    await setTimeout(100);
  }
  const inside = (program: string) => containers.pasted(`docker exec ${name} node -p "${program}"`);
  const token = (await inside("fs.readFileSync('/data/token', 'utf8')")).trim();
  return { ledger: ledgerClient({ url, token }), inside };
}

/** Stops it as an orchestrator does. @returns its exit code */
async function stopped(name: string): Promise<string> {
  await containers.pasted(`docker stop --time 30 ${name}`);
  return (await containers.pasted(`docker inspect --format '{{.State.ExitCode}}' ${name}`)).trim();
}

it("serves as a user that is not root, is healthy, ends by SIGTERM, and has its data when it comes back", async () => {
  const { ledger, inside } = await started("first");
  expect((await inside("process.getuid()")).trim()).toBe("1000");
  // Fails where the command of the image's own check does.
  await containers.pasted("docker healthcheck run first");
  const statement = Statement.parse({
    ...{ kind: "deployment.succeeded", source: "/test", id: "1", occurredAt: "2026-10-01T10:00:00.000Z" },
    ...{ ...PLACE, deployment: { provider: "test", instance: "here", id: "1" } },
    components: [{ component: "main", digest: digestOf("1") }],
  });
  expect((await ledger.record([statement])).outcomes).toMatchObject([{ outcome: "recorded" }]);
  expect(await stopped("first")).toBe("0");

  const again = await started("second");
  expect((await again.ledger.release(PLACE)).components).toMatchObject([{ digest: digestOf("1") }]);
  expect(await stopped("second")).toBe("0");
});
