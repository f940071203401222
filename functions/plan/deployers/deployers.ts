/** The steps that deploy a release again: with the service's own tool or, if that is unknown, with each likely tool. */

import { spelled } from "../shell.ts";
import { type Deployer, listed, type StepDraft, type Target } from "../step-target.ts";
import { compose } from "./compose.ts";
import { ecs } from "./ecs.ts";
import { github, gitlab } from "./forges.ts";
import { argocd, flux } from "./gitops.ts";
import { helm, kubectl, kustomize } from "./kubernetes.ts";

export type { StepDraft, Target } from "../step-target.ts";

/** In the order in which they are offered: tools that may have made the deployment, before general ones. */
const DEPLOYERS: readonly Deployer[] = [argocd, flux, helm, ecs, github, gitlab, kustomize, kubectl, compose];

const byHand = ({ service, environment, components }: Target): StepDraft => ({
  title: "deploy by hand",
  why:
    `The tool that deploys ${service} to ${environment} is unknown. ` +
    (components.length === 0
      ? "Its images are unknown, too."
      : `Deploy ${listed(components.map(({ component, image }) => `${component}: ${image}`))}.`),
  commands: [],
});

/**
 * One step; or several alternatives, whose titles begin with `either`.
 * @param deployTool free text from the service's description; ignored unless it is the name of a known tool
 */
export function deploySteps(target: Target, deployTool: string | undefined): StepDraft[] {
  const called = spelled(deployTool ?? "");
  const named = DEPLOYERS.filter((deployer) => deployer.called.test(called)).flatMap(({ drafts }) =>
    drafts(target),
  );
  const drafts =
    named.length > 0
      ? named
      : DEPLOYERS.filter(({ fits }) => fits(target)).flatMap(({ drafts }) => drafts(target));
  if (drafts.length === 0) return [byHand(target)];
  return drafts.length === 1 ? drafts : drafts.map((draft) => ({ ...draft, title: `either ${draft.title}` }));
}
