/** Lists the programs that an order runs, in order and with arguments; or says why it cannot run. */
import * as z from "zod";
import type { Plan, Step } from "../../schemas/plan.ts";
import { Redeployment } from "../../schemas/redeployment.ts";
import { fold } from "../../schemas/words/texts.ts";

/** The parts of an order that its signature covers and that do not change; its status is read from the ledger. */
export const Order = z.looseObject(
  Redeployment.pick({
    id: true,
    environment: true,
    service: true,
    reason: true,
    plan: true,
    planHash: true,
    components: true,
    deadline: true,
  }).shape,
);
export type Order = z.infer<typeof Order>;

/** Why a redeployment failed. The message is recorded in the ledger: it holds no output and no secret. */
export class ExecutionFailed extends Error {}

/** What the operator of the executor allows. */
export interface ExecutionPolicy {
  readonly does: readonly Step["does"][];
  /** A program that deploys, instead of the plan's steps. */
  readonly deploy: string | undefined;
}

export interface StepCommand {
  readonly n: number;
  readonly title: string;
  readonly argv: readonly string[];
}

/** A `<placeholder>` that somebody would have to fill in. */
const PLACEHOLDER = /<[^<>]+>/;

const nameOf = ({ n, title }: Step): string => `step ${n} (${title})`;

function commandsOfStep(step: Step): StepCommand[] {
  const { n, title, commands } = step;
  if (commands.length === 0) throw new ExecutionFailed(`${nameOf(step)} is manual`);
  const placeholders = commands.flatMap(({ argv }) =>
    argv.flatMap((word) => PLACEHOLDER.exec(word)?.[0] ?? []),
  );
  if (placeholders.length > 0) {
    throw new ExecutionFailed(`${nameOf(step)} has placeholders to fill in: ${placeholders.join(", ")}`);
  }
  return commands.map(({ argv }) => ({ n, title, argv }));
}

/** Checks every step before any runs. Throws ExecutionFailed where one cannot run. */
export function commandsOf({ steps }: Plan, { does, deploy }: ExecutionPolicy): StepCommand[] {
  const foreign = steps.find((step) => !does.includes(step.does));
  if (foreign !== undefined) {
    throw new ExecutionFailed(
      `${nameOf(foreign)} is of kind ${foreign.does}; this executor runs ${does.join(", ")}`,
    );
  }
  const deploying = steps.filter((step) => step.does === "deploy");
  const [first] = deploying;
  if (first === undefined) throw new ExecutionFailed("the plan has no step of kind deploy");
  if (deploy === undefined && deploying.length > 1) {
    const ways = deploying.map(nameOf).join(", ");
    throw new ExecutionFailed(`the plan offers several ways to deploy; choose one with --deploy: ${ways}`);
  }
  return steps.flatMap((step) => {
    if (step.does !== "deploy" || deploy === undefined) return commandsOfStep(step);
    return step === first ? [{ n: step.n, title: "deploy", argv: [deploy] }] : [];
  });
}

/** Environment variables of every program. */
export function variablesOf(
  { id, environment, service, components }: Order,
  { target, commits }: Pick<Plan, "target" | "commits">,
): Record<string, string> {
  const main =
    components.length === 1 ? components[0] : components.find(({ component }) => fold(component) === "main");
  return {
    ASOF_REDEPLOYMENT: id,
    ASOF_ENVIRONMENT: environment,
    ASOF_SERVICE: service,
    ...(main === undefined ? {} : { ASOF_IMAGE: main.image }),
    ASOF_IMAGES: JSON.stringify(components),
    ...(commits.to === null ? {} : { ASOF_COMMIT: commits.to.sha }),
    ASOF_CONFIG: JSON.stringify(target?.config ?? []),
  };
}
