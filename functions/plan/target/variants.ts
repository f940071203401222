/** Chooses one variant of each component, if several ran side by side. */

import type { Release, ReleasedComponent } from "../../../schemas/answer.ts";
import type { Blocker, PlanWarning } from "../../../schemas/plan.ts";
import { byComponent } from "../../queries/release/slots.ts";
import type { TargetQuery } from "./target.ts";

export interface Chosen {
  /** The release with one image of each component. */
  readonly target: Release;
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly PlanWarning[];
}

const isMeant = ({ digest, reported }: ReleasedComponent, aim: TargetQuery): boolean =>
  "digest" in aim && aim.digest !== undefined && (digest === aim.digest || reported === aim.digest);

/** The variant that was requested by digest, otherwise the one with the most weight. */
function chosenOf(entries: readonly ReleasedComponent[], aim: TargetQuery): ReleasedComponent | undefined {
  const [only, ...others] = entries;
  if (others.length === 0) return only;
  const meant = entries.filter((one) => isMeant(one, aim));
  if (meant.length === 1) return meant[0];
  const most = Math.max(...entries.map(({ weight = 0 }) => weight));
  const heaviest = entries.filter(({ weight = 0 }) => weight === most);
  return heaviest.length === 1 ? heaviest[0] : undefined;
}

const described = ({ variant, weight, digest }: ReleasedComponent): string =>
  [variant ?? "no variant", ...(weight === undefined ? [] : [`${weight}%`]), digest ?? "unknown"].join(" ");

/** Always chooses one variant: no deployer can restore a half-finished canary with a single command. */
export function chooseVariants(release: Release, aim: TargetQuery): Chosen {
  const blockers: Blocker[] = [];
  const warnings: PlanWarning[] = [];
  const components = [...byComponent(release.components).values()].flatMap((entries) => {
    const chosen = chosenOf(entries, aim);
    const all = `${entries[0]?.component} ran as ${entries.map(described).join(", ")}`;
    if (chosen === undefined) {
      blockers.push({ code: "variants_undecided", message: `${all}; ask for one of them with digest=…` });
      return entries;
    }
    if (entries.length > 1) {
      const message = `${all}; the steps deploy only ${described(chosen)}`;
      warnings.push({ code: "variant_chosen", message });
    }
    return [chosen];
  });
  return { target: { ...release, components }, blockers, warnings };
}
