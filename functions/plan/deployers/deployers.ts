/** The steps that deploy a release again: with the service's own tool or, if that is unknown, with each likely tool. */

import type { Configuration } from "../../../schemas/fact.ts";
import type { Blocker } from "../../../schemas/plan.ts";
import type { DeployTools } from "../../../schemas/settings/deploy-tools.ts";
import { isSameConfiguration } from "../../queries/release/configuration.ts";
import { describedConfiguration } from "../configuration.ts";
import { spelled } from "../shell.ts";
import { brings, type Deployer, listed, type StepDraft, type Target } from "../step-target.ts";
import { compose } from "./compose.ts";
import { ecs } from "./ecs.ts";
import { github, gitlab } from "./forges.ts";
import { argocd, flux, keel } from "./gitops.ts";
import { helm, kubectl, kustomize } from "./kubernetes.ts";
import { byTemplate, templateOf } from "./own-tools.ts";

export type { StepDraft, Target } from "../step-target.ts";

/** In the order in which they are offered: tools that may have made the deployment, before general ones. */
const DEPLOYERS: readonly Deployer[] = [
  ...[argocd, flux, keel, helm, ecs, github, gitlab],
  ...[kustomize, kubectl, compose],
];

function byHand(target: Target): StepDraft {
  const { service, environment, components, bare, commit, restore } = target;
  const images = [
    ...components.map(({ component, image }) => `${component}: ${image}`),
    ...bare.map(({ component, digest }) => `${component}: ${digest ?? `commit ${commit?.sha ?? "unknown"}`}`),
  ];
  return {
    title: "deploy by hand",
    why:
      `The tool that deploys ${service} to ${environment} is unknown. ` +
      (images.length === 0 ? "Its images are unknown, too." : `Deploy ${listed(images)}.`) +
      (restore.length === 0
        ? ""
        : ` Put back the configuration: ${listed(restore.map(describedConfiguration))}.`),
    commands: [],
    brings: brings(target, restore),
  };
}

const calledAs = (deployTool: string): Deployer[] =>
  DEPLOYERS.filter(({ called }) => called.test(spelled(deployTool)));

/** Whether a service names a tool: a dash, for instance, is no name. */
const isNamed = (deployTool: string | undefined): deployTool is string => spelled(deployTool ?? "") !== "";

/** A tool that nobody knows the commands of. No other tool takes its place: that would be a guess. */
export function toolBlockers(deployTool: string | undefined, tools: DeployTools): Blocker[] {
  const isKnown =
    !isNamed(deployTool) || templateOf(tools, deployTool) !== undefined || calledAs(deployTool).length > 0;
  if (isKnown) return [];
  const message = `the service is deployed with ${deployTool}, and no commands of it are known: add them to ASOF_DEPLOY_TOOLS`;
  return [{ code: "deploy_tool_unknown", message }];
}

function draftsOf(target: Target, deployTool: string | undefined, tools: DeployTools): StepDraft[] {
  const likely = DEPLOYERS.filter(({ fits }) => fits(target));
  const drafted = (deployers: readonly Deployer[]) => deployers.flatMap(({ drafts }) => drafts(target));
  if (!isNamed(deployTool)) return drafted(likely);
  const template = templateOf(tools, deployTool);
  if (template !== undefined) return [byTemplate(target, deployTool, template)];
  const own = drafted(calledAs(deployTool));
  return own.length > 0 ? own : drafted(likely);
}

/** The configuration to restore that a step does not bring. */
const missingFrom = ({ restore }: Target, { brings }: StepDraft): Configuration[] =>
  restore.filter((one) => !brings?.config.some((brought) => isSameConfiguration(brought, one)));

/** The configuration to restore that at least one of the alternatives does not bring. */
export const notRestored = (target: Target, drafts: readonly StepDraft[]): Configuration[] => [
  ...new Set(drafts.flatMap((draft) => missingFrom(target, draft))),
];

/**
 * One step; or several alternatives, whose titles begin with `either`. An alternative that restores less of the
 * configuration than another is left out.
 * @param deployTool free text from the service's description
 */
export function deploySteps(
  target: Target,
  deployTool: string | undefined,
  tools: DeployTools = {},
): StepDraft[] {
  if (toolBlockers(deployTool, tools).length > 0) return [];
  const all = draftsOf(target, deployTool, tools);
  const least = Math.min(...all.map((draft) => missingFrom(target, draft).length));
  const drafts = all.filter((draft) => missingFrom(target, draft).length === least);
  if (drafts.length === 0) return [byHand(target)];
  return drafts.length === 1 ? drafts : drafts.map((draft) => ({ ...draft, title: `either ${draft.title}` }));
}
