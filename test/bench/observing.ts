/**
 * What `asof observe kubernetes --watch` takes of memory: the bundled program in a process of its own, a cluster of 5,000
 * pods of the size of real ones, and changes that go on.
 *
 *     node --import tsx test/bench/observing.ts [pods]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { PROGRAMS } from "../../functions/runtime/build.ts";
import { bundlePrograms } from "../../functions/runtime/bundle.ts";
import { startOfBase } from "../kubernetes/base.ts";
import { owner, pod } from "../kubernetes/objects.ts";
import { apiServer, stopApiServers } from "../kubernetes/server.ts";

const PODS = "/api/v1/pods";
const A_WORKLOAD = 5;
const CHANGES = Number(process.env.ASOF_BENCH_CHANGES ?? 2000);

/** A pod with what fills a real one: managed fields, variables, mounts. */
function large(n: number, since: string) {
  const service = `service-${Math.floor(n / A_WORKLOAD)}`;
  const env = Array.from({ length: 30 }, (_, i) => ({
    name: `VARIABLE_${i}`,
    value: `value-${n}-${i}`.repeat(4),
  }));
  const volumes = [{ name: "config", configMap: { name: `${service}-config` } }];
  const made = pod({
    name: `${service}-aaa-${n}`,
    service,
    since,
    annotations: { "acme.org/note": "x".repeat(3000) },
  });
  const padded = {
    ...made,
    spec: { volumes, containers: [{ name: "app", image: "a/b:1", env }] },
    filler: "y".repeat(3000),
  };
  return padded;
}

const status = (pid: number | undefined, field: string): number =>
  Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1000;

async function measure(pods: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "asof-bench-observe-"));
  await bundlePrograms({ entries: { observer: PROGRAMS["asof-observer"] }, folder, external: [] });
  const api = await apiServer();
  api.put(PODS, ...Array.from({ length: pods }, (_, n) => large(n, "2026-11-01T09:00:30Z")));
  const services = Array.from({ length: pods / A_WORKLOAD }, (_, n) => `service-${n}`);
  api.put(
    "/apis/apps/v1/deployments",
    ...services.map((name) => owner("Deployment", name, { replicas: A_WORKLOAD })),
  );
  api.put(
    "/apis/apps/v1/replicasets",
    ...services.map((name) => owner("ReplicaSet", `${name}-aaa`, { replicas: A_WORKLOAD })),
  );
  let recorded = 0;
  const ledger = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += String(part);
    });
    request.on("end", () => {
      const all: unknown[] = JSON.parse(body);
      recorded += all.length;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ outcomes: all.map(() => ({ outcome: "recorded" })) }));
    });
  }).listen(0, "127.0.0.1");
  await setTimeout(100);
  const address = ledger.address();
  const port = typeof address === "object" ? address?.port : 0;
  const args = [
    "observe",
    "kubernetes",
    "--cluster",
    "eu-1",
    "--watch",
    "--kubeconfig",
    api.kubeconfig(folder),
  ];
  const { options, env } = startOfBase();
  const child = spawn(
    process.execPath,
    [...options, join(folder, "observer.mjs"), ...args, "--url", `http://127.0.0.1:${port}`],
    {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...env, ASOF_TOKEN: "a-token" },
    },
  );
  while (recorded < services.length) await setTimeout(200);
  const first = status(child.pid, "VmRSS");
  for (let n = 0; n < CHANGES; n++) {
    api.put(PODS, large(n, "2026-11-01T09:10:30Z"));
    if (n % 10 === 0) await setTimeout(20);
  }
  await setTimeout(3000);
  console.log({
    pods,
    recorded,
    afterTheFirstLookMB: first,
    afterChangesMB: status(child.pid, "VmRSS"),
    highestMB: status(child.pid, "VmHWM"),
  });
  child.kill("SIGTERM");
  ledger.closeAllConnections();
  ledger.close();
  await stopApiServers();
  rmSync(folder, { recursive: true, force: true });
}

await measure(Number(process.argv[2] ?? 5000));
