/** The choices that remove a plan's blockers, for the command line and the page. */
import type { Plan } from "../plan.ts";
import { isInGit } from "./in-git.ts";

export interface Choice {
  readonly label: string;
  /** Parameters of the plan's question. */
  readonly sets: Readonly<Record<string, string>>;
}

/** What a reader can decide about a blocker; empty: it takes work elsewhere, which its message names. */
export function choicesFor(
  code: Plan["blockers"][number]["code"],
  plan: Pick<Plan, "components" | "config">,
): readonly Choice[] {
  const substitutes = plan.components.flatMap(({ substitute }) => substitute?.digest ?? []);
  switch (code) {
    case "schema_choice_needed":
      return [
        { label: "Keep the schema", sets: { schema: "keep" } },
        { label: "Revert the migrations", sets: { schema: "revert" } },
      ];
    case "configuration_not_restored":
      return [
        ...(plan.config.every(({ to }) => to === null || isInGit(to))
          ? [{ label: "Put it back by a commit", sets: { config: "revert" } }]
          : []),
        { label: "Accept that configuration stays", sets: { acceptConfiguration: "true" } },
      ];
    case "data_loss":
      return [{ label: "Accept that data may be lost", sets: { acceptDataLoss: "true" } }];
    case "image_gone":
      return substitutes.length === 0
        ? []
        : [{ label: "Accept the substitute", sets: { acceptSubstitute: substitutes.join(",") } }];
    case "old_code_breaks":
      return [{ label: "Revert the migrations", sets: { schema: "revert" } }];
    default:
      return [];
  }
}
