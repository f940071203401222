/**
 * A year of a team with 35 services in 4 clusters, imported from its repository of manifests into an empty ledger. Each
 * deployment is a commit that sets the image of one service in one cluster, two a week for each. Prints how long the
 * import took by the clock, and the ledger's CPU time, and checks what the ledger then answers about every service.
 *
 *   node --import tsx test/bench/import-year.ts [SERVICES=35] [CLUSTERS=4] [DEPLOYMENTS_A_WEEK=2]
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { Release } from "../../schemas/answer.ts";
import { type Files, manyCommits, newRepository } from "../cli/git-repository.ts";
import { digestOf } from "../ledger/given.ts";
import { cleanUp, end, newFolder, startLedger } from "../local/process.ts";
import { CLI, setup } from "../programs.ts";

const [services = 35, clusters = 4, weekly = 2] = process.argv.slice(2).map(Number);
const WEEKS = 52;
const START = "2025-11-01T00:00:00Z";
const TICKS_A_SECOND = 100;

/** A service in a cluster, and the file that says what it runs there. */
interface Place {
  readonly cluster: string;
  readonly service: string;
}
const places: Place[] = Array.from({ length: services * clusters }, (_, n) => ({
  service: `service-${n % services}`,
  cluster: `cluster-${Math.floor(n / services)}`,
}));
const fileOf = ({ cluster, service }: Place): string => `clusters/${cluster}/${service}/kustomization.yaml`;
const imageOf = ({ service }: Place, n: number): string => digestOf(`${service} ${n}`);

const overlay = (place: Place, n: number): string =>
  [
    `resources: [../../../base/${place.service}]`,
    `namespace: ${place.service}`,
    "images:",
    `  - { name: app, newName: ghcr.io/acme/${place.service}, newTag: 1.${n}.0, digest: "${imageOf(place, n)}" }`,
    "",
  ].join("\n");

const base = (service: string): Files => ({
  [`base/${service}/kustomization.yaml`]: "resources: [deployment.yaml, service.yaml]\n",
  [`base/${service}/deployment.yaml`]: [
    "apiVersion: apps/v1",
    "kind: Deployment",
    `metadata: { name: ${service} }`,
    "spec: { template: { spec: { containers: [{ name: app, image: app }] } } }",
    "",
  ].join("\n"),
  [`base/${service}/service.yaml`]: `apiVersion: v1\nkind: Service\nmetadata: { name: ${service} }\n`,
});

/** The commits of the year: the first one has everything, each later one a deployment of one place. */
function commits(): Files[] {
  const bases = [...new Set(places.map(({ service }) => service))].map(base);
  const first: Files = Object.assign(
    {},
    ...bases,
    ...places.map((place) => ({ [fileOf(place)]: overlay(place, 0) })),
  );
  const later = Array.from({ length: WEEKS * weekly }, (_, n) =>
    places.map((place): Files => ({ [fileOf(place)]: overlay(place, n + 1) })),
  );
  return [first, ...later.flat()];
}

/** The CPU time that a process has taken so far, in seconds. */
function cpuOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

await setup();
const all = commits();
const repository = newRepository();
// All of them within the year.
const stepS = Math.floor((WEEKS * 7 * 86_400) / all.length);
manyCommits(repository, all, Date.parse(START), stepS);
const paths = join(newFolder(), "asof.import.yaml");
writeFileSync(paths, JSON.stringify({ paths: [{ path: "clusters/{environment}/{service}/**" }] }));

const ledger = await startLedger(newFolder());
const begun = performance.now();
const out = execFileSync(process.execPath, [CLI, "import", "git", repository.folder, "--paths", paths], {
  encoding: "utf8",
  env: { ...process.env, ASOF_URL: ledger.address, ASOF_TOKEN: ledger.token },
});
const seconds = (performance.now() - begun) / 1000;
const ofServer = cpuOf(ledger.child.pid);

const wrong: string[] = [];
const last = WEEKS * weekly;
for (const place of places) {
  const { json } = await ledger.client.get("/v1/release", {
    environment: place.cluster,
    service: place.service,
    at: new Date(Date.parse(START) + all.length * stepS * 1000).toISOString(),
  });
  const digest = Release.safeParse(json).data?.components[0]?.digest;
  if (digest !== imageOf(place, last)) wrong.push(`${place.cluster}/${place.service}: ${digest}`);
}
await end(ledger, "SIGTERM");
cleanUp();
console.log(out.trim());
console.log(
  [
    `${all.length} commits of ${services} services in ${clusters} clusters: ${seconds.toFixed(0)} s`,
    `CPU time of the ledger: ${ofServer.toFixed(0)} s`,
    `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`,
    wrong.length === 0 ? `all ${places.length} releases are right` : `wrong: ${wrong.slice(0, 5).join(", ")}`,
  ].join("\n"),
);
process.exitCode = wrong.length === 0 ? 0 : 1;
