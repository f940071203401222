/** The steps of a plan, in order, for a person or a machine to carry out. */
import type { Release } from "../../schemas/answer.ts";
import type { Configuration } from "../../schemas/fact.ts";
import { pinnedImage } from "../../schemas/pinned-image.ts";
import type { Plan, PlannedComponent, Step } from "../../schemas/plan.ts";
import { type Copy, cameLater } from "./images.ts";
import type { Reverts } from "./reverts.ts";
import { command } from "./shell.ts";
import type { StepDraft, Target } from "./step-target.ts";
import { check } from "./verify-step.ts";

/** Copies by digest, with every platform of an index, so that the copy is identical (skopeo-copy(1)). */
const copyOf = ({ from, to }: Copy): StepDraft => ({
  title: `copy ${to} back`,
  why: `The image was deleted there; ${from} is identical.`,
  commands: [command("skopeo", "skopeo", "copy", "--all", `docker://${from}`, `docker://${to}`)],
});

const stop = ({ service, environment }: Release): StepDraft => ({
  title: `stop every instance of ${service} in ${environment}`,
  why:
    "It migrates at startup: if an instance of the newer release restarted, it would apply again what the next steps " +
    "revert. Also suspend whatever starts instances (auto-sync, autoscaling). The service is down until the deploy step.",
  commands: [],
});

/** The target as deployers need it. */
export function targetOf(
  target: Release,
  components: readonly PlannedComponent[],
  { to: commit }: Plan["commits"],
  changes: Plan["config"],
): Target {
  const { environment, service, namespace, cluster, deployment, url, config, workload } = target;
  return {
    environment,
    service,
    ...(namespace === null ? {} : { namespace }),
    ...(cluster === null ? {} : { cluster }),
    ...(workload === undefined ? {} : { workload }),
    components: components.flatMap(({ component, variant, image }) => {
      const pinned = image === null ? undefined : pinnedImage(image);
      if (image === null || pinned === undefined) return [];
      return [{ component, ...(variant === undefined ? {} : { variant }), image, ...pinned }];
    }),
    config,
    restore: changes.flatMap(({ to }) => to ?? []),
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

/** The parts of a plan that its steps are made from. */
export interface Ingredients {
  readonly target: Release;
  readonly current: Release;
  readonly copies: readonly Copy[];
  /** Present only if schemas are reverted. */
  readonly reverts: Reverts | undefined;
  readonly migratesAtStartup: boolean;
  /** The target as deployers need it, and their steps. */
  readonly deployed: Target;
  readonly deploying: readonly StepDraft[];
  /** Configuration that must be in effect afterwards. */
  readonly restored: readonly Configuration[];
}

const stepsThat = (does: Step["does"], drafts: readonly StepDraft[]): Omit<Step, "n">[] =>
  drafts.map((draft) => ({ does, ...draft }));

/** Images come first, and schemas before the code that needs them: a step that fails leaves the running code in place. */
export function stepsOf(from: Ingredients): Step[] {
  const { target, current, copies, reverts, migratesAtStartup, deployed, deploying, restored } = from;
  const later = cameLater(target, current).map(({ digest }) => digest);
  const drafts = [
    ...stepsThat("copy", copies.map(copyOf)),
    ...stepsThat("backup", reverts?.backups ?? []),
    ...stepsThat("stop", reverts !== undefined && migratesAtStartup ? [stop(target)] : []),
    ...stepsThat("revert", reverts?.steps ?? []),
    ...stepsThat("deploy", deploying),
    ...stepsThat("check", [check(deployed, later, restored)]),
  ];
  return drafts.map((draft, n) => ({ n: n + 1, ...draft }));
}
