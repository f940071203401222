/** Checks whether a release is what a plan deploys, in the same way as the plan's last step. */

import type { Release } from "../../../schemas/answers/release.ts";
import type { Plan } from "../../../schemas/plan.ts";
import { fold } from "../../../schemas/scalars.ts";

type Configuration = Release["config"][number];

/** Whether another revision is reported for the place of restored configuration. Not every deployer reports it. */
function isContradicted(wanted: Configuration, config: readonly Configuration[]): boolean {
  const there = config.filter(
    ({ repository, path }) => repository === wanted.repository && path === wanted.path,
  );
  return there.length > 0 && !there.some(({ revision }) => revision === wanted.revision);
}

export function runsAsPlanned(plan: Plan, { components, config }: Release): boolean {
  const isOnly = plan.components.length === 1 && components.length === 1;
  const hasImages = plan.components.every(({ component, variant, to }) => {
    const own = components.filter(
      (one) => isOnly || (fold(one.component) === fold(component) && one.variant === variant),
    );
    return to !== null && own.length > 0 && own.every(({ digest }) => digest === to);
  });
  return hasImages && !plan.config.some(({ to }) => to !== null && isContradicted(to, config));
}
