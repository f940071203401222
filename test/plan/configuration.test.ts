/** The configuration of a plan: which steps restore it, and what is said where none does. */
import { describe, expect, it } from "vitest";
import { restoredBy } from "../../functions/plan/configuration.ts";
import type { Plan } from "../../schemas/plan.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { CODE, described, main, succeeded } from "../ledger/saying.ts";
import { imageOf, planOf, released } from "./asking.ts";

const DEPLOY = "https://github.com/acme/deploy";
const OLD = shaOf("old configuration");
const NEW = shaOf("new configuration");
const at = (revision: string, path = "production", more: object = {}) => ({
  repository: DEPLOY,
  revision,
  path,
  ...more,
});
const cluster = { cluster: "eu-1", namespace: "billing" };
const CONTEXT = "--context=eu-1 --namespace=billing";

/** Two releases whose images and configuration differ. */
const moved = (deployTool: string | undefined, path = "production", more: object = {}) => [
  ...released("10 12:00", "one", { ...more, config: [at(OLD, path)] }),
  ...released("20 12:00", "two", { ...more, config: [at(NEW, path)] }),
  ...(deployTool === undefined ? [] : [described({ deployTool })]),
];
const codes = (plan: Plan) => plan.blockers.map(({ code }) => code);
const typed = ({ steps }: Plan): string[] =>
  steps.filter(({ does }) => does === "deploy").flatMap(({ commands }) => commands.map(({ shell }) => shell));

describe("configuration in git", () => {
  it("is checked out and applied with kubectl, before the images are set", async () => {
    const plan = await planOf(moved("kubectl", "production/billing.yaml", cluster));
    const [checkOut, apply, image] = typed(plan);
    expect(plan.status).toBe("ready");
    expect(checkOut).toContain(`sh asof-${OLD.slice(0, 12)} ${DEPLOY} ${OLD}`);
    expect(apply).toMatch(new RegExp(`sh asof-${OLD.slice(0, 12)}/production/billing.yaml ${CONTEXT}$`));
    expect(image).toBe(`kubectl ${CONTEXT} set image deployment/billing billing=${imageOf("one")}`);
    expect(plan.steps[0]?.brings).toEqual({
      images: [{ component: "main", image: imageOf("one") }],
      config: [at(OLD, "production/billing.yaml")],
    });
  });

  it("goes back as a commit with Kustomize, of these paths alone", async () => {
    const lines = typed(await planOf(moved("kustomize")));
    expect(lines).toEqual([
      "git fetch origin",
      `git --literal-pathspecs restore --source=${OLD} --staged --worktree -- production`,
      expect.stringContaining(`ghcr.io/acme/billing=${imageOf("one")}`),
      "git --literal-pathspecs commit '--message=Run acme/billing in production as before' -- production",
      "git push",
    ]);
  });

  it("goes back as a commit with Flux, which is told to apply it", async () => {
    const flux = { ...cluster, deployment: { provider: "flux", instance: "eu-1", id: "u/1" } };
    const plan = await planOf([
      ...released("10 12:00", "one", { ...flux, config: [{ revision: OLD }] }),
      ...released("20 12:00", "two", { ...flux, config: [{ revision: NEW }] }),
      described({ deployTool: "flux" }),
    ]);
    const lines = typed(plan);
    expect(lines[1]).toContain(`restore --source=${OLD} --staged --worktree -- '<path of the manifests>'`);
    expect(lines.at(-1)).toContain("flux reconcile kustomization billing --with-source");
    expect(plan.status).toBe("ready");
  });

  it("is the Compose file of then", async () => {
    const plan = await planOf(moved("compose", "stacks/compose.yaml"));
    expect(typed(plan)[0]).toContain(OLD);
    expect(plan.steps[0]?.commands.at(-1)?.argv.at(-1)).toBe(`asof-${OLD.slice(0, 12)}/stacks/compose.yaml`);
    expect(plan.status).toBe("ready");
  });

  it("is the file of a task definition, and a registered one goes before", async () => {
    const ecs = { cluster: "shop" };
    expect(typed(await planOf(moved("ecs", "ecs/task.json", ecs)))[1]).toContain(
      `asof-${OLD.slice(0, 12)}/ecs/task.json`,
    );
    const plan = await planOf([
      ...released("10 12:00", "one", { ...ecs, config: [{ revision: "billing:41" }] }),
      ...released("20 12:00", "two", { ...ecs, config: [{ revision: "billing:42" }] }),
      described({ deployTool: "ecs" }),
    ]);
    expect(typed(plan)[0]).toContain("--task-definition=billing:41");
    expect(plan.status).toBe("ready");
  });

  it("is given to jobs of forges, and a job that runs again is not offered beside", async () => {
    const github = { deployment: { provider: "github", instance: "github.com", id: "1" } };
    const plan = await planOf(moved("github", "production", github));
    expect(typed(plan)).toHaveLength(1);
    expect(typed(plan)[0]).toContain(
      `payload[config]=[{"path":"production","repository":"${DEPLOY}","revision":"${OLD}"}]`,
    );
    const gitlab = { url: "https://gitlab.com/acme/billing/-/jobs/7" };
    const [line = ""] = typed(await planOf(moved("gitlab", "production", gitlab)));
    expect(line).toContain("projects/acme%2Fbilling/pipeline?ref=<branch>");
    expect(line).toContain(encodeURIComponent(OLD));
  });
});

describe("configuration that no step restores", () => {
  it("blocks the plan, unless that is accepted", async () => {
    const statements = moved("keel", "production", cluster);
    const plan = await planOf(statements);
    expect(codes(plan)).toEqual(["configuration_not_restored"]);
    expect(plan.blockers[0]?.message).toMatch(
      new RegExp(`of ${DEPLOY} production was at ${OLD} and is at ${NEW} now.*acceptConfiguration=true`),
    );
    const accepted = await planOf(statements, { acceptConfiguration: true });
    expect(accepted.status).toBe("ready");
    expect(accepted.warnings.map(({ code }) => code)).toContain("configuration_not_restored");
    expect(accepted.steps.at(-1)?.commands[0]?.argv.slice(-2)).toEqual(["", digestOf("one")]);
  });

  it("goes back by a commit before the deployment, if that is asked for", async () => {
    const statements = moved("keel", "production", cluster);
    const blocked = await planOf(statements);
    expect(blocked.blockers[0]?.message).toContain("config=revert");
    const plan = await planOf(statements, { config: "revert" });
    expect([plan.status, plan.steps.map(({ does }) => does)]).toEqual([
      "ready",
      ["configure", "deploy", "check"],
    ]);
    expect(plan.steps[0]?.commands.map(({ shell }) => shell)).toEqual([
      "git fetch origin",
      `git --literal-pathspecs restore --source=${OLD} --staged --worktree -- production`,
      "git --literal-pathspecs commit '--message=Configure acme/billing in production as before' -- production",
      "git push",
    ]);
    expect(restoredBy(plan)).toEqual([at(OLD)]);
    expect(plan.steps.at(-1)?.commands[0]?.shell).toContain(OLD);
  });

  it("adds no commit where the deploy tool brings it, and none where it is not in git", async () => {
    const kubectl = moved("kubectl", "production/billing.yaml", cluster);
    expect((await planOf(kubectl, { config: "revert" })).hash).toBe((await planOf(kubectl)).hash);
    const chart = [
      ...released("10 12:00", "one", { config: [{ revision: "chart-1" }] }),
      ...released("20 12:00", "two", { config: [{ revision: "chart-2" }] }),
      described({ deployTool: "keel" }),
    ];
    const plan = await planOf(chart, { config: "revert" });
    expect(codes(plan)).toEqual(["configuration_not_restored"]);
    expect(plan.blockers[0]?.message).not.toContain("config=revert");
  });

  it.each([["../outside"], ["/"]])(
    "is one at the path %s, which is not a part of its repository",
    async (path) => {
      expect(codes(await planOf(moved("kubectl", path, cluster)))).toEqual(["configuration_not_restored"]);
    },
  );

  it("does not block where its content is the same, or no fact reports it then", async () => {
    const digest = digestOf("content");
    const same = await planOf([
      ...released("10 12:00", "one", { config: [at(OLD, "production", { digest })] }),
      ...released("20 12:00", "two", { config: [at(NEW, "production", { digest })] }),
      described({ deployTool: "keel" }),
    ]);
    expect(same.config).toEqual([]);
    expect(same.status).toBe("ready");
    const unknown = await planOf([
      ...released("10 12:00", "one"),
      ...released("20 12:00", "two", { config: [at(NEW)] }),
      described({ deployTool: "keel" }),
    ]);
    expect(unknown.status).toBe("ready");
    expect(unknown.warnings.map(({ code }) => code)).toContain("configuration_unknown");
  });
});

describe("the last step", () => {
  it("looks for the restored configuration, by its revision or its content", async () => {
    const digest = digestOf("content");
    const plan = await planOf([
      ...released("10 12:00", "one", { config: [at(OLD, "production", { digest })] }),
      ...released("20 12:00", "two", { config: [at(NEW)] }),
      described({ deployTool: "kustomize" }),
    ]);
    expect(plan.steps.at(-1)?.commands[0]?.argv.at(-3)).toBe(`"revision":"${OLD}"|"digest":"${digest}"`);
    expect(plan.steps.at(-1)?.why).toContain(OLD);
  });
});

describe("the last good release", () => {
  it("may have the same image with its earlier configuration", async () => {
    const alone = { config: [at(NEW)], deployment: { provider: "vault", instance: "x", id: "9" } };
    const plan = await planOf(
      [
        ...released("05 12:00", "zero"),
        ...released("10 12:00", "one", { config: [at(OLD)] }),
        succeeded("20 12:00", [main()], alone),
      ],
      { aim: { last: "good" } },
    );
    expect(plan.components[0]).toMatchObject({ from: digestOf("one"), to: digestOf("one") });
    expect(plan.config).toMatchObject([{ from: { revision: NEW }, to: { revision: OLD } }]);
  });
});

describe("a deploy tool of one's own", () => {
  const tools = {
    "Manifest Tool": [
      ["manifests", "deploy", "--to={environment}", "--image={image}", "{config.path}@{config.revision}"],
      ["manifests", "wait", "{namespace}"],
    ],
  };

  it("is typed as its template says, with the configuration of then", async () => {
    const plan = await planOf(moved("manifest-tool"), { tools });
    expect(typed(plan)).toEqual([
      `manifests deploy --to=production --image=${imageOf("one")} production@${OLD}`,
      "manifests wait '<namespace>'",
    ]);
    expect(plan.status).toBe("ready");
  });

  it("gets no value that it would take for an option", async () => {
    const plan = await planOf(moved("manifest-tool", "-x", { namespace: "--all" }), { tools });
    expect(typed(plan)[0]).toContain("'<config.path>@<config.revision>'");
    expect(typed(plan)[1]).toBe("manifests wait '<namespace>'");
  });

  it("blocks the plan by name where nobody knows its commands, and no other is offered", async () => {
    const plan = await planOf(moved("jinja2 tool", "production", cluster), { tools });
    expect(codes(plan)).toContain("deploy_tool_unknown");
    expect(plan.blockers[0]?.message).toContain("jinja2 tool");
    expect(plan.steps).toEqual([]);
  });

  it("may be one that is known by another way of deploying", async () => {
    const own = { kubectl: [["kubectl", "own", "{image}"]] };
    expect(
      typed(
        await planOf(released("10 12:00", "one").concat(described({ deployTool: "kubectl" })), {
          tools: own,
        }),
      ),
    ).toEqual([`kubectl own ${imageOf("one")}`]);
  });
});

describe("Keel", () => {
  it("is held before the images are set", async () => {
    const lines = typed(
      await planOf([...released("10 12:00", "one", cluster), described({ deployTool: "Keel" })]),
    );
    expect(lines).toEqual([
      `kubectl ${CONTEXT} annotate deployment/billing keel.sh/policy=never --overwrite`,
      `kubectl ${CONTEXT} label deployment/billing keel.sh/policy=never --overwrite`,
      `kubectl ${CONTEXT} set image deployment/billing billing=${imageOf("one")}`,
      `kubectl ${CONTEXT} rollout status deployment/billing --timeout=10m`,
    ]);
  });
});

it("names the commit of the code, not of the configuration, in what changes", async () => {
  const plan = await planOf(moved("kubectl", "production", cluster));
  expect(plan.commits.to).toMatchObject({ repository: CODE, sha: shaOf("one") });
});

describe("a release whose configuration was taken back", () => {
  const rotated = (at: string, revision: string, more: object = {}) =>
    succeeded(at, [main()], {
      config: [{ repository: DEPLOY, revision, path: "production" }],
      deployment: { provider: "vault", instance: "x", id: at },
      ...more,
    });

  it("is no good one any more, while the same images with other configuration are", async () => {
    const plan = await planOf(
      [
        ...released("10 12:00", "one", { config: [at(OLD)] }),
        rotated("15 12:00", NEW),
        rotated("16 12:00", OLD, { rollback: true }),
        rotated("20 12:00", shaOf("third configuration")),
      ],
      { aim: { last: "good" } },
    );
    expect(plan.config).toMatchObject([{ to: { revision: OLD } }]);
    const next = await planOf(
      [
        ...released("10 12:00", "one", { config: [at(OLD)] }),
        rotated("15 12:00", NEW),
        rotated("16 12:00", shaOf("third configuration"), { rollback: true }),
      ],
      { aim: { last: "good" } },
    );
    expect(next.config).toMatchObject([{ to: { revision: OLD } }]);
  });
});
