/**
 * `asof import kubernetes`, against an API server: rollouts, Helm's releases, Argo CD's and Flux's histories. Helm's
 * release is the documented shape (test/golden/helm); Argo CD's history and Flux's are those of their documents
 * (argoproj/argo-cd, pkg/apis/application/v1alpha1/types.go; fluxcd/kustomize-controller, docs/spec/v1/kustomizations.md,
 * "History"; fluxcd/helm-controller, api/v2/snapshot_types.go).
 */
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { flux } from "../../functions/sources/deployers/flux.ts";
import { Release, Timeline } from "../../schemas/answer.ts";
import { event } from "../client.ts";
import { type ApiServer, apiServer } from "../kubernetes/history-server.ts";
import { digestOf } from "../ledger/given.ts";
import { asof, cleanUp, ledgerServer, newFolder } from "./harness.ts";

const servers: ApiServer[] = [];
afterEach(async () => {
  for (const one of servers.splice(0)) await one.stop();
  await cleanUp();
});

type Lists = Parameters<typeof apiServer>[1];
async function cluster(lists: Lists, more?: Parameters<typeof apiServer>[2]): Promise<ApiServer> {
  const server = await apiServer(newFolder(), lists, more);
  servers.push(server);
  return server;
}

const SECRETS = "/api/v1/secrets";
const APPLICATIONS = "/apis/argoproj.io/v1alpha1/applications";
const KUSTOMIZATIONS = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations";
const HELM_RELEASES = "/apis/helm.toolkit.fluxcd.io/v2/helmreleases";
const DEPLOYMENTS = "/apis/apps/v1/deployments";
const REPLICA_SETS = "/apis/apps/v1/replicasets";
const REVISIONS = "/apis/apps/v1/controllerrevisions";

const argsFor = ({ kubeconfig }: ApiServer, ...more: string[]) => [
  ...["import", "kubernetes", "--cluster", "eu-1", "--kubeconfig", kubeconfig],
  ...more,
];
const on = (day: number, time = "10:00:00") => `2026-09-${String(day).padStart(2, "0")}T${time}Z`;

// --- Helm --------------------------------------------------------------------------------------------------

const manifest = (image: string) =>
  `---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: billing\nspec:\n  template:\n    spec:\n      containers:\n        - name: billing\n          image: ${image}\n`;

/** A revision of the release billing, and the payload of it that Helm's own sender posts. */
function revision(version: number, status: string, image: string, description = "Upgrade complete") {
  const release = {
    name: "billing",
    namespace: "prod",
    version,
    info: { first_deployed: on(1), last_deployed: on(version), deleted: "", description, status },
    chart: { metadata: { name: "billing", version: `1.${version}.0` } },
    manifest: manifest(image),
  };
  const stored = gzipSync(JSON.stringify(release)).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: `sh.helm.release.v1.billing.v${version}`,
      namespace: "prod",
      labels: { owner: "helm", name: "billing", status, version: String(version) },
    },
    type: "helm.sh/release.v1",
    data: { release: Buffer.from(stored).toString("base64") },
  };
}
const RELEASES = [
  revision(2, "superseded", `ghcr.io/acme/billing@${digestOf("two")}`),
  revision(
    4,
    "failed",
    "ghcr.io/acme/billing:4",
    'Upgrade "billing" failed: timed out waiting for the condition',
  ),
  revision(6, "deployed", `ghcr.io/acme/billing@${digestOf("two")}`, "Rollback to 2"),
];
const OTHER_SECRET = {
  ...revision(9, "deployed", "x/y:1"),
  metadata: { name: "password", namespace: "prod" },
};
const BILLING = { environment: "eu-1/prod", service: "billing" };

// --- rollouts ----------------------------------------------------------------------------------------------

const template = (image: string) => ({ spec: { containers: [{ name: "app", image }] } });
const owned = (kind: string, owner: string, name: string, day: number, annotations: object = {}) => ({
  name,
  namespace: "prod",
  uid: `uid-of-${name}`,
  creationTimestamp: on(day),
  annotations,
  ownerReferences: [{ apiVersion: "apps/v1", kind, name: owner, uid: `uid-of-${owner}`, controller: true }],
});
const replicaSet = (owner: string, name: string, day: number, image: string, annotations: object) => ({
  metadata: owned("Deployment", owner, `${owner}-${name}`, day, annotations),
  spec: { selector: { matchLabels: { app: owner } }, template: template(image) },
});
const deployment = (name: string, condition: object) => ({
  metadata: { name, namespace: "prod", uid: `uid-of-${name}`, generation: 3, creationTimestamp: on(1) },
  spec: { selector: { matchLabels: { app: name } }, template: template("x/y:1") },
  status: { observedGeneration: 3, conditions: [{ type: "Progressing", status: "True", ...condition }] },
});
const ROLLOUTS: Lists = {
  [DEPLOYMENTS]: [
    deployment("web", {
      reason: "NewReplicaSetAvailable",
      message: 'ReplicaSet "web-b" has successfully progressed.',
      lastUpdateTime: on(12, "10:04:00"),
      lastTransitionTime: on(1),
    }),
    deployment("api", {
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: 'ReplicaSet "api-a" has timed out progressing.',
      lastUpdateTime: on(14, "10:10:00"),
      lastTransitionTime: on(14, "10:10:00"),
    }),
    deployment("billing", {}),
  ],
  [REPLICA_SETS]: [
    replicaSet("web", "a", 10, "ghcr.io/acme/web:1", { "deployment.kubernetes.io/revision": "1" }),
    replicaSet("web", "b", 12, "ghcr.io/acme/web:2", { "deployment.kubernetes.io/revision": "2" }),
    replicaSet("api", "a", 14, "ghcr.io/acme/api:1", {
      "deployment.kubernetes.io/revision": "3",
      "deployment.kubernetes.io/revision-history": "1",
    }),
    replicaSet("billing", "a", 6, "ghcr.io/acme/billing:6", { "deployment.kubernetes.io/revision": "1" }),
    {
      metadata: owned("Rollout", "canary", "canary-a", 10),
      spec: { selector: {}, template: template("x/y:1") },
    },
  ],
  [REVISIONS]: [
    {
      metadata: owned("StatefulSet", "db", "db-1", 11),
      data: { spec: { template: { ...template("docker.io/library/postgres:17"), $patch: "replace" } } },
      revision: 1,
    },
  ],
};

// --- Argo CD -----------------------------------------------------------------------------------------------

const synced = (id: number, day: number, sha: string) => ({
  id,
  revision: sha.repeat(40),
  deployStartedAt: on(day),
  deployedAt: on(day, "10:01:00"),
  initiatedBy: { username: "ada" },
  source: { repoURL: "https://github.com/acme/deploy", path: "shop" },
});
const LAST = {
  phase: "Succeeded",
  startedAt: on(13),
  finishedAt: on(13, "10:01:02"),
  message: "successfully synced (all tasks run)",
  operation: { sync: { revision: "a".repeat(40) }, initiatedBy: { automated: true } },
  syncResult: {
    revision: "a".repeat(40),
    source: { repoURL: "https://github.com/acme/deploy", path: "shop" },
    resources: [
      {
        group: "apps",
        version: "v1",
        kind: "Deployment",
        namespace: "shop",
        name: "shop",
        status: "Synced",
        images: [`ghcr.io/acme/shop@${digestOf("shop")}`],
      },
    ],
  },
};
const application = (operationState: object, history: object[]) => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Application",
  metadata: { name: "shop", namespace: "argocd", uid: "6c56a5e4" },
  spec: { destination: { server: "https://kubernetes.default.svc", namespace: "shop" } },
  status: {
    operationState,
    history,
    resources: [{ group: "apps", kind: "Deployment", namespace: "shop", name: "shop", status: "Synced" }],
  },
});
const HISTORY = [synced(1, 10, "a"), synced(2, 11, "b"), synced(3, 13, "a")];
const SHOP = { environment: "eu-1/shop", service: "shop" };

// --- Flux --------------------------------------------------------------------------------------------------

const FLUX: Lists = {
  [KUSTOMIZATIONS]: [
    {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      metadata: { name: "apps", namespace: "flux-system", uid: "7f1d" },
      status: {
        history: [
          {
            digest: "sha256:43ad78c94b2655429d84f21488f29d7cca9cd45b7f54d2b27e16bbec8eff9228",
            firstReconciled: "2026-09-15T10:11:00Z",
            lastReconciled: "2026-09-15T11:12:00Z",
            lastReconciledDuration: "2.818583s",
            lastReconciledStatus: "ReconciliationSucceeded",
            totalReconciliations: 2,
            metadata: { revision: "v1.0.1@sha1:450796ddb2ab6724ee1cc32a4be56da032d1cca0" },
          },
          {
            digest: "sha256:ec8dbfe61777b65001190260cf873ffe454451bd2e464bd6f9a154cffcdcd7e5",
            firstReconciled: "2026-09-14T13:10:00Z",
            lastReconciled: "2026-09-15T10:00:00Z",
            lastReconciledDuration: "49.813292s",
            lastReconciledStatus: "HealthCheckFailed",
            totalReconciliations: 120,
            metadata: { revision: "v1.0.0@sha1:67e2c98a60dc92283531412a9e604dd4bae005a9" },
          },
        ],
      },
    },
    {
      metadata: { name: "older", namespace: "flux-system", uid: "8f1d" },
      status: { lastAppliedRevision: "main@sha1:67e2c98a60dc92283531412a9e604dd4bae005a9" },
    },
  ],
  [HELM_RELEASES]: [
    {
      metadata: { name: "podinfo", namespace: "apps", uid: "9f1d" },
      status: {
        history: [
          {
            version: 2,
            status: "deployed",
            chartName: "podinfo",
            chartVersion: "6.5.4",
            digest: "sha256:1",
            name: "podinfo",
            namespace: "apps",
            configDigest: "sha256:2",
            firstDeployed: on(1),
            lastDeployed: on(8),
          },
        ],
      },
    },
  ],
};

describe("an import of a cluster", { timeout: 60_000 }, () => {
  it("records Helm's releases, whose revisions are what Helm's own sender reports", async () => {
    const [ledger, server] = [
      await ledgerServer(),
      await cluster({ [SECRETS]: [...RELEASES, OTHER_SECRET] }),
    ];
    const env = { ASOF_URL: ledger.url };
    const { out, err, code } = await asof(argsFor(server, "--only", "helm"), env);
    expect({ code, err, counted: out.split("\n")[0] }).toEqual({
      code: 0,
      err: "",
      counted: "3 statements: 3 recorded",
    });
    expect(server.asked.filter((one) => one.startsWith(SECRETS))).toEqual([
      "/api/v1/secrets?labelSelector=owner%3Dhelm&limit=25",
      "/api/v1/secrets?labelSelector=owner%3Dhelm&limit=25&continue=2",
    ]);
    expect((await asof(argsFor(server, "--only", "helm"), env)).out).toContain("0 recorded, 3 duplicate");

    const { kind, metadata, data } = RELEASES[2] ?? RELEASES[0] ?? {};
    const posted = { kind, metadata: { name: metadata?.name, namespace: metadata?.namespace }, data };
    const writer = ledger.doors.client("writer");
    expect((await writer.post("/v1/webhooks/helm", posted, { "x-asof-cluster": "eu-1" })).status).toBe(202);
    const client = ledger.doors.client();
    const { json } = await client.get("/v1/release", { ...BILLING, at: "2026-09-10" });
    expect(Release.parse(json)).toMatchObject({
      since: "2026-09-06T10:00:00.000Z",
      components: [{ digest: digestOf("two") }],
      alsoReported: [{ source: "/import/helm/eu-1/prod" }],
    });
    const span = { ...BILLING, from: "2026-09-01", to: "2026-10-01" };
    const entries = Timeline.parse((await client.get("/v1/timeline", span)).json).entries;
    expect(entries.map(({ what, fact }) => [what, fact.source.split("/")[1]])).toEqual([
      ["deployed", "import"],
      ["failed", "import"],
      ["deployed", "webhooks"],
    ]);
  });

  it("records that rollouts started, and how only the last one of a Deployment ended", async () => {
    const [ledger, server] = [await ledgerServer(), await cluster({ ...ROLLOUTS, [SECRETS]: RELEASES })];
    const { out, code } = await asof(argsFor(server), { ASOF_URL: ledger.url });
    expect({ code, counted: out.split("\n")[0] }).toEqual({ code: 0, counted: "9 statements: 9 recorded" });
    expect(out).toContain("when a rollout went back to an earlier template (prod/api)");
    expect(out).toContain("rollouts that revisionHistoryLimit dropped");
    const client = ledger.doors.client();
    const told = async (service: string) => {
      const span = { environment: "eu-1/prod", service, from: "2026-09-01", to: "2026-10-01" };
      const { entries } = Timeline.parse((await client.get("/v1/timeline", span)).json);
      return entries.map(({ what, at }) => `${at.slice(8, 16)} ${what}`);
    };
    expect(await told("web")).toEqual(["10T10:00 started", "12T10:00 started", "12T10:04 deployed"]);
    expect(await told("api")).toEqual(["14T10:00 started", "14T10:10 failed"]);
    expect(await told("db")).toEqual(["11T10:00 started"]);
    // Helm reports that service, and its rollouts are those of the release.
    expect(await told("billing")).toEqual(["02T10:00 deployed", "04T10:00 failed", "06T10:00 deployed"]);
    const { json } = await client.get("/v1/release", {
      environment: "eu-1/prod",
      service: "web",
      at: "2026-09-11",
    });
    expect(Release.parse(json)).toMatchObject({ status: "unknown", attempt: { status: "started" } });
  });

  it("records the syncs of Argo CD under the identities of its webhook, the last one with its images", async () => {
    const [ledger, server] = [
      await ledgerServer(),
      await cluster({ [APPLICATIONS]: [application(LAST, HISTORY)] }),
    ];
    const env = { ASOF_URL: ledger.url };
    const { out, code } = await asof(argsFor(server, "--only", "argocd"), env);
    expect({ code, counted: out.split("\n")[0] }).toEqual({ code: 0, counted: "3 statements: 3 recorded" });
    expect(out).toContain("images of Argo CD's syncs before the last one of each application");
    const client = ledger.doors.client();
    const release = async (at: string) =>
      Release.parse((await client.get("/v1/release", { ...SHOP, at })).json);
    expect(await release("2026-09-12")).toMatchObject({
      since: "2026-09-11T10:01:00.000Z",
      deployment: { provider: "argocd", instance: "argocd", id: `6c56a5e4/${on(11)}` },
      components: [{ resolvedBy: "none" }],
      config: [{ repository: "https://github.com/acme/deploy", revision: "b".repeat(40), path: "shop" }],
      deployedBy: "ada",
    });
    expect(await release("2026-09-14")).toMatchObject({ components: [{ digest: digestOf("shop") }] });

    // A later sync pushes that operation out: its images, which were read before, stay known.
    const next = { ...LAST, startedAt: on(15), finishedAt: on(15, "10:01:02") };
    const later = await cluster({ [APPLICATIONS]: [application(next, [...HISTORY, synced(4, 15, "a")])] });
    await asof(argsFor(later, "--only", "argocd"), env);
    expect(await release("2026-09-14")).toMatchObject({ components: [{ digest: digestOf("shop") }] });
    const span = { ...SHOP, from: "2026-09-01", to: "2026-10-01" };
    const entries = Timeline.parse((await client.get("/v1/timeline", span)).json).entries;
    expect(entries.map(({ what, at }) => `${at.slice(8, 10)} ${what}`)).toEqual([
      "10 deployed",
      "11 deployed",
      "13 deployed",
      "15 deployed",
    ]);
  });

  it("records what Flux remembers, and says what older versions do not", async () => {
    const server = await cluster(FLUX);
    const { out } = await asof(argsFor(server, "--only", "flux", "--dry-run", "--json"));
    const told = out.split("\n").map((line) => JSON.parse(line));
    expect(
      told.map(({ kind, environment, service, occurredAt }) => [kind, environment, service, occurredAt]),
    ).toEqual([
      ["deployment.failed", "eu-1/flux-system", "apps", "2026-09-14T13:10:00.000Z"],
      ["deployment.succeeded", "eu-1/flux-system", "apps", "2026-09-15T10:11:00.000Z"],
      ["deployment.succeeded", "eu-1/apps", "podinfo", "2026-09-08T10:00:00.000Z"],
    ]);
    expect(told[0]).toMatchObject({
      reason: "HealthCheckFailed",
      config: [{ revision: "67e2c98a60dc92283531412a9e604dd4bae005a9" }],
    });
    const all = await asof(argsFor(server, "--dry-run"));
    expect(all.out).toContain("would send 2 statements");
    expect(all.out).toContain(
      "when the revision of a Kustomization was applied (Flux remembers that since 2.7)",
    );
  });

  it("gives way to Flux's event of the same revision", async () => {
    const [ledger, server] = [await ledgerServer(), await cluster(FLUX)];
    await asof(argsFor(server, "--only", "flux"), { ASOF_URL: ledger.url });
    const told = {
      involvedObject: { kind: "HelmRelease", name: "podinfo", namespace: "apps", uid: "9f1d" },
      severity: "info",
      reason: "UpgradeSucceeded",
      message: "Helm upgrade succeeded for release apps/podinfo.v2 with chart podinfo@6.5.4",
      timestamp: on(8, "10:00:40"),
      metadata: { revision: "6.5.4" },
    };
    const headers = new Headers({ "x-asof-cluster": "eu-1" });
    const events = flux.toStatements(told, { headers, receivedAt: on(8) }).map((mapped) => {
      if (mapped.is !== "statement") throw new Error("is no statement");
      const { kind, source, id, occurredAt, ...data } = mapped.statement;
      return event(kind, id, occurredAt, data, source.replace("/webhooks/", "/live/"));
    });
    await ledger.doors.client("writer").sayAll(events);
    const span = { environment: "eu-1/apps", from: "2026-09-01", to: "2026-10-01" };
    const entries = Timeline.parse((await ledger.doors.client().get("/v1/timeline", span)).json).entries;
    expect(entries.map(({ fact, alsoReported }) => [fact.source, alsoReported?.length])).toEqual([
      ["/live/flux/eu-1/apps", 1],
    ]);
  });

  it("repeats what the server puts off, and names what the login may not list", async () => {
    const server = await cluster({ ...ROLLOUTS }, { forbidden: [SECRETS, DEPLOYMENTS] });
    server.early.push({ status: 429, headers: { "retry-after": "0" } }, { status: 503 });
    const { out, code } = await asof(argsFor(server, "--dry-run"));
    expect({ code, counted: out.includes("would send 0 statements") }).toEqual({ code: 0, counted: true });
    expect(out).toContain(
      "secrets, which the login may not list; deployments.apps, which the login may not list",
    );
  });

  it("reads the namespaces that are named, of the context that is named", async () => {
    const server = await cluster({ [SECRETS]: RELEASES });
    const none = await asof(argsFor(server, "shop", "--only", "helm", "--dry-run"));
    expect(none.out).toContain("would send 0 statements");
    expect(server.asked[0]).toBe("/api/v1/namespaces/shop/secrets?labelSelector=owner%3Dhelm&limit=25");
    const stranger = await asof(argsFor(server, "--kube-context", "stranger", "--only", "helm", "--dry-run"));
    expect(stranger).toMatchObject({
      code: 1,
      err: "asof: the cluster answered 401 for secrets: sign in, as for kubectl",
    });
    const other = await asof(argsFor(server, "--kube-context", "other", "--dry-run"));
    expect(other.err).toBe("asof: --kube-context other: the kubeconfig has here, stranger");
  });
});
