/**
 * Executors that deploy by themselves, through the deployer's own API. They keep no state: each time, they read from
 * the deployer what was started. So a process that was killed resumes where it stopped, and starts nothing twice.
 */
import type { Command, Step } from "../../../schemas/plan.ts";
import { Refused } from "./deliver.ts";
import type { Order } from "./order.ts";

/** What the deployer says of a redeployment. */
export type Progress =
  | { readonly is: "not begun" | "running" }
  /** Since when, and what a person has to know of it. */
  | { readonly is: "deployed"; readonly since: Date; readonly told?: string }
  | { readonly is: "failed"; readonly why: string };

/** Both throw Refused where a repetition would change nothing, another Error where the deployer cannot be reached. */
export interface Deploying {
  readonly progress: (order: Order) => Promise<Progress>;
  /** Begins it. May be called again after a failure. */
  readonly begin: (order: Order) => Promise<void>;
}

/** The kinds of steps that such an executor runs: it deploys, and asks the ledger what runs then. */
export const DEPLOYING_STEPS: readonly Step["does"][] = ["deploy", "check"];

/** The commands of the plan's step that deploys by a tool. */
export const commandsBy = ({ plan }: Pick<Order, "plan">, tool: string): readonly Command[] =>
  plan.steps.find(({ does, commands }) => does === "deploy" && commands.some((one) => one.tool === tool))
    ?.commands ?? [];

const OPTION = /^--([a-z-]+)=(.*)$/s;

/** The values of an option in a command, written `--option=value`. */
export const optionIn = ({ argv }: Pick<Command, "argv">, option: string): string[] =>
  argv.flatMap((word) => {
    const [, name, value = ""] = OPTION.exec(word) ?? [];
    return name === option ? [value] : [];
  });

/** A `<placeholder>` is what the ledger does not know. */
export const isKnown = (value: string | undefined): value is string =>
  value !== undefined && !/^<.*>$/.test(value);

/** @throws {Refused} if the plan does not say it */
export function known(value: string | undefined, what: string): string {
  if (isKnown(value)) return value;
  throw new Refused(`the plan does not say ${what}`);
}
