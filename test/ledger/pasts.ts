/**
 * One past, twice: as a vendor's own events report it when it happens, and as an importer reads it afterwards from what
 * the vendor remembers.
 */
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { contents } from "../../cli/import/ecr.ts";
import { history } from "../../cli/import/ecs.ts";
import { statementOf } from "../../cli/import/git/statements.ts";
import type { Item } from "../../cli/import/importer.ts";
import { argocd } from "../../cli/import/kubernetes/argocd.ts";
import { helmReleases, kustomizations } from "../../cli/import/kubernetes/flux.ts";
import { helm } from "../../cli/import/kubernetes/helm.ts";
import type { List } from "../../cli/import/kubernetes/lists.ts";
import type { Origin } from "../../cli/import/kubernetes/origin.ts";
import { aws } from "../../functions/sources/aws/aws.ts";
import { argocd as argocdWebhook } from "../../functions/sources/deployers/argocd.ts";
import { flux as fluxWebhook } from "../../functions/sources/deployers/flux.ts";
import { helm as helmWebhook } from "../../functions/sources/deployers/helm.ts";
import type { Source } from "../../functions/sources/source.ts";
import { Statement } from "../../schemas/fact.ts";
import { digestOf, repositoryOf } from "./given.ts";

const START_MS = Date.parse("2026-10-01T08:00:00Z");
const MINUTE_MS = 60_000;

/** Something that a vendor did: at a minute, for some minutes. */
interface Step {
  readonly startMs: number;
  readonly endMs: number;
  readonly isDone: boolean;
  /** By name. */
  readonly image: string;
  /** Only a part of the service was deployed. */
  readonly isPart: boolean;
}

export const steps: fc.Arbitrary<Step[]> = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 3000 }),
      took: fc.integer({ min: 1, max: 30 }),
      isDone: fc.boolean(),
      image: fc.constantFrom("one", "two"),
      isPart: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((all) => {
    let atMs = START_MS;
    return all.map(({ gap, took, ...step }) => {
      const startMs = atMs + gap * MINUTE_MS;
      atMs = startMs + took * MINUTE_MS;
      return { ...step, startMs, endMs: atMs };
    });
  });

export interface Past {
  readonly live: Statement[];
  readonly imported: Statement[];
}

/** Seconds, as these vendors write times. */
const at = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");

function said(source: Source, payload: unknown): Statement[] {
  const headers = new Headers({ "x-asof-cluster": "eu-1" });
  return source.toStatements(payload, { headers, receivedAt: at(START_MS) }).map((mapped) => {
    if (mapped.is !== "statement") throw new Error(`is ${mapped.is}`);
    return Statement.parse(mapped.statement);
  });
}

async function read(items: AsyncGenerator<Item>): Promise<Statement[]> {
  const found: Statement[] = [];
  for await (const item of items) if (item.is === "statement") found.push(Statement.parse(item.statement));
  return found;
}

// --- AWS ---------------------------------------------------------------------------------------------------

const ARN = "arn:aws:ecs:eu-central-1:123456789012";
const envelope = { account: "123456789012", region: "eu-central-1" };
const HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

async function ecsPast(all: readonly Step[]): Promise<Past> {
  const clusterArn = `${ARN}:cluster/production`;
  const revision = (n: number) => `${ARN}:service-revision/production/web/${n}`;
  const event = (n: number, name: string, ms: number) => ({
    ...envelope,
    source: "aws.ecs",
    "detail-type": "ECS Deployment State Change",
    id: `${n}-${name}`,
    time: at(ms),
    resources: [`${ARN}:service/production/web`],
    // ECS tells it a moment after it happened.
    detail: {
      eventName: `SERVICE_DEPLOYMENT_${name}`,
      deploymentId: `ecs-svc/${n}`,
      updatedAt: at(ms + 1000),
    },
  });
  const live = all.flatMap(({ startMs, endMs, isDone }, n) => [
    ...said(aws, event(n, "IN_PROGRESS", startMs)),
    ...said(aws, event(n, isDone ? "COMPLETED" : "FAILED", endMs)),
  ]);
  const deployments = all.map(({ startMs, endMs, isDone }, n) => ({
    serviceDeploymentArn: `${ARN}:service-deployment/production/web/id-${n}`,
    createdAt: new Date(startMs),
    startedAt: new Date(startMs),
    targetServiceRevision: { arn: revision(n) },
    ...(isDone
      ? { status: "SUCCESSFUL" as const, finishedAt: new Date(endMs) }
      : { status: "ROLLBACK_SUCCESSFUL" as const, rollback: { startedAt: new Date(endMs) } }),
  }));
  const ecs = {
    async *services() {
      yield { serviceName: "web", clusterArn, deployments: [{ id: `ecs-svc/${all.length - 1}` }] };
    },
    deployments: () => Promise.resolve([...deployments].reverse()),
    revisions: () =>
      Promise.resolve(
        all.map(({ image }, n) => ({
          serviceRevisionArn: revision(n),
          containerImages: [{ containerName: "web", image: `${HOST}/web:1`, imageDigest: digestOf(image) }],
        })),
      ),
    containers: () => Promise.resolve([]),
  };
  return { live, imported: await read(history(ecs, [])) };
}

async function ecrPast(all: readonly Step[]): Promise<Past> {
  const live = all.flatMap(({ startMs }, n) =>
    said(aws, {
      ...envelope,
      source: "aws.ecr",
      "detail-type": "ECR Image Action",
      id: String(n),
      time: at(startMs),
      detail: {
        result: "SUCCESS",
        "action-type": "PUSH",
        "repository-name": "web",
        "image-digest": digestOf(String(n)),
        "image-tag": `1.${n}`,
        "manifest-media-type": "application/vnd.oci.image.manifest.v1+json",
      },
    }),
  );
  const ecr = {
    async *repositories() {
      yield { name: "web", repository: `${HOST}/web` };
    },
    async *images() {
      yield all.map(({ startMs }, n) => ({
        imageDigest: digestOf(String(n)),
        imageTags: [`1.${n}`],
        imagePushedAt: new Date(startMs - 700),
        imageManifestMediaType: "application/vnd.oci.image.manifest.v1+json",
      }));
    },
    manifests: () => Promise.resolve([]),
  };
  return { live, imported: await read(contents(ecr, [])) };
}

// --- clusters ----------------------------------------------------------------------------------------------

/** A cluster that has objects of one kind, and secrets. */
function clusterWith(plural: string, objects: readonly object[]): Origin {
  const list: List = async function* (resource) {
    yield resource.plural === plural ? objects : [];
  };
  return { list, cluster: "eu-1", now: at(START_MS) };
}

async function helmPast(all: readonly Step[]): Promise<Past> {
  const secret = ({ startMs, isDone, image }: Step, n: number, status: string) => {
    const release = {
      name: "web",
      namespace: "shop",
      version: n + 1,
      info: {
        status,
        last_deployed: at(startMs),
        description: isDone ? "Upgrade complete" : 'Upgrade "web" failed: timed out',
      },
      chart: { metadata: { name: "web", version: "1.0.0" } },
      manifest: `kind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: "${repositoryOf("web")}@${digestOf(image)}"}]}}}\n`,
    };
    const data = {
      release: Buffer.from(gzipSync(JSON.stringify(release)).toString("base64")).toString("base64"),
    };
    return { kind: "Secret", metadata: { name: `web.v${n + 1}`, namespace: "shop" }, data };
  };
  const live = all.flatMap((step, n) =>
    said(helmWebhook, secret(step, n, step.isDone ? "deployed" : "failed")),
  );
  const kept = all.map((step, n) => secret(step, n, step.isDone ? "superseded" : "failed"));
  return { live, imported: await read(helm(clusterWith("secrets", kept))) };
}

async function argocdPast(all: readonly Step[]): Promise<Past> {
  const metadata = { name: "web", namespace: "argocd", uid: "u" };
  const spec = { destination: { server: "https://kubernetes.default.svc", namespace: "shop" } };
  const workload = (name: string) => ({ kind: "Deployment", namespace: "shop", name });
  const resources = [workload("web"), workload("worker")];
  const revision = (n: number) => String(n).repeat(40);
  const operation = ({ startMs, endMs, isDone, image, isPart }: Step, n: number) => ({
    phase: isDone ? "Succeeded" : "Failed",
    startedAt: at(startMs),
    finishedAt: at(endMs),
    syncResult: {
      revision: revision(n),
      resources: (isPart ? resources.slice(1) : resources).map((one) => ({
        ...one,
        status: "Synced",
        images: [`${repositoryOf(one.name)}@${digestOf(image)}`],
      })),
    },
  });
  const remembered = all.flatMap(({ startMs, endMs, isDone }, n) =>
    isDone ? [{ revision: revision(n), deployStartedAt: at(startMs), deployedAt: at(endMs - 1000) }] : [],
  );
  const app = (step: Step, n: number) => ({
    metadata,
    spec,
    status: { operationState: operation(step, n), resources, history: remembered.slice(0, n) },
  });
  const live = all.flatMap((step, n) => said(argocdWebhook, { app: app(step, n) }));
  const last = all.at(-1);
  if (last === undefined) throw new Error("nothing happened");
  const now = app(last, all.length - 1);
  const kept = { ...now, status: { ...now.status, history: remembered } };
  return { live, imported: await read(argocd(clusterWith("applications", [kept]))) };
}

/** Commits of a repository of manifests, which Argo CD, 3.0 or newer, applies minutes later. */
async function gitPast(all: readonly Step[]): Promise<Past> {
  const repository = "https://github.com/acme/deploy";
  const [environment, service, path] = ["eu-1/shop", "web", "apps/web"];
  const workload = { kind: "Deployment", namespace: "shop", name: service };
  const image = (name: string) => `${repositoryOf("web")}:${name}@${digestOf(name)}`;
  const revision = (n: number) => String(n).repeat(40);
  const live = all.flatMap((step, n) => {
    const images = [image(step.image)];
    const syncResult = {
      // Another commit may have come meanwhile that changes nothing of the application.
      revision: step.isPart ? "f".repeat(40) : revision(n),
      source: { repoURL: `${repository}.git`, path },
      resources: [{ ...workload, status: "Synced", images }],
    };
    const [startedAt, finishedAt] = [at(step.startMs), at(step.endMs)];
    return said(argocdWebhook, {
      app: {
        metadata: { name: service, namespace: "argocd", uid: "u" },
        spec: { destination: { server: "https://kubernetes.default.svc", namespace: "shop" } },
        status: {
          operationState: { phase: "Succeeded", startedAt, finishedAt, syncResult },
          resources: [workload],
        },
      },
    });
  });
  const imported = all.map(({ startMs, image: name }, n) => {
    const containers = [{ workload, container: "app", image: image(name) }];
    const commit = { sha: revision(n), at: new Date(startMs).toISOString(), authorMail: "", changes: [] };
    const target = { environment, service, containers, sources: [], paths: [path] };
    return Statement.parse(statementOf(target, commit, repository, n));
  });
  return { live, imported };
}

async function fluxPast(kind: "Kustomization" | "HelmRelease", all: readonly Step[]): Promise<Past> {
  const named = { name: "web", namespace: "apps", uid: "u" };
  const isChart = kind === "HelmRelease";
  // Charts keep their version often, where values change.
  const revision = (n: number) =>
    isChart ? `1.${Math.floor(n / 2)}.0` : `main@sha1:${String(n).repeat(40)}`;
  const [done, failed] = isChart
    ? ["UpgradeSucceeded", "UpgradeFailed"]
    : ["Progressing", "HealthCheckFailed"];
  const live = all.flatMap(({ endMs, isDone }, n) =>
    said(fluxWebhook, {
      involvedObject: { kind, ...named },
      severity: isDone ? "info" : "error",
      reason: isDone ? done : failed,
      message: isDone && !isChart ? "Deployment/shop/web configured" : "it ended",
      timestamp: at(endMs),
      metadata: { revision: revision(n) },
    }),
  );
  const kept = all
    .map(({ startMs, endMs, isDone }, n) =>
      isChart
        ? {
            version: n,
            status: isDone ? "superseded" : "failed",
            chartVersion: revision(n),
            lastDeployed: at(startMs),
          }
        : {
            digest: digestOf(String(n)),
            firstReconciled: at(endMs),
            lastReconciledStatus: isDone ? "ReconciliationSucceeded" : failed,
            metadata: { revision: revision(n) },
          },
    )
    .reverse();
  const origin = clusterWith(isChart ? "helmreleases" : "kustomizations", [
    { metadata: named, status: { history: kept } },
  ]);
  return { live, imported: await read(isChart ? helmReleases(origin) : kustomizations(origin)) };
}

const PASTS: Readonly<Record<string, (all: readonly Step[]) => Promise<Past>>> = {
  ecs: ecsPast,
  ecr: ecrPast,
  helm: helmPast,
  "argo cd": argocdPast,
  "git, which argo cd applies": gitPast,
  "flux's kustomizations": (all) => fluxPast("Kustomization", all),
  "flux's releases": (all) => fluxPast("HelmRelease", all),
};

/** The names of vendors. */
export const VENDORS: readonly string[] = Object.keys(PASTS);

export async function pastOf(vendor: string, all: readonly Step[]): Promise<Past> {
  const past = PASTS[vendor];
  if (past === undefined) throw new Error(`no past of ${vendor}`);
  return past(all);
}
