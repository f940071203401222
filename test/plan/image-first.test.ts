import { describe, expect, it } from "vitest";
import { plan } from "../../functions/plan/plan.ts";
import type { Statement } from "../../schemas/fact.ts";
import type { Plan } from "../../schemas/plan.ts";
import { digestOf, given, said, shaOf } from "../ledger/given.ts";
import { built, CODE, described, main, PLACE, time } from "../ledger/saying.ts";
import { imageOf, NOW, planOf, released } from "./asking.ts";

const STAGING = { environment: "staging" };
const inCluster = { cluster: "eu-1", namespace: "shop" };
const staged = (at: string, name: string, more: object = {}) => released(at, name, { ...STAGING, ...more });

const commandsOf = ({ steps }: Plan) =>
  steps.filter(({ does }) => does === "deploy").flatMap(({ commands }) => commands.map(({ shell }) => shell));

describe("a service that never ran here", () => {
  const QA = { environment: "qa" };
  const known = [
    ...staged("18 12:00", "next", inCluster),
    said("deployment.succeeded", time("10 12:00"), {
      ...QA,
      service: "acme/web",
      deployment: { provider: "ci", instance: "ci", id: "1" },
      components: [main({ digest: digestOf("web") })],
    }),
  ];
  const planIn = async (environment: string, ...more: readonly Statement[]): Promise<Plan> => {
    const ledger = await given(...known, ...more);
    const answer = await plan(
      ledger.at(NOW),
      { environment, service: PLACE.service },
      { aim: { digest: digestOf("next") } },
    );
    if (answer === undefined) throw new Error("it was not found");
    return answer;
  };

  it("is blocked with the fields that its description lacks", async () => {
    const [blocker, ...others] = (await planIn("qa", described({ deployTool: "kubectl" }))).blockers;
    expect(others).toEqual([]);
    expect(blocker?.code).toBe("deployment_undescribed");
    expect(blocker?.message).toContain("service.described with places[].cluster, places[].namespace");
    expect((await planIn("qa")).blockers[0]?.message).toContain("deployTool");
  });

  it("has the commands that its description gives", async () => {
    const answer = await planIn(
      "qa",
      described({
        deployTool: "kubectl",
        places: [{ environment: "QA", cluster: "eu-2", namespace: "testing" }],
        workloads: [{ component: "main", workload: "StatefulSet/billing-db", container: "app" }],
      }),
    );
    expect(answer).toMatchObject({ status: "ready", current: { status: "unknown", components: [] } });
    expect(commandsOf(answer)[0]).toBe(
      `kubectl --context=eu-2 --namespace=testing set image statefulset/billing-db app=${imageOf("next")}`,
    );
  });

  it("is found in an environment that only its description names", async () => {
    const places = [{ environment: "demo", cluster: "eu-3", namespace: "demo" }];
    expect(await planIn("demo", described({ deployTool: "kubectl", places }))).toMatchObject({
      status: "ready",
    });
  });
});

describe("the commands for an image that never ran here", () => {
  it.each([
    ["argocd", "--kustomize-image="],
    ["helm", "upgrade"],
    ["flux", "suspend"],
    ["kustomize", "edit set image"],
    ["ecs", "register-task-definition"],
    ["github", "payload[image]"],
    ["gitlab", "ASOF_IMAGES"],
    ["compose", "docker compose"],
  ])("of %s bring it, and run no earlier job or revision again", async (deployTool, word) => {
    const answer = await planOf(
      [
        ...staged("18 12:00", "next"),
        built(digestOf("next"), "next"),
        ...released("20 12:00", "two", {
          ...inCluster,
          deployment: { provider: "helm", instance: "eu-1", id: "billing/7/x" },
          url: `${CODE}/actions/runs/7`,
          config: [
            { repository: "https://github.com/acme/deploy", path: "production", revision: shaOf("c") },
          ],
        }),
        described({ deployTool }),
      ],
      { aim: { digest: digestOf("next") } },
    );
    const shown = commandsOf(answer).join("\n");
    expect(shown).toContain(word);
    expect(shown.replaceAll("%40", "@").replaceAll("%3A", ":").replaceAll("%2F", "/")).toContain(
      imageOf("next"),
    );
    for (const again of ["rollback", "rerun", "retry"]) expect(shown).not.toContain(again);
  });
});
