/** A plan promises only what its steps do: simulated for each deployer, they bring everything that changes. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Release } from "../../schemas/answers/release.ts";
import type { Plan } from "../../schemas/plan.ts";
import { pick } from "../histories/words.ts";
import { deployed, digestOf, shaOf } from "../ledger/given.ts";
import { built, CODE, described, PLACE, pushed, REPOSITORY, time } from "../ledger/saying.ts";
import { planOf, released } from "./asking.ts";
import { simulated } from "./simulated.ts";

const TOOLS: [string, ...(string | undefined)[]] = [
  "argocd",
  ...["flux", "keel", "helm", "ecs", "github", "gitlab"],
  ...["kustomize", "kubectl", "compose", "own", "careless", "unheard of", undefined],
];
const OWN = {
  own: [["own-tool", "--image={image}", "--config={config.revision}"]],
  careless: [["own-tool", "--image={image}"]],
};

const revision = fc.oneof(
  { weight: 4, arbitrary: pick("a", "b", "c").map(shaOf) },
  { weight: 1, arbitrary: pick("1.2.3", "billing:41", `latest@${digestOf("oci")}`, "one") },
);
const place = fc.record(
  {
    repository: pick("https://github.com/acme/deploy", "https://github.com/acme/manifests", CODE),
    path: pick(
      ...["production", "production/billing.yaml", "compose.yaml", "stacks/docker-compose.prod.yml"],
      ...["task.json", "charts/billing", "../elsewhere"],
    ),
  },
  { requiredKeys: [] },
);
const configuration = fc
  .tuple(place, revision, fc.option(pick("x", "y").map(digestOf), { nil: undefined }))
  .map(([where, is, digest]) => ({
    ...where,
    revision: is === "one" ? shaOf("one") : is,
    ...(digest === undefined ? {} : { digest }),
  }));
const config = fc.array(configuration, { maxLength: 3 });

const provider = fc.oneof(
  pick("argocd", "flux", "helm", "ecs", "github", "gitlab", "ci").map((name) => ({
    provider: name,
    instance: name === "ecs" ? "123456789012/eu-central-1/shop" : "eu-1",
    id: name === "helm" ? "billing/7/x" : "job/7",
  })),
);
const release = fc.record(
  {
    deployment: provider,
    cluster: fc.constant("eu-1"),
    namespace: fc.constant("billing"),
    url: pick(`${CODE}/actions/runs/7`, "https://gitlab.com/acme/billing/-/jobs/7"),
  },
  { requiredKeys: ["deployment"] },
);

const entryOf = ({ revision: is, path }: { revision: string; path?: string }) =>
  path === undefined ? is : `${path}@${is}`;

type Entry = Plan["config"][number]["to"];

/** Entries of one place hold the same if their content does. */
const isSameContent = (one: Entry, other: Entry): boolean =>
  one?.path === other?.path &&
  (one?.revision === other?.revision || (one?.digest !== undefined && one.digest === other?.digest));

/** What the plan says that nothing restores. */
const givenUp = ({ blockers, warnings }: Plan): string =>
  [...blockers, ...warnings]
    .filter(({ code }) => code === "configuration_not_restored")
    .map(({ message }) => message)
    .join("\n");

/** @param known the release that a tool goes back to */
function expectBrought(plan: Plan, known: Release | null = plan.target): void {
  const images = plan.components.flatMap(({ image }) => image ?? []);
  const wanted = plan.config.flatMap(({ to }) => to ?? []);
  const commit = (known === plan.target ? plan.commits.to : plan.commits.from) ?? undefined;
  const then = {
    images: known === plan.target ? images : (known?.components ?? []).flatMap(({ image }) => image ?? []),
    config: known?.config ?? [],
    ...(commit === undefined ? {} : { commit }),
  };
  const deploying = plan.steps.filter(({ does }) => does === "deploy");
  expect(deploying.length).toBeGreaterThan(0);
  for (const step of deploying) {
    const world = simulated(step, then);
    expect([...world.images]).toEqual(expect.arrayContaining(images));
    for (const one of wanted) {
      const isBrought = then.config.some(
        (other) => isSameContent(one, other) && world.config.has(entryOf(other)),
      );
      if (!isBrought) expect(givenUp(plan)).toContain(one.revision);
    }
    // What the step says of itself is what its commands do.
    for (const one of step.brings?.config ?? []) expect([...world.config]).toContain(entryOf(one));
    expect(step.brings?.images.map(({ image }) => image)).toEqual(images);
  }
}

/** How an image is known that never ran here. */
const sources = pick("ran in staging", "was built", "was pushed");

const arrivals = (how: "ran in staging" | "was built" | "was pushed", before: object) =>
  how === "ran in staging"
    ? released("15 12:00", "next", { environment: "staging", ...before })
    : [
        pushed("15 12:00", digestOf("next")),
        ...(how === "was built" ? [built(digestOf("next"), "next")] : []),
      ];

describe("a plan", () => {
  it("brings images that never ran here, and leaves the configuration as it is", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...TOOLS),
        release,
        fc.tuple(config, config),
        sources,
        fc.boolean(),
        async (deployTool, more, [there, here], how, isFirst) => {
          const places = [{ environment: PLACE.environment, cluster: "eu-1", namespace: "billing" }];
          const plan = await planOf(
            [
              ...arrivals(how, { ...more, config: there }),
              ...(isFirst
                ? [deployed(PLACE.environment, "acme/other", "other", time("10 12:00"))]
                : released("20 12:00", "now", { ...more, config: here })),
              described({
                places,
                images: [REPOSITORY],
                ...(deployTool === undefined ? {} : { deployTool }),
              }),
            ],
            { tools: OWN, aim: { digest: digestOf("next") } },
          );
          const isDescribed = deployTool !== undefined || !isFirst;
          if (deployTool === "unheard of" || !isDescribed) {
            expect(plan.steps).toEqual([]);
            expect(plan.blockers.map(({ code }) => code)).toContain(
              deployTool === undefined ? "deployment_undescribed" : "deploy_tool_unknown",
            );
            return;
          }
          expect(plan).toMatchObject({ status: "ready", config: [], components: [{ to: digestOf("next") }] });
          expectBrought(plan, plan.current);
        },
      ),
    );
  });

  it("brings everything that changes, by whatever deploys, or says what it does not bring", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...TOOLS),
        release,
        config,
        config,
        fc.boolean(),
        async (deployTool, more, before, after, acceptConfiguration) => {
          const plan = await planOf(
            [
              ...released("10 12:00", "one", { ...more, config: before }),
              ...released("20 12:00", "two", {
                ...more,
                deployment: { ...more.deployment, id: "8" },
                config: after,
              }),
              ...(deployTool === undefined ? [] : [described({ deployTool })]),
            ],
            { tools: OWN, acceptConfiguration },
          );
          if (deployTool === "unheard of") {
            expect(plan.steps).toEqual([]);
            expect(plan.blockers.map(({ code }) => code)).toContain("deploy_tool_unknown");
            return;
          }
          expectBrought(plan);
          const isGivenUp = givenUp(plan) !== "";
          expect(plan.blockers.some(({ code }) => code === "configuration_not_restored")).toBe(
            isGivenUp && !acceptConfiguration,
          );
        },
      ),
    );
  });
});
