/** A plan's steps as they are printed, on a real registry: what was deleted comes back, byte for byte. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { plan } from "../functions/ledger/plan/plan.ts";
import type { Plan } from "../schemas/plan.ts";
import { given, said } from "./ledger/given.ts";
import { main, PLACE, succeeded, time } from "./ledger/saying.ts";
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
  const settings = join(folder, ".config", "containers");
  mkdirSync(settings, { recursive: true });
  writeFileSync(join(settings, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
  writeFileSync(
    join(settings, "registries.conf"),
    `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`,
  );
});

afterAll(async () => {
  await registry?.stop();
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
