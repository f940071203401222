/** How what ran is deployed again: by the tool of the service, or by each that what is known makes likely. */

import { spelled } from "../shell.ts";
import { type Deployer, listed, type StepDraft, type Target } from "../step-target.ts";
import { compose } from "./compose.ts";
import { ecs } from "./ecs.ts";
import { github, gitlab } from "./forges.ts";
import { argocd, flux } from "./gitops.ts";
import { helm, kubectl, kustomize } from "./kubernetes.ts";

export type { StepDraft, Target } from "../step-target.ts";

/** In the order in which they are offered: what deployed it then, before what could. */
const DEPLOYERS: readonly Deployer[] = [argocd, flux, helm, ecs, github, gitlab, kustomize, kubectl, compose];

const byHand = ({ service, environment, components }: Target): StepDraft => ({
  title: "deploy by hand",
  why:
    `No tool is known that deploys ${service} to ${environment}. ` +
    (components.length === 0
      ? "Its images are not known either."
      : `Deploy ${listed(components.map(({ component, image }) => `${component}: ${image}`))}.`),
  commands: [],
});

/**
 * One step; or several of which one is to be chosen, whose titles begin with `either`.
 * @param deployTool as a service describes it, in free text; what is not a known tool's name says nothing
 */
export function deploySteps(target: Target, deployTool: string | undefined): StepDraft[] {
  const called = spelled(deployTool ?? "");
  const own = DEPLOYERS.filter((deployer) => deployer.called.test(called)).flatMap(({ drafts }) =>
    drafts(target),
  );
  const drafts =
    own.length > 0
      ? own
      : DEPLOYERS.filter(({ fits }) => fits(target)).flatMap(({ drafts }) => drafts(target));
  if (drafts.length === 0) return [byHand(target)];
  return drafts.length === 1 ? drafts : drafts.map((draft) => ({ ...draft, title: `either ${draft.title}` }));
}
