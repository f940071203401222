/** `asof observe kubernetes`: what a cluster shows, and what the ledger then answers. */
import { afterEach, describe, expect, it } from "vitest";
import { Release } from "../../schemas/answer.ts";
import { Statement, type StatementOf } from "../../schemas/fact.ts";
import { tokenOf } from "../http/given.ts";
import { object, owner, pod, REPOSITORY } from "../kubernetes/objects.ts";
import { type ApiServer, apiServer, stopApiServers } from "../kubernetes/server.ts";
import { digestOf } from "../ledger/given.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer, newFolder } from "./harness.ts";

afterEach(async () => {
  await stopApiServers();
  await cleanUp();
});

const PODS = "/api/v1/pods";
const SETS = "/apis/apps/v1/replicasets";
const OBSERVE = ["observe", "kubernetes", "--cluster", "eu-1"];
const AT = "2026-11-22T08:57:00.000Z";
const LATER = "2026-11-22T08:59:59.000Z";

const observe = (api: ApiServer, env: Record<string, string>, more: readonly string[] = [], now = AT) =>
  asof([...OBSERVE, "--kubeconfig", api.kubeconfig(newFolder()), ...more], env, now);

/** What one look of a cluster would record. */
async function seen(api: ApiServer, more: readonly string[] = [], now = AT) {
  const { out, err, code } = await observe(api, {}, ["--dry-run", "--json", ...more], now);
  expect(code).toBe(0);
  const statements = out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Statement.parse(JSON.parse(line)))
    .filter((one): one is StatementOf<"deployment.observed"> => one.kind === "deployment.observed");
  return { statements, unknown: err.split("\n").at(-1) ?? "" };
}

async function clusterOf(
  pods: readonly ReturnType<typeof pod>[],
  more: readonly string[] = [],
): Promise<ApiServer> {
  const api = await apiServer(more);
  api.put(PODS, ...pods);
  return api;
}

const releaseOf = async ({ doors }: LedgerServer, service = "web") =>
  Release.parse(
    (await doors.client().get("/v1/release", { environment: "eu-1/shop", service, at: LATER })).json,
  );

describe("one look at a cluster", () => {
  it("records what each workload runs, with what stands beside, and nothing a second time", async () => {
    const api = await clusterOf([
      pod({
        labels: { "app.kubernetes.io/version": "1.4.2" },
        annotations: { "acme.org/commit": "0123456789abcdef" },
      }),
      pod({ name: "web-aaa-2" }),
    ]);
    api.put(
      "/apis/apps/v1/deployments",
      owner("Deployment", "web", { replicas: 2, annotations: { "deployment.kubernetes.io/revision": "7" } }),
    );
    const ledger = await ledgerServer();
    const env = { ASOF_URL: ledger.url };
    const more = ["--commit-annotation", "acme.org/commit"];
    expect((await observe(api, env, more)).out).toBe(
      "1 statement: 1 recorded\ncould not be known: nothing that was looked for",
    );
    expect((await observe(api, env, more, LATER)).out).toContain("0 recorded, 1 duplicate");
    expect(await releaseOf(ledger)).toMatchObject({
      status: "running",
      since: "2026-11-01T09:00:30.000Z",
      seenAt: "2026-11-22T08:55:00.000Z",
      components: [{ component: "main", digest: digestOf("one"), repository: REPOSITORY }],
      clusterState: {
        pods: 2,
        ready: 2,
        desired: 2,
        revision: "7",
        version: "1.4.2",
        commit: "0123456789abcdef",
      },
    });
  });

  it("costs one fact for each workload and step, however often it is looked", async () => {
    const api = await clusterOf([pod()]);
    const { url: ASOF_URL } = await ledgerServer();
    let recorded = 0;
    for (let minute = 0; minute < 30; minute++) {
      const now = new Date(Date.parse("2026-11-22T08:25:00Z") + minute * 60_000).toISOString();
      recorded += Number(/(\d+) recorded/.exec((await observe(api, { ASOF_URL }, [], now)).out)?.[1]);
    }
    expect(recorded).toBe(6);
  });

  it("sees the same in whatever order the cluster lists it", async () => {
    const pods = [
      pod(),
      pod({ name: "web-aaa-2" }),
      pod({ service: "api" }),
      pod({ template: "bbb", image: "two" }),
    ];
    const [one, other] = [await clusterOf(pods), await clusterOf(pods.toReversed())];
    expect((await seen(one)).statements).toEqual((await seen(other)).statements);
  });

  it("reads lists page by page, and begins anew where a page has expired", async () => {
    const pods = Array.from({ length: 250 }, (_, n) => pod({ name: `web-aaa-${n}` }));
    const api = await clusterOf(pods);
    api.expirePages();
    expect((await seen(api)).statements).toMatchObject([{ clusterState: { pods: 250, ready: 250 } }]);
    expect(
      api.asked.filter(({ path }) => path.startsWith(`${PODS}?limit=100&continue=`)).length,
    ).toBeGreaterThan(2);
  });

  it("names StatefulSets, DaemonSets, and no pods without an owner", async () => {
    const api = await clusterOf([
      pod({ service: "db", owner: { kind: "StatefulSet", name: "db" } }),
      pod({ service: "agent", owner: { kind: "DaemonSet", name: "agent" } }),
      { ...pod({ service: "bare" }), metadata: { name: "bare", namespace: "shop", uid: "bare" } },
    ]);
    const { statements } = await seen(api);
    expect(statements.map(({ service, workload }) => [service, workload])).toEqual([
      ["agent", "DaemonSet"],
      ["db", "StatefulSet"],
    ]);
  });

  it("shows the last run of a CronJob, and of a Job of its own by its name, also after its end", async () => {
    const job = (name: string, image: string, start: string, more: object = {}) =>
      pod({
        name: `${name}-pod`,
        image,
        template: "",
        since: start,
        createdAt: start,
        owner: { kind: "Job", name },
        ...more,
      });
    const [first, second] = ["2026-11-21T02:00:00Z", "2026-11-22T02:00:00Z"];
    const api = await clusterOf([
      job("nightly-1", "one", first, { endedAt: "2026-11-21T02:05:00Z" }),
      job("nightly-2", "two", second, { endedAt: "2026-11-22T02:05:00Z" }),
      job("migrate", "one", first),
      job("import-x7k2p", "one", first, { endedAt: "2026-11-21T02:05:00Z" }),
      job("import-b9w4z", "two", second),
    ]);
    const nightly = { of: { kind: "CronJob", name: "nightly" } };
    api.put(
      "/apis/batch/v1/jobs",
      ...[owner("Job", "nightly-1", nightly), owner("Job", "nightly-2", nightly), owner("Job", "migrate")],
      ...["x7k2p", "b9w4z"].map((end) => owner("Job", `import-${end}`, { generateName: "import-" })),
    );
    const { statements } = await seen(api);
    expect(
      statements.map(({ service, occurredAt, components }) => [service, occurredAt, components[0]?.digest]),
    ).toEqual([
      // Each ran then, and may not run now.
      ["nightly", "2026-11-22T02:00:00.000Z", digestOf("two")],
      ["import", "2026-11-22T02:00:00.000Z", digestOf("two")],
      ["migrate", "2026-11-21T02:00:00.000Z", digestOf("one")],
    ]);
    expect(statements[0]?.clusterState).toMatchObject({ pods: 1, ready: 1 });
    expect(statements[0]?.clusterState?.versions).toBeUndefined();
  });

  it("costs one fact for a run, whether or not it has ended by the next look", async () => {
    const run = { template: "", owner: { kind: "Job", name: "migrate" }, since: "2026-11-22T02:00:00Z" };
    const api = await clusterOf([pod(run)]);
    api.put("/apis/batch/v1/jobs", owner("Job", "migrate"));
    const { url: ASOF_URL } = await ledgerServer();
    expect((await observe(api, { ASOF_URL })).out).toContain("1 recorded");
    api.put(PODS, pod({ ...run, endedAt: "2026-11-22T02:05:00Z" }));
    const later = await observe(api, { ASOF_URL }, [], "2026-11-22T09:10:00.000Z");
    expect(later.out).toContain("0 recorded, 1 duplicate");
  });

  it("says what cannot be known: workloads without a running pod, and lists that it may not read", async () => {
    const api = await clusterOf([pod({ waiting: "ImagePullBackOff" })]);
    api.refuse("/api/v1/secrets", 403);
    const { statements, unknown } = await seen(api);
    expect(statements).toEqual([]);
    expect(unknown).toBe(
      "could not be known: what the observer may not list (secrets); what a workload runs that has no running pod: ImagePullBackOff (eu-1/shop/web)",
    );
  });

  it("fails where pods may not be listed, and where no cluster answers", async () => {
    const api = await clusterOf([]);
    api.refuse(PODS, 403);
    const refused = await observe(api, {}, ["--dry-run"]);
    expect(refused).toMatchObject({ code: 1, err: "asof: the cluster answered 403 for /api/v1/pods" });
    await api.stop();
    expect((await observe(api, {}, ["--dry-run"])).err).toContain("the cluster does not answer for");
  });

  it("needs the name of the cluster, and a known context", async () => {
    const api = await clusterOf([]);
    expect((await asof(["observe", "kubernetes"])).code).toBe(2);
    expect((await observe(api, {}, ["--kube-context", "other"])).err).toContain("the kubeconfig has test");
  });
});

const OLD = pod({ createdAt: "2026-11-01T09:00:00Z" });
const NEW = pod({
  template: "bbb",
  image: "two",
  since: "2026-11-22T08:50:00Z",
  createdAt: "2026-11-22T08:49:50Z",
});

describe("a rollout", () => {
  it("shows old and new side by side; what runs for all is what ran before", async () => {
    const api = await clusterOf([NEW, OLD]);
    api.put(
      SETS,
      owner("ReplicaSet", "web-aaa", {
        replicas: 1,
        annotations: { "deployment.kubernetes.io/revision": "1" },
      }),
      owner("ReplicaSet", "web-bbb", {
        replicas: 1,
        annotations: { "deployment.kubernetes.io/revision": "2" },
      }),
    );
    expect((await seen(api)).statements).toMatchObject([
      {
        since: "2026-11-01T09:00:30.000Z",
        components: [{ component: "main", digest: digestOf("one") }],
        clusterState: {
          pods: 2,
          ready: 2,
          versions: [
            { components: [{ digest: digestOf("one") }], pods: 1, ready: 1, revision: "1" },
            {
              components: [{ digest: digestOf("two") }],
              pods: 1,
              ready: 1,
              revision: "2",
              since: "2026-11-22T08:50:00.000Z",
            },
          ],
        },
      },
    ]);
  });

  it("stands in the view of the release", async () => {
    const api = await clusterOf([OLD, pod({ template: "bbb", image: "two", waiting: "CrashLoopBackOff" })]);
    const ledger = await ledgerServer();
    await observe(api, { ASOF_URL: ledger.url });
    const { out } = await asof(
      ["show", "-e", "eu-1/shop", "-s", "web", "--url", ledger.url],
      { ASOF_TOKEN: tokenOf("reader") },
      LATER,
    );
    expect(out).toMatch(/pods +1\/2 ready, 2 versions side by side +CrashLoopBackOff/);
  });

  it("is over when the old pods are being deleted", async () => {
    const api = await clusterOf([NEW, { ...pod({ deletedAt: "2026-11-22T08:50:10Z" }) }]);
    const { statements } = await seen(api);
    expect(statements).toMatchObject([
      { since: "2026-11-22T08:50:00.000Z", components: [{ digest: digestOf("two") }] },
    ]);
    expect(statements[0]?.clusterState?.versions).toBeUndefined();
  });

  it.each(["CrashLoopBackOff", "ImagePullBackOff"])(
    "that %s stands in the way of says so",
    async (reason) => {
      const api = await clusterOf([OLD, pod({ template: "bbb", image: "two", waiting: reason })]);
      expect((await seen(api)).statements).toMatchObject([
        {
          components: [{ digest: digestOf("one") }],
          clusterState: { pods: 2, ready: 1, obstacles: [{ reason, component: "app", pods: 1 }] },
        },
      ]);
    },
  );

  it("with the weights of an Argo Rollout runs both, as variants", async () => {
    const api = await clusterOf(
      [
        pod({ createdAt: "2026-11-01T09:00:00Z", labels: { "rollouts-pod-template-hash": "aaa" } }),
        pod({
          template: "bbb",
          image: "two",
          since: "2026-11-22T08:50:00Z",
          createdAt: "2026-11-22T08:49:50Z",
          labels: { "rollouts-pod-template-hash": "bbb" },
        }),
      ],
      ["/apis/argoproj.io/v1alpha1/rollouts"],
    );
    const weights = {
      canary: { weight: 20, podTemplateHash: "bbb" },
      stable: { weight: 80, podTemplateHash: "aaa" },
    };
    api.put("/apis/argoproj.io/v1alpha1/rollouts", object("web", { status: { canary: { weights } } }));
    expect((await seen(api)).statements).toMatchObject([
      {
        since: "2026-11-22T08:50:00.000Z",
        components: [
          { component: "main", digest: digestOf("one"), weight: 80 },
          { component: "main", digest: digestOf("two"), weight: 20, variant: "canary" },
        ],
      },
    ]);
  });

  it("with the weights of an Istio VirtualService runs both, by services and subsets", async () => {
    const istio = "/apis/networking.istio.io/v1";
    const api = await clusterOf(
      [
        pod({ createdAt: "2026-11-01T09:00:00Z", labels: { version: "v1" } }),
        pod({ template: "bbb", image: "two", createdAt: "2026-11-22T08:49:50Z", labels: { version: "v2" } }),
      ],
      [`${istio}/virtualservices`, `${istio}/destinationrules`],
    );
    api.put("/api/v1/services", object("web", { spec: { selector: { app: "web" } } }));
    const subsets = ["v1", "v2"].map((version) => ({ name: version, labels: { version } }));
    api.put(
      `${istio}/destinationrules`,
      object("web-rule", { spec: { host: "web.shop.svc.cluster.local", subsets } }),
    );
    const to = (subset: string, weight: number) => ({ destination: { host: "web", subset }, weight });
    const http = [
      { match: [{ headers: {} }], route: [to("v2", 100)] },
      { route: [to("v1", 90), to("v2", 10)] },
    ];
    api.put(`${istio}/virtualservices`, object("web-routes", { spec: { http } }));
    const [one] = (await seen(api)).statements;
    expect(one?.components.map(({ variant, weight }) => [variant, weight])).toEqual([
      [undefined, 90],
      ["canary", 10],
    ]);
  });
});

describe("settings", () => {
  const spec = {
    volumes: [
      { name: "a", configMap: { name: "web-config" } },
      {
        name: "b",
        projected: {
          sources: [{ configMap: { name: "kube-root-ca.crt" } }, { secret: { name: "web-keys" } }],
        },
      },
    ],
  };

  it("are hashes of versions: of their contents nothing is asked for, and nothing is in a fact", async () => {
    const api = await clusterOf([pod({ spec })]);
    const given = () => {
      api.put("/api/v1/configmaps", object("web-config", { data: { password: "a-secret-value" } }));
      api.put("/api/v1/secrets", object("web-keys", { data: { key: "a-secret-value" } }));
    };
    given();
    const [one] = (await seen(api)).statements;
    expect(one?.clusterState?.settings?.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
      "ConfigMap/web-config",
      "Secret/web-keys",
    ]);
    given();
    const [changed] = (await seen(api)).statements;
    expect(changed?.clusterState?.settings).not.toEqual(one?.clusterState?.settings);
    expect(JSON.stringify([one, changed])).not.toContain("a-secret-value");
    const accepted = api.asked
      .filter(({ path }) => /configmaps|secrets/.test(path))
      .map(({ accept }) => accept);
    expect(accepted.length).toBeGreaterThan(0);
    expect(accepted.every((accept) => accept.includes("PartialObjectMetadataList"))).toBe(true);
  });
});
