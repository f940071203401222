/** The steps of a plan, in order, for a person or a machine to carry out. */
import type { Release } from "../../schemas/answer.ts";
import type { Configuration } from "../../schemas/fact.ts";
import { pinnedImage } from "../../schemas/pinned-image.ts";
import type { Plan, PlannedComponent, Step } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import type { InGit } from "../../schemas/words/in-git.ts";
import type { Description } from "../queries/service-description.ts";
import { committing } from "./deployers/git.ts";
import type { Reverts } from "./schema/reverts.ts";
import { command } from "./shell.ts";
import type { StepDraft, Target } from "./step-target.ts";
import { type Copy, cameLater } from "./target/images.ts";
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

/** The release to deploy, and what runs now. */
interface Aimed {
  readonly target: Release;
  readonly current: Release;
  readonly description: Description | undefined;
  /** Whether its images never ran here: no earlier job or revision brings them. */
  readonly isNew: boolean;
}

/** Where a release ran; for what the facts do not say, where its description says that it runs. */
function placeOf({ target, description }: Aimed): Pick<Target, "cluster" | "namespace"> {
  const described = description?.places?.find((one) => fold(one.environment) === fold(target.environment));
  const cluster = target.cluster ?? described?.cluster;
  const namespace = target.namespace ?? described?.namespace;
  return {
    ...(cluster === undefined ? {} : { cluster }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

/** What a component is called where it runs, by the description of its service. */
function workloadOf({ description }: Aimed, component: string): { workload?: string; container?: string } {
  const described = description?.workloads?.find((one) => fold(one.component) === fold(component));
  const { workload, container } = described ?? {};
  return {
    ...(workload === undefined ? {} : { workload }),
    ...(container === undefined ? {} : { container }),
  };
}

/** How the deployment of then is known; that of now, without its id, if the images are not its own. */
function deploymentOf({ target, current, isNew }: Aimed): Pick<Target, "deployment" | "url" | "isNew"> {
  if (isNew) {
    const { provider, instance } = current.deployment ?? {};
    const isKnown = provider !== undefined && instance !== undefined;
    return { isNew, ...(isKnown ? { deployment: { provider, instance } } : {}) };
  }
  const { deployment, url } = target;
  return {
    ...(deployment === null ? {} : { deployment }),
    ...(url === null ? {} : { url }),
  };
}

/** The target as deployers need it. */
export function targetOf(
  aimed: Aimed,
  components: readonly PlannedComponent[],
  { to: commit }: Plan["commits"],
  changes: Plan["config"],
): Target {
  const { environment, service, config } = aimed.target;
  // The commands are for what runs it now.
  const workload = aimed.current.workload ?? aimed.target.workload;
  return {
    environment,
    service,
    ...placeOf(aimed),
    ...(workload === undefined ? {} : { workload }),
    components: components.flatMap(({ component, variant, image }) => {
      const pinned = image === null ? undefined : pinnedImage(image);
      if (image === null || pinned === undefined) return [];
      const of = variant === undefined ? {} : { variant };
      return [{ component, ...of, image, ...pinned, ...workloadOf(aimed, component) }];
    }),
    bare: components.flatMap(({ component, variant, image, to }) => {
      if (image !== null) return [];
      const of = variant === undefined ? {} : { variant };
      return [{ component, ...of, ...(to === null ? {} : { digest: to }) }];
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
    ...deploymentOf(aimed),
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
  /** Configuration that goes back by a commit, because no deploy step brings it. */
  readonly committed: readonly InGit[];
  /** Configuration that must be in effect afterwards. */
  readonly restored: readonly Configuration[];
}

const stepsThat = (does: Step["does"], drafts: readonly StepDraft[]): Omit<Step, "n">[] =>
  drafts.map((draft) => ({ does, ...draft }));

/** Images come first, and schemas before the code that needs them: a step that fails leaves the running code in place. */
export function stepsOf(from: Ingredients): Step[] {
  const { target, current, copies, reverts, migratesAtStartup, deployed, deploying, restored, committed } =
    from;
  const later = cameLater(target, current).map(({ digest }) => digest);
  const drafts = [
    ...stepsThat("copy", copies.map(copyOf)),
    ...stepsThat("backup", reverts?.backups ?? []),
    ...stepsThat("stop", reverts !== undefined && migratesAtStartup ? [stop(target)] : []),
    ...stepsThat("revert", reverts?.steps ?? []),
    ...stepsThat("configure", committing(deployed, committed)),
    ...stepsThat("deploy", deploying),
    ...stepsThat("check", [check(deployed, later, restored)]),
  ];
  return drafts.map((draft, n) => ({ n: n + 1, ...draft }));
}
