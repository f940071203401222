/** What is to run again, as the tools' commands need it; and what all of them have in common. */
import type { Step } from "../../schemas/plan.ts";
import { unknown } from "./shell.ts";

/** One release, as it is to be: each component by its digest. What is not known is absent. */
export interface Target {
  readonly environment: string;
  readonly service: string;
  readonly namespace?: string;
  readonly cluster?: string;
  readonly components: readonly {
    readonly component: string;
    readonly variant?: string;
    /** `repository@digest` */
    readonly image: string;
    readonly repository: string;
    readonly digest: string;
  }[];
  readonly config: readonly {
    readonly repository?: string;
    readonly revision: string;
    readonly path?: string;
  }[];
  readonly commit?: { readonly repository?: string; readonly sha: string };
  readonly deployment?: { readonly provider: string; readonly instance: string; readonly id: string };
  readonly url?: string;
}

/** A step that has no number yet. */
export type StepDraft = Omit<Step, "n" | "does">;

/** One tool that deploys. */
export interface Deployer {
  /** How it is called, as `spelled` writes it. */
  readonly called: RegExp;
  /** Whether what is known makes it likely, where nobody says which tool it is. */
  readonly fits: (target: Target) => boolean;
  /** Its step; several where one of them is to be chosen; none where too little is known. */
  readonly drafts: (target: Target) => StepDraft[];
}

export const isBy =
  (...providers: string[]) =>
  ({ deployment }: Target): boolean =>
    deployment !== undefined && providers.includes(deployment.provider);

/** The last part of a service's name: `billing` of `acme/billing`. */
export const lastPart = (service: string): string => service.slice(service.lastIndexOf("/") + 1);

/** RFC 1123, as Kubernetes has it: no such name can be taken for an option. */
const KUBERNETES_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** A name where Kubernetes could have it, else a word that says what is to be put there. */
export const kubernetesName = (name: string, what: string): string =>
  KUBERNETES_NAME.test(name) ? name : unknown(what);

/** Several things in one sentence. */
export const listed = (items: readonly string[]): string => [...new Set(items)].join(", ");
