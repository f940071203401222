/** `asof import git`: repositories of manifests, and what the ledger then answers. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { Release, Timeline } from "../../schemas/answer.ts";
import { deploymentYaml, type Files, newRepository, type Repository } from "./git-repository.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer, newFolder } from "./harness.ts";

afterEach(cleanUp);

const at = (day: number): string => `2026-01-${String(day).padStart(2, "0")}T10:00:00.000Z`;
const kustomization = (fields: object): string => JSON.stringify(fields);
const overlay = (tag: string): string =>
  kustomization({ resources: ["../../base"], images: [{ name: "ghcr.io/acme/billing", newTag: tag }] });
const BASE: Files = {
  "apps/billing/base/deployment.yaml": deploymentYaml("billing", { app: "ghcr.io/acme/billing" }),
  "apps/billing/base/kustomization.yaml": kustomization({ resources: ["deployment.yaml"] }),
};

const Said = z.looseObject({
  kind: z.string(),
  occurredAt: z.string(),
  environment: z.string(),
  service: z.string(),
  components: z
    .array(
      z.looseObject({ component: z.string(), repository: z.string().optional(), tag: z.string().optional() }),
    )
    .optional(),
  config: z
    .array(
      z.looseObject({ repository: z.string().optional(), revision: z.string(), path: z.string().optional() }),
    )
    .optional(),
});

/** What a dry run would record, shortly, and its last line. */
async function dryRun({ folder }: Repository, paths?: object, ...more: readonly string[]) {
  const file = join(newFolder(), "asof.import.yaml");
  if (paths !== undefined) writeFileSync(file, JSON.stringify(paths));
  const { out, err, code } = await asof([
    ...["import", "git", folder, "--paths", file, "--dry-run", "--json", ...more],
  ]);
  expect(code, err).toBe(0);
  const statements = out
    .split("\n")
    .filter(Boolean)
    .map((line) => Said.parse(JSON.parse(line)));
  return {
    statements,
    err,
    file: existsSync(file) ? readFileSync(file, "utf8") : "",
    short: statements.map(({ kind, occurredAt, environment, service, components = [] }) =>
      [
        occurredAt.slice(8, 10),
        kind.replace("deployment.", ""),
        `${environment}/${service}`,
        ...components.map((one) => `${one.component}=${one.repository ?? ""}:${one.tag ?? ""}`),
      ].join(" "),
    ),
    last: err.split("\n").at(-1),
  };
}
const EVERY = { paths: [{ path: "{environment}/{service}/**" }] };

describe("a repository of kustomizations", () => {
  it("declares a deployment where an overlay, or what it is built from, changed", async () => {
    const repository = newRepository();
    repository.commit(at(1), {
      ...BASE,
      "apps/billing/overlays/production/kustomization.yaml": overlay("1.0"),
      "apps/billing/overlays/staging/kustomization.yaml": overlay("1.0"),
    });
    repository.commit(at(2), { "apps/billing/overlays/staging/kustomization.yaml": overlay("1.1") });
    repository.commit(at(3), { "README.md": "words" });
    repository.commit(at(4), {
      "apps/billing/base/deployment.yaml": deploymentYaml("billing", {
        app: "ghcr.io/acme/billing",
        proxy: "ghcr.io/acme/proxy:3",
      }),
    });
    repository.commit(at(5), { "apps/billing/overlays/staging/kustomization.yaml": null });
    const { short, file, last } = await dryRun(repository);
    expect(file).toContain("apps/{service}/overlays/{environment}/**");
    expect(short).toEqual([
      "01 succeeded production/billing main=ghcr.io/acme/billing:1.0",
      "01 succeeded staging/billing main=ghcr.io/acme/billing:1.0",
      "02 succeeded staging/billing main=ghcr.io/acme/billing:1.1",
      expect.stringMatching(/^04 .* app=ghcr.io\/acme\/billing:1\.\d proxy=ghcr.io\/acme\/proxy:3$/),
      expect.stringMatching(/^04 .* app=ghcr.io\/acme\/billing:1\.\d proxy=ghcr.io\/acme\/proxy:3$/),
      "05 removed staging/billing",
    ]);
    expect(last).toBe("could not be known: whether, and when, each commit was applied");
  });

  it("sets images by digest, new names, components and patches", async () => {
    const repository = newRepository();
    const digest = `sha256:${"1".repeat(64)}`;
    repository.commit(at(1), {
      "base/all.yaml": deploymentYaml("web", { web: "web:dev", log: "ghcr.io/acme/log:1" }),
      "base/kustomization.yaml": kustomization({ resources: ["all.yaml"] }),
      "parts/kustomization.yaml": kustomization({
        images: [{ name: "web", newName: "ghcr.io/acme/web", newTag: "2" }],
      }),
      "production/web/patch.yaml": deploymentYaml("web", { log: "ghcr.io/acme/log:9" }),
      "production/web/kustomization.yaml": kustomization({
        resources: ["../../base"],
        components: ["../../parts"],
        patches: [{ path: "patch.yaml" }],
      }),
      "staging/web/kustomization.yaml": kustomization({
        resources: ["../../base"],
        images: [{ name: "web", digest }],
      }),
    });
    const { statements } = await dryRun(repository, EVERY);
    expect(statements.map(({ components }) => components)).toEqual([
      [
        { component: "web", repository: "ghcr.io/acme/web", tag: "2" },
        { component: "log", repository: "ghcr.io/acme/log", tag: "9" },
      ],
      [
        { component: "web", digest },
        { component: "log", repository: "ghcr.io/acme/log", tag: "1" },
      ],
    ]);
  });

  it("says where a base is in another repository", async () => {
    const repository = newRepository();
    repository.commit(at(1), {
      "production/web/kustomization.yaml": kustomization({
        resources: ["https://github.com/acme/base//web?ref=v1", "own.yaml"],
      }),
      "production/web/own.yaml": deploymentYaml("web", { web: "ghcr.io/acme/web:1" }),
    });
    const { short, last } = await dryRun(repository, EVERY);
    expect(short).toEqual(["01 succeeded production/web main=ghcr.io/acme/web:1"]);
    expect(last).toContain("a kustomization has a base in another repository");
  });
});

describe("values of charts", () => {
  it("name images by their keys, over the values of the chart", async () => {
    const repository = newRepository();
    repository.commit(at(1), {
      "charts/web/values.yaml":
        "image: {repository: ghcr.io/acme/web, tag: dev}\nworker: {image: {registry: ghcr.io, repository: acme/w, tag: '1.10'}}\n",
      "charts/web/values-production.yaml": "image: {tag: 1.4.2}\n",
      "charts/web/Chart.yaml":
        "dependencies: [{name: redis, version: 17.0.1, repository: 'https://charts.example.org'}]\n",
    });
    repository.commit(at(2), {
      "charts/web/Chart.yaml":
        "dependencies: [{name: redis, version: 18.0.0, repository: 'https://charts.example.org'}]\n",
    });
    const { short, statements, file } = await dryRun(repository);
    expect(file).toContain("charts/{service}/values-{environment}.yaml");
    expect(short).toEqual([
      "01 succeeded production/web main=ghcr.io/acme/web:1.4.2 worker=ghcr.io/acme/w:1.10",
      "02 succeeded production/web main=ghcr.io/acme/web:1.4.2 worker=ghcr.io/acme/w:1.10",
    ]);
    expect(statements[1]?.config).toContainEqual({
      repository: "https://charts.example.org",
      revision: "18.0.0",
      path: "redis",
    });
  });
});

describe("manifests", () => {
  it("are a service for each workload where no path names one", async () => {
    const repository = newRepository();
    const both = (web: string, api: string): string =>
      [
        deploymentYaml("web", { c: `ghcr.io/acme/web:${web}` }),
        deploymentYaml("api", { c: `ghcr.io/acme/api:${api}` }),
      ].join("\n---\n");
    repository.commit(at(1), { "production/all.yaml": both("1", "1") });
    repository.commit(at(2), { "production/all.yaml": both("1", "2") });
    const { short } = await dryRun(repository, {
      paths: [{ path: "{environment}/**" }],
      services: { api: "acme/api" },
    });
    expect(short).toEqual([
      "01 succeeded production/web main=ghcr.io/acme/web:1",
      "01 succeeded production/acme/api main=ghcr.io/acme/api:1",
      "02 succeeded production/acme/api main=ghcr.io/acme/api:2",
    ]);
  });

  it("of Compose, Argo CD and Flux are read", async () => {
    const repository = newRepository();
    repository.commit(at(1), {
      "production/shop/compose.yaml":
        "services: {web: {image: 'ghcr.io/acme/shop:1'}, db: {image: 'postgres:15'}}\n",
      "production/argo/app.yaml": JSON.stringify({
        apiVersion: "argoproj.io/v1alpha1",
        kind: "Application",
        metadata: { name: "web" },
        spec: {
          source: {
            repoURL: "https://charts.example.org",
            chart: "web",
            targetRevision: "1.2.3",
            helm: {
              parameters: [
                { name: "image.repository", value: "ghcr.io/acme/web" },
                { name: "image.tag", value: "7" },
              ],
            },
          },
        },
      }),
      "production/flux/release.yaml": JSON.stringify({
        apiVersion: "helm.toolkit.fluxcd.io/v2",
        kind: "HelmRelease",
        metadata: { name: "pod" },
        spec: {
          chart: { spec: { chart: "podinfo", version: "6.5.0" } },
          values: { image: { repository: "ghcr.io/acme/pod", tag: "6.5" } },
        },
      }),
      "production/marked/any.yaml":
        'kind: Thing\napiVersion: acme.org/v1\nspec:\n  version: "4.1" # {"$imagepolicy": "flux-system:thing:tag"}\n  from: ghcr.io/acme/thing # {"$imagepolicy": "flux-system:thing:name"}\n',
    });
    const { short, statements } = await dryRun(repository, EVERY);
    expect(short.sort()).toEqual([
      "01 succeeded production/argo main=ghcr.io/acme/web:7",
      "01 succeeded production/flux main=ghcr.io/acme/pod:6.5",
      "01 succeeded production/marked main=ghcr.io/acme/thing:4.1",
      "01 succeeded production/shop web=ghcr.io/acme/shop:1 db=:15",
    ]);
    const configOf = (service: string) => statements.find((one) => one.service === service)?.config?.slice(1);
    expect(configOf("argo")).toEqual([
      { repository: "https://charts.example.org", revision: "1.2.3", path: "web" },
    ]);
    expect(configOf("flux")).toEqual([{ revision: "6.5.0", path: "podinfo" }]);
  });

  it("that cannot be read keep what they declared, and are named at the end", async () => {
    const repository = newRepository();
    const path = "production/web/all.yaml";
    repository.commit(at(1), { [path]: deploymentYaml("web", { c: "ghcr.io/acme/web:1" }) });
    repository.commit(at(2), { [path]: "a: [\n<<<<" });
    repository.commit(at(3), { [path]: deploymentYaml("web", { c: "ghcr.io/acme/web:2" }) });
    const { short, last } = await dryRun(repository, EVERY);
    expect(short).toEqual([
      "01 succeeded production/web main=ghcr.io/acme/web:1",
      "02 succeeded production/web main=ghcr.io/acme/web:1",
      "03 succeeded production/web main=ghcr.io/acme/web:2",
    ]);
    expect(last).toMatch(/a file could not be read as YAML \(production\/web\/all.yaml at [0-9a-f]{7}\)/);
  });
});

describe("a branch", () => {
  it("takes in another one when that is merged", async () => {
    const repository = newRepository();
    const path = "production/web/all.yaml";
    repository.commit(at(1), { [path]: deploymentYaml("web", { c: "ghcr.io/acme/web:1" }) });
    repository.git("checkout", "-qb", "next");
    repository.commit(at(2), { [path]: deploymentYaml("web", { c: "ghcr.io/acme/web:2" }) });
    repository.git("checkout", "-q", "main");
    repository.commit(at(3), {
      "production/api/all.yaml": deploymentYaml("api", { c: "ghcr.io/acme/api:1" }),
    });
    repository.git("merge", "-q", "--no-ff", "--no-commit", "next");
    repository.commit(at(4), {});
    const { short } = await dryRun(repository, EVERY);
    expect(short).toEqual([
      "01 succeeded production/web main=ghcr.io/acme/web:1",
      "03 succeeded production/api main=ghcr.io/acme/api:1",
      "04 succeeded production/web main=ghcr.io/acme/web:2",
    ]);
  });

  it("says where its clone is shallow, and what the first commit of that brought is not claimed", async () => {
    const repository = newRepository();
    const path = "production/web/all.yaml";
    for (const n of [1, 2, 3])
      repository.commit(at(n), { [path]: deploymentYaml("web", { c: `ghcr.io/acme/web:${n}` }) });
    const folder = join(newFolder(), "clone");
    repository.git("clone", "-q", "--depth=2", `file://${repository.folder}`, folder);
    const { short, last } = await dryRun(
      { ...repository, folder },
      EVERY,
      "--repository",
      "https://github.com/acme/deploy",
    );
    expect(short).toEqual(["03 succeeded production/web main=ghcr.io/acme/web:3"]);
    expect(last).toContain("what was declared before the first commit of a shallow clone");
  });
});

async function answers({ doors }: LedgerServer) {
  const client = doors.client();
  const where = { environment: "production", service: "web" };
  return {
    release: Release.parse((await client.get("/v1/release", { ...where, at: "2026-01-05" })).json),
    timeline: Timeline.parse((await client.get("/v1/timeline", { ...where, from: "2026-01-01" })).json),
  };
}

describe("an import of a repository", () => {
  const PATH = "production/web/all.yaml";
  const made = () => {
    const repository = newRepository();
    const shas = [1, 8].map((n) =>
      repository.commit(at(n), { [PATH]: deploymentYaml("web", { c: `ghcr.io/acme/web:${n}` }) }),
    );
    const file = join(newFolder(), "asof.import.yaml");
    writeFileSync(file, JSON.stringify(EVERY));
    return { repository, shas, args: ["import", "git", repository.folder, "--paths", file] };
  };

  it("is the answer about then, which says that it is only declared; a second one records nothing", async () => {
    const ledger = await ledgerServer();
    const { args, shas } = made();
    const first = await asof(args, { ASOF_URL: ledger.url });
    expect(first).toMatchObject({ code: 0, err: "" });
    expect(first.out.split("\n")).toEqual([
      "2 statements: 2 recorded",
      "could not be known: whether, and when, each commit was applied",
    ]);
    const second = await asof(args, { ASOF_URL: ledger.url });
    expect(second.out).toContain("2 statements: 0 recorded, 2 duplicate");
    const { release, timeline } = await answers(ledger);
    expect(release).toMatchObject({
      status: "running",
      since: at(1),
      until: at(8),
      components: [{ repository: "ghcr.io/acme/web", tags: ["1"] }],
      config: [{ repository: "https://github.com/acme/deploy", revision: shas[0], path: PATH }],
      deployedBy: "ada",
    });
    expect(release.warnings.map(({ code }) => code)).toContain("declared_only");
    expect(timeline.entries.map(({ what, at: when, declared }) => [what, when, declared])).toEqual([
      ["deployed", at(1), true],
      ["deployed", at(8), true],
    ]);
  });

  it("needs the file that says what paths mean, which the dry run proposes", async () => {
    const { repository } = made();
    const file = join(newFolder(), "asof.import.yaml");
    const refused = await asof(["import", "git", repository.folder, "--paths", file]);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("--dry-run proposes it") });
    expect((await asof(["import", "git", repository.folder, "--paths", file, "--dry-run"])).code).toBe(0);
    expect(readFileSync(file, "utf8")).toContain('path: "{environment}/{service}/**"');
  });

  it("goes on where it broke off", async () => {
    const ledger = await ledgerServer();
    const { args } = made();
    ledger.weather.push("breaks off after", ...Array.from({ length: 4 }, () => ({ status: 503 })));
    const broken = await asof(args, { ASOF_URL: ledger.url });
    expect(broken.code).toBe(4);
    expect(broken.err).toContain("run it again to go on");
    expect((await asof(args, { ASOF_URL: ledger.url })).out).toContain("0 recorded, 2 duplicate");
  });

  it("is of one day on, with --since", async () => {
    const ledger = await ledgerServer();
    const { args } = made();
    const { out } = await asof([...args, "--since", "2026-01-02"], { ASOF_URL: ledger.url });
    expect(out).toContain("1 statement: 1 recorded");
  });
});

it.each([
  ["{paths: [{path: 'a/**'}]}", "a/**: give it {environment}, or a field environment"],
  ["{paths: [{path: 'a/{env}'}]}", "a/{env}: give it {environment}"],
  ["{paths: [{path: '{environment}/{servce}'}]}", "{servce} is neither {environment} nor {service}"],
  ["paths: [", "asof.import.yaml: "],
])("refuses the rules %s", async (text, why) => {
  const file = join(newFolder(), "asof.import.yaml");
  writeFileSync(file, text);
  const repository = newRepository();
  repository.commit(at(1), { "a/b.yaml": "a: 1" });
  const { code, err } = await asof(["import", "git", repository.folder, "--paths", file, "--dry-run"]);
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(why) });
});
