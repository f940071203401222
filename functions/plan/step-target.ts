/** The target release as the commands of deployers need it, and what the deployers have in common. */

import type { Release } from "../../schemas/answers/release.ts";
import type { Configuration } from "../../schemas/fact.ts";
import type { Step } from "../../schemas/plan.ts";
import { unknown } from "./shell.ts";

/** The release to deploy: each component by its digest. Unknown fields are absent. */
export interface Target {
  readonly environment: string;
  readonly service: string;
  readonly namespace?: string;
  readonly cluster?: string;
  /** What runs it in the cluster, if it is known to be no Deployment. */
  readonly workload?: Release["workload"];
  readonly components: readonly {
    readonly component: string;
    readonly variant?: string;
    /** `repository@digest` */
    readonly image: string;
    readonly repository: string;
    readonly digest: string;
    /** What it is called where it runs, by the service's description. */
    readonly workload?: string;
    readonly container?: string;
  }[];
  /** What is no image: an artifact with its digest, or a commit alone. */
  readonly bare: readonly {
    readonly component: string;
    readonly variant?: string;
    readonly digest?: string;
  }[];
  readonly config: readonly Configuration[];
  /** The entries of `config` that differ from what is in effect now. */
  readonly restore: readonly Configuration[];
  readonly commit?: { readonly repository?: string; readonly sha: string };
  /** Without an id: a deployment of other images by the same tool. */
  readonly deployment?: { readonly provider: string; readonly instance: string; readonly id?: string };
  /** The images never ran here: to run an earlier job or revision again would not bring them. */
  readonly isNew?: boolean;
  readonly url?: string;
}

/** A step without its number. */
export type StepDraft = Omit<Step, "n" | "does">;

/** A tool that deploys. */
export interface Deployer {
  /** Its names, normalised by `spelled`. */
  readonly called: RegExp;
  /** Whether the target suggests this tool, if the service names none. */
  readonly fits: (target: Target) => boolean;
  /** Its step; several alternatives; or none if too little is known. */
  readonly drafts: (target: Target) => StepDraft[];
}

/** What a step leaves running: the target's images or artifacts, and this configuration. */
export const brings = (
  { components, bare, commit }: Target,
  config: readonly Configuration[],
): NonNullable<Step["brings"]> => ({
  images: components.map(({ component, variant, image }) => ({
    component,
    ...(variant === undefined ? {} : { variant }),
    image,
  })),
  config: [...config],
  ...(bare.length === 0
    ? {}
    : {
        artifacts: bare.flatMap(({ digest, ...one }) => (digest === undefined ? [] : [{ ...one, digest }])),
        ...(commit === undefined ? {} : { commit: commit.sha }),
      }),
});

export const isBy =
  (...providers: string[]) =>
  ({ deployment }: Target): boolean =>
    deployment !== undefined && providers.includes(deployment.provider);

/** The last part of a service's name: `billing` of `acme/billing`. */
export const lastPart = (service: string): string => service.slice(service.lastIndexOf("/") + 1);

/** A Kubernetes name (RFC 1123). No such name can be mistaken for an option. */
const KUBERNETES_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** The name if it is valid in Kubernetes, otherwise a placeholder for `what`. */
export const kubernetesName = (name: string, what: string): string =>
  KUBERNETES_NAME.test(name) ? name : unknown(what);

/** Items joined for a sentence, without duplicates. */
export const listed = (items: readonly string[]): string => [...new Set(items)].join(", ");
