/** The manifests of the observer: the rights that it uses and no others, and a container that can change nothing. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import * as z from "zod";
import {
  type ObservedResource,
  OWNERS,
  PODS,
  SETTINGS,
  TRAFFIC,
} from "../../cli/observe/kubernetes/resources.ts";

const FOLDER = join(import.meta.dirname, "../../docs/kubernetes");
const read = (file: string): string => readFileSync(join(FOLDER, file), "utf8");

const Rule = z.strictObject({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  verbs: z.array(z.string()),
});
const Kustomization = z.object({
  resources: z.array(z.string()),
  patches: z.array(z.object({ patch: z.string() })).optional(),
});

const documents = (file: string): unknown[] =>
  parseAllDocuments(read(file)).map((one): unknown => one.toJS());
const rightsOf = (rules: readonly z.infer<typeof Rule>[]): string[] =>
  rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((plural) => verbs.map((verb) => `${verb} ${plural}.${group}`)),
      ),
    )
    .sort();
const usedBy = (resources: readonly ObservedResource[]): string[] =>
  resources
    .flatMap(({ group, plural, isMetadata }) =>
      (isMetadata ? ["list"] : ["list", "watch"]).map((verb) => `${verb} ${plural}.${group}`),
    )
    .sort();

function roleRules(): z.infer<typeof Rule>[] {
  const ClusterRole = z.object({ kind: z.literal("ClusterRole"), rules: z.array(Rule) });
  return documents("observer/rights.yaml").flatMap((one) => ClusterRole.safeParse(one).data?.rules ?? []);
}

describe("the observer's manifests", () => {
  it("give the rights that the observer uses, without Secrets", () => {
    const settings = SETTINGS.filter(({ plural }) => plural !== "secrets");
    expect(rightsOf(roleRules())).toEqual(usedBy([PODS, ...OWNERS, ...TRAFFIC, ...settings]));
  });

  it("give with Secrets one right more: to list them", () => {
    const { patches = [] } = Kustomization.parse(parse(read("observer-with-secrets/kustomization.yaml")));
    const Patch = z.array(z.object({ op: z.literal("add"), path: z.literal("/rules/-"), value: Rule }));
    const added = patches.flatMap(({ patch }) => Patch.parse(parse(patch)).map(({ value }) => value));
    expect(rightsOf([...roleRules(), ...added])).toEqual(usedBy([PODS, ...OWNERS, ...TRAFFIC, ...SETTINGS]));
  });

  it("run it without root, with a file system that cannot be written, once", () => {
    const Deployment = z.object({
      spec: z.object({
        replicas: z.literal(1),
        strategy: z.object({ type: z.literal("Recreate") }),
        template: z.object({
          spec: z.object({
            serviceAccountName: z.literal("asof-observer"),
            securityContext: z.object({ runAsNonRoot: z.literal(true) }),
            containers: z.array(
              z.object({
                securityContext: z.object({
                  allowPrivilegeEscalation: z.literal(false),
                  readOnlyRootFilesystem: z.literal(true),
                  capabilities: z.object({ drop: z.tuple([z.literal("ALL")]) }),
                }),
              }),
            ),
          }),
        }),
      }),
    });
    expect(
      documents("observer/deployment.yaml").map((one) => Deployment.safeParse(one).error?.issues),
    ).toEqual([undefined]);
  });

  it("are all named by the Kustomization", () => {
    const { resources } = Kustomization.parse(parse(read("observer/kustomization.yaml")));
    expect(resources.map((file) => documents(`observer/${file}`).length)).toEqual([1, 3, 1]);
  });
});
