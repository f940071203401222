/** The observer's Deployment, as its Kustomize base has it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";

const Base = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.tuple([
          z.object({
            command: z.tuple([z.literal("node")], z.string()),
            args: z.array(z.string()),
            env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
          }),
        ]),
      }),
    }),
  }),
});

/** How the manifests start Node: its options, the program's arguments, and the variables that have a value there. */
export function startOfBase(): { options: string[]; args: string[]; env: Record<string, string> } {
  const file = join(import.meta.dirname, "../../docs/kubernetes/observer/deployment.yaml");
  const [{ command, args, env }] = Base.parse(parse(readFileSync(file, "utf8"))).spec.template.spec
    .containers;
  return {
    options: command.filter((one) => one.startsWith("--")),
    args,
    env: Object.fromEntries(
      env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const])),
    ),
  };
}
