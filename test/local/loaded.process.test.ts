/** A ledger that runs needs its packages no more: whoever installs or updates them beside it breaks nothing. */
import { cpSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { SOURCES } from "../../functions/sources/sources.ts";
import { clientOf, over } from "../client.ts";
import { cleanUp, end, newFolder, startProcess } from "./process.ts";

afterAll(cleanUp);

const ROOT = join(import.meta.dirname, "../..");
const TOKEN = "admin-token-of-this-test";

it("answers every endpoint after its packages are gone", async () => {
  const tree = newFolder();
  for (const part of ["functions", "schemas", "web", "package.json", "tsconfig.json"])
    cpSync(join(ROOT, part), join(tree, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  const env = { ASOF_DATA: newFolder(), ASOF_TOKENS: `admin:test:${TOKEN}` };
  const ledger = startProcess(env, join(tree, "functions/runtime/server/server.ts"));
  const client = clientOf(over(await ledger.listening), TOKEN);
  rmSync(join(tree, "node_modules"));

  const place = { environment: "production", service: "acme/billing" };
  const questions: readonly [path: string, parameters?: Record<string, string>][] = [
    ["/healthz"],
    ["/openapi.json"],
    ["/v1/environments"],
    ["/v1/sources"],
    ["/v1/release", place],
    ["/v1/snapshot", { environment: "production" }],
    ["/v1/timeline", { environment: "production", from: "2026-10-01", to: "2026-10-02" }],
    ["/v1/diff", { ...place, from: "2026-10-01", to: "2026-10-02" }],
    ["/v1/plan", { ...place, at: "2026-10-01", check: "registry" }],
    ["/v1/gate", { ...place, digest: `sha256:${"1".repeat(64)}` }],
    ["/v1/timeline", { environment: "production", from: "2026-10-01", format: "csv" }],
    ["/v1/changes", { environment: "production", before: "yesterday", tz: "Europe/Berlin" }],
    ["/v1/services"],
    ["/v1/history", { environment: "production", from: "2026-10-01" }],
    ["/v1/whoami"],
    ["/v1/quarantine"],
    ["/metrics"],
    ["/auth/session"],
    ["/"],
    ["/v1/repositories"],
    ["/v1/repositories/needed", { repository: "ghcr.io/acme/billing" }],
    ["/v1/freezes"],
    ["/v1/redeployments"],
    ["/v1/redeployments/1.1"],
    ["/v1/export", { from: "2026-10-01" }],
  ];
  for (const [path, parameters] of questions)
    expect([path, (await client.get(path, parameters ?? {})).status < 500]).toEqual([path, true]);
  const posts = [
    ...[...SOURCES.keys()].map((vendor) => `/v1/webhooks/${vendor}`),
    "/v1/events",
    "/v1/attestations",
    "/v1/retractions",
    "/v1/marks",
    "/v1/freezes",
    "/v1/redeployments",
    "/v1/redeployments/1.1/end",
  ];
  for (const path of posts) expect([path, (await client.post(path, {})).status < 500]).toEqual([path, true]);
  await end(ledger, "SIGTERM");
});
