/** The observer's own program, as its pod runs it: Node with the base's options, and the base's arguments. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { Release } from "../../schemas/answer.ts";
import { cleanUp, type LedgerServer, ledgerServer, newFolder } from "../cli/harness.ts";
import { tokenOf } from "../http/given.ts";
import { digestOf } from "../ledger/given.ts";
import { PROGRAMS_FOLDER } from "../programs.ts";
import { startOfBase } from "./base.ts";
import { pod } from "./objects.ts";
import { type ApiServer, apiServer, stopApiServers } from "./server.ts";

const PODS = "/api/v1/pods";
const PATIENCE = { timeout: 50_000, interval: 100 };

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await stopApiServers();
  await cleanUp();
});

/** Starts it with what the base's ConfigMap and Secret give. */
function started(api: ApiServer, ledger: LedgerServer) {
  const { options, args, env } = startOfBase();
  const token = join(newFolder(), "token");
  writeFileSync(token, tokenOf("writer"));
  const given = args.map((one) => one.replace("$(CLUSTER)", "eu-1").replace("/run/asof/token", token));
  const program = join(PROGRAMS_FOLDER, "asof-observer.mjs");
  const child = spawn(
    process.execPath,
    [...options, program, ...given, "--kubeconfig", api.kubeconfig(newFolder())],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env, ASOF_URL: ledger.url } },
  );
  children.push(child);
  const printed = { out: "", err: "" };
  child.stdout.on("data", (part) => {
    printed.out += String(part);
  });
  child.stderr.on("data", (part) => {
    printed.err += String(part);
  });
  return { child, printed };
}

it("reports what runs and what comes, and ends with its totals when it is told to", async () => {
  const api = await apiServer();
  const ledger = await ledgerServer();
  ledger.doors.setNow(new Date().toISOString());
  const digests = async (): Promise<unknown[]> => {
    const place = { environment: "eu-1/shop", service: "web" };
    const { status, json } = await ledger.doors.client().get("/v1/release", place);
    return status === 200 ? Release.parse(json).components.map(({ digest }) => digest) : [];
  };
  const secondsAgo = (n: number): string => new Date(Date.now() - n * 1000).toISOString();
  api.put(PODS, pod({ template: "aaa", image: "one", since: secondsAgo(3600) }));
  const { child, printed } = started(api, ledger);
  await vi.waitFor(async () => expect(await digests(), printed.err).toEqual([digestOf("one")]), PATIENCE);

  const two = pod({ template: "bbb", image: "two", since: secondsAgo(1) });
  api.drop(PODS, pod({ template: "aaa" }).metadata.uid);
  api.put(PODS, two);
  ledger.doors.setNow(new Date().toISOString());
  await vi.waitFor(async () => expect(await digests(), printed.err).toEqual([digestOf("two")]), PATIENCE);

  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  expect({ code, out: printed.out }).toEqual({
    code: 0,
    out: expect.stringMatching(/^\d+ statements: \d+ recorded.*\ncould not be known: .*\n$/),
  });
});
