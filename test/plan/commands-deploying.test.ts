/** Each tool's own command line, word for word, of one release; and names that no tool may take for more than names. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { deploySteps, type Target } from "../../functions/plan/deployers/deployers.ts";
import { fileOf } from "../../functions/plan/formats.ts";
import { Step } from "../../schemas/plan.ts";
import { digestOf } from "../ledger/given.ts";
import { HOSTILE, takenByShell, word } from "./commands-hostile.ts";

const image = (name: string) => {
  const repository = `ghcr.io/acme/${name}`;
  const digest = digestOf(name);
  return { repository, digest, image: `${repository}@${digest}` };
};
const component = (name: string, of = name) => ({ component: name, ...image(of) });
const BILLING = image("billing").image;
const WORKER = image("worker").image;

const TARGET: Target = {
  environment: "production",
  service: "acme/billing",
  namespace: "billing",
  cluster: "eu-1",
  components: [component("main", "billing")],
  bare: [],
  config: [],
  restore: [],
};
const TWO = { ...TARGET, components: [component("api", "billing"), component("worker")] };

const SHA = "389cb6118209284a92f7c8cc5924867eda6e410d";
const MANIFESTS = {
  repository: "https://github.com/acme/deploy",
  revision: SHA,
  path: "envs/production/billing.yaml",
};
const by = (provider: string, instance: string, id: string) => ({ deployment: { provider, instance, id } });

/** What is to be typed, where one tool deploys. */
function typed(target: Target, tool: string): string[] {
  const steps = deploySteps(target, tool);
  expect(steps).toHaveLength(1);
  return steps.flatMap(({ commands }) => commands.map(({ shell }) => shell));
}

const titles = (target: Target, tool?: string) => deploySteps(target, tool).map(({ title }) => title);
const whys = (target: Target, tool?: string) => deploySteps(target, tool).map(({ why }) => why);

describe("kubectl", () => {
  it("sets the images of a workload that is called as the service, and waits", () => {
    const options = "--context=eu-1 --namespace=billing";
    expect(typed(TARGET, "kubectl")).toEqual([
      `kubectl ${options} set image deployment/billing billing=${BILLING}`,
      `kubectl ${options} rollout status deployment/billing --timeout=10m`,
    ]);
    expect(typed(TWO, "kubectl")).toEqual([
      `kubectl ${options} set image deployment/billing api=${BILLING} worker=${WORKER}`,
      `kubectl ${options} rollout status deployment/billing --timeout=10m`,
    ]);
  });

  it("sets each workload where components name one", () => {
    const components = [component("web/nginx", "billing"), component("worker/app", "worker")];
    expect(typed({ ...TARGET, components }, "kubectl").filter((line) => line.includes("set image"))).toEqual([
      `kubectl --context=eu-1 --namespace=billing set image deployment/web nginx=${BILLING}`,
      `kubectl --context=eu-1 --namespace=billing set image deployment/worker app=${WORKER}`,
    ]);
  });

  it("sets the images of the StatefulSet or DaemonSet that was seen to run the service", () => {
    for (const workload of ["StatefulSet", "DaemonSet"] as const) {
      const named = `${workload.toLowerCase()}/billing`;
      expect(typed({ ...TARGET, workload }, "kubectl")).toEqual([
        `kubectl --context=eu-1 --namespace=billing set image ${named} billing=${BILLING}`,
        `kubectl --context=eu-1 --namespace=billing rollout status ${named} --timeout=10m`,
      ]);
    }
  });

  it("tells StatefulSets and DaemonSets from Deployments where components name their kind", () => {
    const components = [
      component("Deployment/web", "billing"),
      component("StatefulSet/web/app", "worker"),
      component("DaemonSet/logs", "billing"),
    ];
    expect(typed({ ...TARGET, components }, "kubectl").filter((line) => line.includes("set image"))).toEqual([
      `kubectl --context=eu-1 --namespace=billing set image deployment/web web=${BILLING}`,
      `kubectl --context=eu-1 --namespace=billing set image statefulset/web app=${WORKER}`,
      `kubectl --context=eu-1 --namespace=billing set image daemonset/logs logs=${BILLING}`,
    ]);
  });

  it("goes to no cluster or namespace that nobody named, and says which names to check", () => {
    const { cluster, namespace, ...nowhere } = TARGET;
    expect(typed(nowhere, "kubectl")[0]).toBe(
      `kubectl '--context=<context>' '--namespace=<namespace>' set image deployment/billing billing=${BILLING}`,
    );
    expect(whys(TARGET, "kubectl")[0]).toContain("Check the names first");
  });

  it("leaves a word in place of a name that Kubernetes cannot have", () => {
    expect(typed({ ...TARGET, service: "acme/Billing Service" }, "kubectl")[0]).toBe(
      `kubectl --context=eu-1 --namespace=billing set image 'deployment/<workload>' '<container>=${BILLING}'`,
    );
  });
});

describe("Helm", () => {
  const released = { ...TARGET, ...by("helm", "eu-1/billing", "shop-billing/7/2026-10-20T08:11:00Z") };

  it("rolls back to the revision that it told of itself", () => {
    const options = "--kube-context=eu-1 --namespace=billing";
    expect(typed(released, "Helm 3")).toEqual([
      `helm ${options} history shop-billing`,
      `helm ${options} get manifest shop-billing --revision=7`,
      `helm ${options} rollback shop-billing 7 --wait --timeout=10m`,
    ]);
    expect(whys(released, "helm")[0]).toContain(BILLING);
  });

  it("leaves the revision open where another deployer told of it, and makes up no value's name", () => {
    const lines = typed({ ...TARGET, ...by("github", "github.com", "7/8/9") }, "helm");
    expect(lines[2]).toBe(
      "helm --kube-context=eu-1 --namespace=billing rollback billing '<revision>' --wait --timeout=10m",
    );
    expect(lines.join()).not.toContain("--set");
  });

  it.each(["shop", "shop/0/x", "shop/-1/x", "shop/a/x"])("takes no revision from the id %s", (id) => {
    expect(typed({ ...TARGET, ...by("helm", "eu-1/billing", id) }, "helm")[2]).toContain("'<revision>'");
  });
});

describe("Kustomize", () => {
  const inGit = { ...TARGET, config: [MANIFESTS] };
  const edit = `sh -c 'cd -- "$1" && shift && exec kustomize edit set image "$@"' sh`;

  it("pins the images in the folder of the manifests, and commits that", () => {
    expect(typed(inGit, "kustomize")).toEqual([
      `${edit} envs/production ghcr.io/acme/billing=${BILLING}`,
      "git -C envs/production commit '--message=Run acme/billing in production as before' -- .",
      "git -C envs/production push",
    ]);
    expect(whys(inGit, "kustomize")[0]).toContain("https://github.com/acme/deploy");
  });

  it.each([
    ["envs/production", "envs/production"],
    ["billing.yml", "."],
    ["a/kustomization.YAML", "a"],
    ["", "."],
  ])("takes %j for the folder %s", (path, folder) => {
    const target = { ...TARGET, config: [{ ...MANIFESTS, path }] };
    expect(typed(target, "kustomize")[2]).toBe(`git -C ${folder} push`);
  });

  it("names an image once that two components share", () => {
    const components = [component("api", "billing"), component("worker", "billing")];
    expect(typed({ ...inGit, components }, "kustomize")[0]).toBe(
      `${edit} envs/production ghcr.io/acme/billing=${BILLING}`,
    );
  });

  it("is not offered where one repository has two digests, for it tells images apart by repositories", () => {
    const other = { ...component("worker", "billing"), digest: digestOf("other") };
    const components = [
      component("api", "billing"),
      { ...other, image: `${other.repository}@${other.digest}` },
    ];
    expect(titles({ ...inGit, components }, "kustomize")).toEqual(["set the images with kubectl"]);
  });

  it("runs in the folder that the first word names", () => {
    const [line = ""] = typed({ ...inGit, config: [{ ...MANIFESTS, path: "/" }] }, "kustomize");
    const shown = line.replace("exec kustomize edit set image", 'pwd; printf "%s\\n"');
    expect(execFileSync("sh", ["-c", shown], { encoding: "utf8" })).toBe(
      `/\nghcr.io/acme/billing=${BILLING}\n`,
    );
  });
});

describe("Argo CD", () => {
  const synced = { ...TARGET, ...by("argocd", "argocd", "a-uid/2026-10-20T08:11:00Z") };
  const held = [
    "argocd app get billing --app-namespace=argocd --output=yaml",
    "argocd app set billing --app-namespace=argocd --sync-policy=none",
  ];
  const waited = "argocd app wait billing --app-namespace=argocd --operation --health --timeout=600";

  it("turns auto-sync off, syncs to the revision of then and waits", () => {
    expect(typed({ ...synced, config: [MANIFESTS] }, "argocd")).toEqual([
      ...held,
      `argocd app sync billing --app-namespace=argocd --revision=${SHA}`,
      waited,
    ]);
    expect(whys({ ...synced, config: [MANIFESTS] }, "argocd")[0]).toMatch(/only when the tracked branch/);
  });

  it("names each source's revision where there are several", () => {
    const config = [MANIFESTS, { revision: "1.2.3", path: "redis" }];
    expect(typed({ ...synced, config }, "argocd")[2]).toBe(
      `argocd app sync billing --app-namespace=argocd --revisions=${SHA} --source-positions=1 --revisions=1.2.3 --source-positions=2`,
    );
  });

  it("goes by its history where no revision is known, or their order is not its own", () => {
    expect(typed(synced, "argocd")).toEqual([
      ...held,
      "argocd app history billing --app-namespace=argocd",
      "argocd app rollback billing --app-namespace=argocd '<history id>'",
      waited,
    ]);
    const config = [MANIFESTS, { revision: "1.2.3" }];
    expect(typed({ ...TARGET, config }, "argocd").slice(2, 4)).toEqual([
      "argocd app history billing",
      "argocd app rollback billing '<history id>'",
    ]);
  });

  it("writes no credential", () => {
    expect(typed(synced, "argocd").join()).not.toMatch(/token|password/i);
  });
});

describe("Flux", () => {
  const applied = { ...TARGET, environment: "eu-1/flux-system", ...by("flux", "eu-1", "a-uid/hash") };

  it("is suspended before the images are set; it goes on only when git says the same", () => {
    const config = [{ revision: SHA }];
    expect(typed({ ...applied, config }, "flux")).toEqual([
      "flux suspend kustomization billing --namespace=flux-system --context=eu-1",
      ...typed(TARGET, "kubectl"),
    ]);
    expect(whys({ ...applied, config }, "flux")[0]).toContain(
      "only then resume Flux: `flux resume kustomization billing --namespace=flux-system --context=eu-1`",
    );
  });

  it("is a HelmRelease where its revision is a chart's", () => {
    expect(typed({ ...applied, config: [{ revision: "1.4.2" }] }, "fluxcd")[0]).toBe(
      "flux suspend helmrelease billing --namespace=flux-system --context=eu-1",
    );
  });

  it("leaves the object's namespace open where the environment has a name of its own", () => {
    expect(typed(TARGET, "Flux v2")[0]).toBe(
      "flux suspend kustomization billing '--namespace=<namespace of the Flux object>' --context=eu-1",
    );
  });
});

describe("Amazon ECS", () => {
  const { namespace, ...bare } = TARGET;
  const ecs = { ...bare, cluster: "shop", ...by("ecs", "123456789012/eu-central-1/shop", "ecs-svc/1") };
  const script =
    'filter=$1 && shift && aws ecs describe-task-definition "$@" --query=taskDefinition --output=json | jq "$filter" > task-definition.json';
  const described =
    "del(.taskDefinitionArn, .revision, .status, .requiresAttributes, .compatibilities, .registeredAt, .registeredBy, .deregisteredAt)";

  it("registers the running task definition with the images pinned, and deploys that", () => {
    expect(typed(ecs, "AWS ECS")).toEqual([
      "aws ecs describe-services --cluster=shop --services=billing '--query=services[0].taskDefinition' --output=text --region=eu-central-1",
      `sh -c '${script}' sh '${described} | .containerDefinitions[0].image = "${BILLING}"' --region=eu-central-1 '--task-definition=<task definition>'`,
      "aws ecs register-task-definition --cli-input-json=file://task-definition.json --query=taskDefinition.taskDefinitionArn --output=text --region=eu-central-1",
      "aws ecs update-service --cluster=shop --service=billing '--task-definition=<registered ARN>' --region=eu-central-1",
      "aws ecs wait services-stable --cluster=shop --services=billing --region=eu-central-1",
    ]);
  });

  it("pins each container by its name", () => {
    const { components } = TWO;
    expect(deploySteps({ ...ecs, components }, "ecs")[0]?.commands[1]?.argv[4]).toBe(
      `${described} | (.containerDefinitions[] | select(.name == "api")).image = "${BILLING}"` +
        ` | (.containerDefinitions[] | select(.name == "worker")).image = "${WORKER}"`,
    );
  });

  it("leaves words in place of what is not known, and never only starts again what is there", () => {
    const { cluster, ...nowhere } = bare;
    const lines = typed({ ...nowhere, service: "--all" }, "ecs");
    expect(lines[4]).toBe("aws ecs wait services-stable '--cluster=<cluster>' '--services=<service>'");
    expect(lines.join()).not.toContain("force-new-deployment");
  });
});

describe("Docker Compose", () => {
  let home: string;
  const inHome = (name: string) => join(home, name);
  const pinned = (services: Readonly<Record<string, string>>) => ({
    services: Object.fromEntries(Object.entries(services).map(([name, image]) => [name, { image }])),
  });
  /** In place of Compose: knows services of its file, and those of the override when that is read too. */
  const compose = (...services: readonly string[]) =>
    writeFileSync(
      inHome("docker"),
      [
        "#!/bin/sh",
        `printf '%s ' "$@" >> ran; echo >> ran`,
        `case "$*" in *services*) printf '%s\\n' ${services.join(" ")};; esac`,
        `case "$*" in *override*services*) grep -o '"[^"]*":{"image"' asof.override.yaml | cut -d'"' -f2;; esac`,
        "",
      ].join("\n"),
      { mode: 0o755 },
    );
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "asof-compose-"));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  function run(target: Target): string[] {
    const [line = "", ...more] = typed(target, "docker-compose");
    expect(more).toEqual([]);
    execFileSync("sh", ["-c", line], {
      cwd: home,
      env: { PATH: `${home}:${process.env.PATH}` },
      stdio: "pipe",
    });
    return readFileSync(inHome("ran"), "utf8").split(" \n").filter(Boolean);
  }
  const override = (): unknown => parse(readFileSync(inHome("asof.override.yaml"), "utf8"));

  it("starts what an override pins, which is written anew", () => {
    compose("acme-billing", "other");
    writeFileSync(inHome("asof.override.yaml"), JSON.stringify(pinned({ "acme-billing": WORKER })));
    expect(run(TARGET).at(-1)).toBe(
      "compose --project-directory . -f compose.yaml -f asof.override.yaml up -d --no-build",
    );
    expect(override()).toEqual(pinned({ "acme-billing": BILLING }));
  });

  it("pins what the file of the same plan does", () => {
    compose("acme-billing-api-canary", "acme-billing-worker");
    const [api, worker] = TWO.components;
    const components = [{ ...(api ?? component("api")), variant: "canary" }, worker ?? component("worker")];
    run({ ...TWO, components });
    const planned = components.map((one) => ({
      ...one,
      ...{ from: null, to: null, availability: "available" as const },
    }));
    const file = fileOf("compose", [{ service: TWO.service, components: planned, blockers: [] }], null);
    expect(override()).toEqual(parse(file));
  });

  it("starts nothing where compose.yaml does not have the service", () => {
    compose("billing", "worker");
    expect(() => run(TARGET)).toThrow(/compose.yaml has no service that is called acme-billing/);
    expect(readFileSync(inHome("ran"), "utf8")).not.toContain(" up ");
  });

  it("starts nothing where Compose cannot read its files", () => {
    writeFileSync(inHome("docker"), '#!/bin/sh\necho "$@" >> ran; exit 15\n', { mode: 0o755 });
    expect(() => run(TARGET)).toThrow();
    expect(readFileSync(inHome("ran"), "utf8")).not.toContain(" up ");
  });

  it("is left to a person where two components would have one name", () => {
    const components = [component("a b", "billing"), component("a-b", "worker")];
    const [step] = deploySteps({ ...TARGET, components }, "compose");
    expect(step?.commands).toEqual([]);
    expect(step?.why).toContain("acme-billing-a-b would be");
  });

  it("takes any name", () => {
    for (const service of HOSTILE) {
      const [{ commands } = { commands: [] }] = deploySteps({ ...TARGET, service }, "compose");
      const { services } = z
        .object({ services: z.record(z.string(), z.unknown()) })
        .parse(JSON.parse(commands[0]?.argv.at(-2) ?? ""));
      const [name = "", ...more] = Object.keys(services);
      expect(more).toEqual([]);
      expect(name).toMatch(/^[A-Za-z0-9._-]*$/);
      compose(`'${name}'`);
      expect(run({ ...TARGET, service }).at(-1)).toMatch(/up -d --no-build$/);
    }
  });
});

describe("GitHub", () => {
  const RUN = "https://github.com/acme/billing/actions/runs/9922154";
  const deployed = { ...TARGET, ...by("github", "github.com", "741738151") };

  it.each([RUN, `${RUN}/job/27`, `${RUN}/attempts/2`, `${RUN}?pr=1`])("runs %s again", (url) => {
    expect(typed({ ...deployed, url }, "GitHub Actions")).toEqual([
      "gh run rerun 9922154 --repo=github.com/acme/billing",
    ]);
    expect(whys({ ...deployed, url }, "github")[0]).toContain("30 days");
  });

  it("asks for a deployment of the commit, each component with its image", () => {
    const commit = { repository: "https://github.acme.example/acme/billing", sha: SHA };
    const asked =
      "gh api --method=POST --hostname=github.acme.example repos/acme/billing/deployments " +
      `--raw-field=ref=${SHA} --raw-field=environment=production --field=auto_merge=false '--raw-field=payload[service]=acme/billing'`;
    expect(typed({ ...deployed, commit }, "github")).toEqual([
      `${asked} '--raw-field=payload[image]=${BILLING}'`,
    ]);
    expect(typed({ ...TWO, commit }, "github")).toEqual([
      `${asked} '--raw-field=payload[image]=${BILLING}' '--raw-field=payload[component]=api'`,
      `${asked} '--raw-field=payload[image]=${WORKER}' '--raw-field=payload[component]=worker'`,
    ]);
  });

  it("offers both where both are known", () => {
    const commit = { repository: "https://github.com/acme/billing.git", sha: SHA };
    expect(titles({ ...deployed, commit, url: RUN }, "github")).toEqual([
      "either run the original workflow again on GitHub",
      "either request a deployment on GitHub",
    ]);
  });

  it.each([
    "https://github.com/acme/billing/actions/runs/",
    "https://github.com/acme/billing/actions/runs/12x",
    "https://github.com/acme/billing/actions",
    "https://github.com/a/b/c/actions/runs/1",
    "https://example.com/?x=https://github.com/acme/billing/actions/runs/1",
    "http://github.com/acme/billing/actions/runs/1",
  ])("makes up no number of a run from %s", (url) => {
    const { namespace, cluster, ...nowhere } = deployed;
    expect(titles({ ...nowhere, url }, "github")).toEqual(["start the images with Docker Compose"]);
  });
});

describe("GitLab", () => {
  const project = "https://gitlab.acme.example/group/team/billing";

  it.each([`${project}/-/jobs/77`, `${project}/-/builds/77`, `${project}/-/jobs/77#L1`])(
    "retries %s",
    (url) => {
      expect(typed({ ...TARGET, url }, "GitLab CI/CD")).toEqual([`glab ci retry 77 --repo=${project}`]);
    },
  );

  it("retries the job that stands for the deployment", () => {
    const commit = { repository: project, sha: SHA };
    const target = { ...TARGET, commit, ...by("gitlab", "gitlab.acme.example", "job/78") };
    expect(typed(target, "gitlab")).toEqual([`glab ci retry 78 --repo=${project}`]);
  });

  it("makes up no job from a deployment's own number", () => {
    const commit = { repository: project, sha: SHA };
    const target = { ...TARGET, commit, ...by("gitlab", "gitlab.acme.example", "78") };
    expect(titles(target, "gitlab")).toEqual(["set the images with kubectl"]);
  });
});

describe("which tool", () => {
  it.each([
    ["kubectl", "set the images with kubectl"],
    ["Kubernetes", "set the images with kubectl"],
    ["K8s", "set the images with kubectl"],
    ["HELM", "roll back with Helm"],
    ["argo-cd", "roll back with Argo CD"],
    ["Argo CD", "roll back with Argo CD"],
    ["FluxCD", "suspend Flux and set the images"],
    ["flux2", "suspend Flux and set the images"],
    ["Amazon ECS", "deploy a task definition with these images to Amazon ECS"],
    ["fargate", "deploy a task definition with these images to Amazon ECS"],
    ["compose", "start the images with Docker Compose"],
    ["docker compose v2", "start the images with Docker Compose"],
  ])("is told by %s", (tool, title) => {
    expect(titles(TARGET, tool)).toEqual([title]);
  });

  it.each(["Spinnaker", "helm via argocd"])(
    "of a name that nobody knows has no step, and no guess",
    (tool) => {
      expect(titles(TARGET, tool)).toEqual([]);
    },
  );

  it.each([undefined, "", "-"])("is left open by %j", (tool) => {
    const config = [MANIFESTS];
    const target = { ...TARGET, config, ...by("argocd", "argocd", "a-uid/2026-10-20T08:11:00Z") };
    expect(titles(target, tool)).toEqual([
      "either roll back with Argo CD",
      "either pin the images with Kustomize, in git",
      "either set the images with kubectl",
    ]);
  });

  it.each([
    ["helm", "eu-1/billing", "b/7/x", ["either roll back with Helm", "either set the images with kubectl"]],
    ["flux", "eu-1", "u/h", ["either suspend Flux and set the images", "either set the images with kubectl"]],
  ])("is likely %s where that deployed it then", (provider, instance, id, expected) => {
    expect(titles({ ...TARGET, ...by(provider, instance, id) })).toEqual(expected);
  });

  it("is one alone where one alone is likely", () => {
    expect(titles(TARGET)).toEqual(["set the images with kubectl"]);
    const { namespace, ...ecs } = { ...TARGET, ...by("ecs", "123456789012/eu-central-1/shop", "ecs-svc/1") };
    expect(titles(ecs)).toEqual(["deploy a task definition with these images to Amazon ECS"]);
  });

  it("is nobody's where nothing is known: the images are named", () => {
    const { namespace, cluster, ...nowhere } = TARGET;
    expect(titles({ ...nowhere, components: [] }, "kubectl")).toEqual(["deploy by hand"]);
    expect(whys({ ...TARGET, cluster: "eu-1", components: [] })[0]).toContain("unknown");
    const codedeploy = { ...TWO, cluster: "x", ...by("ecs", "x", "y"), components: [] };
    expect(deploySteps(codedeploy, undefined)[0]?.commands).toEqual([]);
  });

  it("makes steps as they are answered", () => {
    for (const draft of deploySteps(TWO, undefined)) {
      const step = { n: 1, does: "deploy", ...draft };
      expect(Step.parse(step)).toEqual(step);
    }
  });
});

// --- hostile names ----------------------------------------------------------------------------------------

const TOOLS = [
  "kubectl",
  "helm",
  "kustomize",
  "argocd",
  "flux",
  "ecs",
  "compose",
  "github",
  "gitlab",
  undefined,
];
const PROVIDERS = ["argocd", "flux", "helm", "ecs", "github", "gitlab"];

const targets = fc
  .record(
    {
      environment: word,
      service: word,
      namespace: word,
      cluster: word,
      components: fc.array(
        word.map((name) => component(name, "billing")),
        { maxLength: 3 },
      ),
      config: fc.array(
        fc.record({ repository: word, revision: word, path: word }, { requiredKeys: ["revision"] }),
        { maxLength: 3 },
      ),
      commit: fc.record({ repository: word, sha: fc.constant(SHA) }, { requiredKeys: ["sha"] }),
      deployment: fc.record({ provider: fc.constantFrom(...PROVIDERS), instance: word, id: word }),
      url: word,
    },
    { requiredKeys: ["environment", "service", "components", "config"] },
  )
  .map((target) => ({
    ...target,
    restore: target.config,
    bare: target.components.map(({ component: name }) => ({ component: name })),
  }));

const GITHUB_URL = "https://github.com/acme/billing/actions/runs/1";
const GITLAB_URL = "https://gitlab.com/acme/billing/-/jobs/1";

/** All that is typed of well-meant releases: which programs, scripts and options there are. */
const wellMeant = PROVIDERS.flatMap((provider) => {
  const commit = { repository: "https://github.com/acme/billing", sha: SHA };
  const deployed = { ...TARGET, commit, ...by(provider, "123456789012/eu-central-1/shop", "billing/7/x") };
  const configs = [[], [MANIFESTS], [MANIFESTS, { revision: "1.2.3" }]];
  return [GITHUB_URL, GITLAB_URL].flatMap((url) =>
    configs.flatMap((config) =>
      [TARGET, TWO].flatMap(({ components }) =>
        TOOLS.flatMap((tool) =>
          [[], config].flatMap((restore) =>
            deploySteps({ ...deployed, config, restore, components, url }, tool),
          ),
        ),
      ),
    ),
  );
}).flatMap(({ commands }) => commands.map(({ argv }) => argv));

/** A program with what it does, and which options it is given. */
/** What comes after `--` is no option. */
const optionsIn = (words: readonly string[]): readonly string[] =>
  words.includes("--") ? words.slice(0, words.indexOf("--")) : words;

const shapeOf = (argv: readonly string[]) => ({
  program: argv[0] === "sh" ? argv.slice(0, 3).join(" ") : (argv[0] ?? ""),
  options: optionsIn(argv.slice(argv[0] === "sh" ? 3 : 1)).flatMap((one) =>
    one.startsWith("-") ? [one.split("=")[0] ?? ""] : [],
  ),
});
const PROGRAMS = new Set(wellMeant.map((argv) => shapeOf(argv).program));
const OPTIONS = new Set(wellMeant.flatMap((argv) => shapeOf(argv).options));

/** The folder of git's own option is a word of its own, and git takes it as it is. */
const withoutFolder = (argv: readonly string[]): readonly string[] =>
  argv[1] === "-C" ? [argv[0] ?? "", "-C", ...argv.slice(3)] : argv;

function isHarmless(argv: readonly string[]): boolean {
  // What comes after the folder of Kustomize's script is the folder, which `--` precedes there.
  const own = argv[0] === "sh" && argv[2]?.includes("kustomize") ? argv.toSpliced(4, 1) : withoutFolder(argv);
  const { program, options } = shapeOf(own);
  return PROGRAMS.has(program) && options.every((option) => OPTIONS.has(option));
}

describe("a hostile name", () => {
  it("never becomes a program, a script or an option", async () => {
    await fc.assert(
      fc.property(targets, fc.constantFrom(...TOOLS), (target, tool) => {
        for (const { commands } of deploySteps(target, tool))
          for (const { argv } of commands) expect(argv).toSatisfy(isHarmless);
      }),
    );
  });

  it("is found where it would become one", () => {
    expect(["kubectl", "set", "image", "--all"]).not.toSatisfy(isHarmless);
    expect(["rm", "x"]).not.toSatisfy(isHarmless);
    expect(["sh", "-c", "rm x"]).not.toSatisfy(isHarmless);
  });

  it.each(HOSTILE)("%j is given by the shell as it stands", (name) => {
    const target = {
      ...TARGET,
      ...{ environment: name, service: name, namespace: name, cluster: name },
      components: [component(name, "billing")],
      config: [{ repository: "https://github.com/acme/deploy", revision: "77aa01c", path: name }],
      restore: [{ repository: "https://github.com/acme/deploy", revision: "77aa01c", path: name }],
    };
    const commands = TOOLS.flatMap((tool) => deploySteps(target, tool)).flatMap((step) => step.commands);
    expect(commands.length).toBeGreaterThan(10);
    expect(takenByShell(commands.map(({ shell }) => shell))).toEqual(commands.map(({ argv }) => argv));
  });
});
