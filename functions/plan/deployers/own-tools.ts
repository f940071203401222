/** Steps of deploy tools that the ledger does not know, from the templates in its configuration. */
import {
  type DeployTools,
  TEMPLATE_PLACEHOLDER,
  type TemplateValue,
} from "../../../schemas/settings/deploy-tools.ts";
import { type Description, isWithoutImages } from "../../queries/service-description.ts";
import { command, spelled, unknown } from "../shell.ts";
import { brings, type StepDraft, type Target } from "../step-target.ts";

type Component = Partial<Target["components"][number]>;

/** The values that a template may name, for one component. Undefined: unknown. */
function valuesFor(target: Target, component: Component | undefined) {
  const { environment, service, cluster, namespace, commit, config, restore } = target;
  const [configuration = config[0]] = restore;
  return {
    image: component?.image,
    digest: component?.digest,
    component: component?.component,
    environment,
    service,
    cluster,
    namespace,
    commit: commit?.sha,
    "config.revision": configuration?.revision,
    "config.path": configuration?.path,
  } satisfies Record<TemplateValue, string | undefined>;
}
type Template = DeployTools[string];

/** The template of a tool, whose name is compared as names of tools are. */
export const templateOf = (tools: DeployTools, deployTool: string): Template | undefined =>
  Object.entries(tools).find(([name]) => spelled(name) === spelled(deployTool))?.[1];

/** Whether a template names one of these values. */
export const names = (template: Template, ...values: readonly TemplateValue[]): boolean =>
  template.flat().some((text) => values.some((value) => text.includes(`{${value}}`)));

/** What a service is deployed by: its images; or what a template names instead, for services that have none. */
export type DeployedBy = "image" | "digest" | "commit";

export function deployedBy(description: Description | undefined, tools: DeployTools = {}): DeployedBy[] {
  const template = description?.deployTool && templateOf(tools, description.deployTool);
  if (!template) return isWithoutImages(description) ? ["image", "digest", "commit"] : ["image"];
  if (names(template, "image")) return ["image"];
  return names(template, "digest") ? ["image", "digest"] : ["image", "digest", "commit"];
}

/** A word with its values. A value that the tool would take for an option becomes a placeholder. */
function filled(text: string, values: Readonly<Record<string, string | undefined>>): string {
  const put = (keep: boolean) =>
    text.replaceAll(
      TEMPLATE_PLACEHOLDER,
      (_, value: string) => (keep ? values[value] : undefined) ?? unknown(value),
    );
  const made = put(true);
  return made.startsWith("-") && !text.startsWith("-") ? put(false) : made;
}

/** The step of a tool: its commands, for each component if they name one. */
export function byTemplate(target: Target, deployTool: string, template: Template): StepDraft {
  const isEach = names(template, "image", "digest", "component");
  const components = isEach ? [...target.components, ...target.bare] : [undefined];
  const [configuration] = target.restore;
  const restored = configuration !== undefined && names(template, "config.revision") ? [configuration] : [];
  return {
    title: `deploy with ${deployTool}`,
    why: `The commands are those that the configuration of this ledger has for ${deployTool}.`,
    commands: components.flatMap((component) => {
      const values = valuesFor(target, component);
      return template.map((words) => command(deployTool, ...words.map((text) => filled(text, values))));
    }),
    brings: brings(target, restored),
  };
}
