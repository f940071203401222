/** The steps of a plan: what is done in which order, for a person or a machine. */
import type { Release } from "../../schemas/answer.ts";
import { pinnedImage } from "../../schemas/pinned-image.ts";
import type { Plan, PlannedComponent, Step } from "../../schemas/plan.ts";
import { deploySteps } from "./deployers/deployers.ts";
import { type Copy, cameLater } from "./images.ts";
import type { Reverts } from "./reverts.ts";
import { command } from "./shell.ts";
import type { StepDraft, Target } from "./step-target.ts";
import { check } from "./verify-step.ts";

/** By digest, with every platform of an index: what arrives is what was there, byte for byte (skopeo-copy(1)). */
const copyOf = ({ from, to }: Copy): StepDraft => ({
  title: `copy ${to} back`,
  why: `It was deleted there, and ${from} is the same image.`,
  commands: [command("skopeo", "skopeo", "copy", "--all", `docker://${from}`, `docker://${to}`)],
});

const stop = ({ service, environment }: Release): StepDraft => ({
  title: `stop every instance of ${service} in ${environment}`,
  why:
    "It migrates when it starts: an instance of the newer release that is started again would apply anew what the next " +
    "steps revert. Hold what starts instances (auto-sync, autoscaling) too. From here until the deployment nothing runs.",
  commands: [],
});

function toDeploy(
  target: Release,
  components: readonly PlannedComponent[],
  { to: commit }: Plan["commits"],
): Target {
  const { environment, service, namespace, cluster, deployment, url, config } = target;
  return {
    environment,
    service,
    ...(namespace === null ? {} : { namespace }),
    ...(cluster === null ? {} : { cluster }),
    components: components.flatMap(({ component, variant, image }) => {
      const pinned = image === null ? undefined : pinnedImage(image);
      if (image === null || pinned === undefined) return [];
      return [{ component, ...(variant === undefined ? {} : { variant }), image, ...pinned }];
    }),
    config: config.map(({ repository, revision, path }) => ({
      revision,
      ...(repository === undefined ? {} : { repository }),
      ...(path === undefined ? {} : { path }),
    })),
    ...(commit === null
      ? {}
      : {
          commit: {
            sha: commit.sha,
            ...(commit.repository === undefined ? {} : { repository: commit.repository }),
          },
        }),
    ...(deployment === null ? {} : { deployment }),
    ...(url === null ? {} : { url }),
  };
}

/** What the steps are made of. */
export interface Ingredients {
  readonly target: Release;
  readonly current: Release;
  readonly components: readonly PlannedComponent[];
  readonly copies: readonly Copy[];
  readonly commits: Plan["commits"];
  /** Only where schemas are reverted. */
  readonly reverts: Reverts | undefined;
  readonly migratesAtStartup: boolean;
  readonly deployTool: string | undefined;
}

const doing = (does: Step["does"], drafts: readonly StepDraft[]): Omit<Step, "n">[] =>
  drafts.map((draft) => ({ does, ...draft }));

/** Images first and schemas before the code that runs on them, so that whatever fails leaves what runs as it is. */
export function stepsOf(from: Ingredients): Step[] {
  const { target, current, components, copies, commits, reverts, migratesAtStartup, deployTool } = from;
  const deployed = toDeploy(target, components, commits);
  const later = cameLater(target, current).map(({ digest }) => digest);
  const drafts = [
    ...doing("copy", copies.map(copyOf)),
    ...doing("backup", reverts?.backups ?? []),
    ...doing("stop", reverts !== undefined && migratesAtStartup ? [stop(target)] : []),
    ...doing("revert", reverts?.steps ?? []),
    ...doing("deploy", deploySteps(deployed, deployTool)),
    ...doing("check", [check(deployed, later)]),
  ];
  return drafts.map((draft, n) => ({ n: n + 1, ...draft }));
}
