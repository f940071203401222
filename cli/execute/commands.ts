/** What a machine has to run for an order: programs with their arguments, in order; or why it cannot. */
import * as z from "zod";
import type { Plan, Step } from "../../schemas/plan.ts";
import { Redeployment } from "../../schemas/redeployment.ts";

/** What is believed of an order, for it is signed; how it stands now only the ledger knows. */
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

/** Why a redeployment failed, in words that the history may keep: no output, no secret. */
export class ExecutionFailed extends Error {}

/** What whoever runs the executor lets it do. */
export interface ExecutionPolicy {
  readonly does: readonly Step["does"][];
  /** A program of theirs that deploys, in place of the plan's steps. */
  readonly deploy: string | undefined;
}

export interface StepCommand {
  readonly n: number;
  readonly title: string;
  readonly argv: readonly string[];
}

/** `<a word>`, which somebody would have to put in. */
const UNKNOWN = /<[^<>]+>/;

const nameOf = ({ n, title }: Step): string => `step ${n} (${title})`;

function commandsOfStep(step: Step): StepCommand[] {
  const { n, title, commands } = step;
  if (commands.length === 0) throw new ExecutionFailed(`${nameOf(step)} is done by hand`);
  const words = commands.flatMap(({ argv }) => argv.flatMap((word) => UNKNOWN.exec(word)?.[0] ?? []));
  if (words.length > 0) {
    throw new ExecutionFailed(`${nameOf(step)} needs what the ledger does not know: ${words.join(", ")}`);
  }
  return commands.map(({ argv }) => ({ n, title, argv }));
}

/** Everything is looked at before anything is run. Throws ExecutionFailed where not all of it can be. */
export function commandsOf({ steps }: Plan, { does, deploy }: ExecutionPolicy): StepCommand[] {
  const foreign = steps.find((step) => !does.includes(step.does));
  if (foreign !== undefined) {
    throw new ExecutionFailed(
      `${nameOf(foreign)} is to ${foreign.does}, and this executor runs ${does.join(", ")}`,
    );
  }
  const deploying = steps.filter((step) => step.does === "deploy");
  const [first] = deploying;
  if (first === undefined) throw new ExecutionFailed("the plan has no step that deploys");
  if (deploy === undefined && deploying.length > 1) {
    const ways = deploying.map(nameOf).join(", ");
    throw new ExecutionFailed(`of several ways to deploy nobody chose one: ${ways}`);
  }
  return steps.flatMap((step) => {
    if (step.does !== "deploy" || deploy === undefined) return commandsOfStep(step);
    return step === first ? [{ n: step.n, title: "deploy", argv: [deploy] }] : [];
  });
}

/** What each program finds in its environment. */
export function variablesOf({ id, environment, service, components }: Order): Record<string, string> {
  const main =
    components.length === 1
      ? components[0]
      : components.find(({ component }) => component.toLowerCase() === "main");
  return {
    ASOF_REDEPLOYMENT: id,
    ASOF_ENVIRONMENT: environment,
    ASOF_SERVICE: service,
    ...(main === undefined ? {} : { ASOF_IMAGE: main.image }),
    ASOF_IMAGES: JSON.stringify(components),
  };
}
