/** Deploy tools that a configuration names, with templates of their commands. */
import * as z from "zod";

/** What a template may name in braces: `{image}`. */
export const TEMPLATE_VALUES = [
  ...(["image", "digest", "component", "environment", "service", "cluster", "namespace", "commit"] as const),
  ...(["config.revision", "config.path"] as const),
] as const;
export type TemplateValue = (typeof TEMPLATE_VALUES)[number];

export const TEMPLATE_PLACEHOLDER = /\{([a-z.]+)\}/g;

const KNOWN: ReadonlySet<string> = new Set(TEMPLATE_VALUES);

const word = z
  .string()
  .min(1)
  .max(1024)
  .refine((text) => [...text.matchAll(TEMPLATE_PLACEHOLDER)].every(([, value = ""]) => KNOWN.has(value)), {
    error: `may name only ${TEMPLATE_VALUES.map((value) => `{${value}}`).join(" ")}`,
  });

/** Commands by the name of a tool, as in descriptions of services. Each command is a list of words. */
export const DeployTools = z.record(
  z.string().min(1).max(64),
  z.array(z.array(word).min(1).max(64)).min(1).max(16),
);
export type DeployTools = z.infer<typeof DeployTools>;
