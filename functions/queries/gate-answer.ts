/** The parts of a gate's answer: reasons and warnings, freezes, and what an operator's request overrides. */
import type { Gate, GateReason, GateWarning, RequirementAnswer } from "../../schemas/gate.ts";
import { type AsOf, isSettled } from "../ledger/as-of.ts";
import type { ActiveFreeze, Freeze, Requested } from "./freezes.ts";
import { sameCommit } from "./release/digest-resolution.ts";
import type { Selector } from "./release/running.ts";

/** A reason. `since`: when it began to apply, for reasons that a plan reports at most as a warning. */
export type Reason = GateReason & { readonly since?: string };

/** The result of one check. */
export interface Found {
  readonly reasons?: readonly Reason[];
  readonly warnings?: readonly GateWarning[];
}

export const refusal = (code: GateReason["code"], message: string, since?: string): Found => ({
  reasons: [{ code, message, ...(since === undefined ? {} : { since }) }],
});
/** Start time for reasons based on missing facts: they have always applied. */
export const ALWAYS = "";
export const warning = (code: GateWarning["code"], message: string): Found => ({
  warnings: [{ code, message }],
});

/** When, by whom and why: `<time>[ by <actor>][: <reason>]`. */
export const attribution = ({
  occurredAt,
  actor,
  reason,
}: Pick<Freeze, "occurredAt" | "actor" | "reason">): string =>
  [occurredAt, ...(actor === undefined ? [] : [`by ${actor}`])].join(" ") +
  (reason === undefined ? "" : `: ${reason}`);

function freezeMessage(freeze: Freeze): string {
  const { environment, service } = freeze;
  const what = service === undefined ? environment : `${service} in ${environment}`;
  return freeze.kind === "redeployment.requested"
    ? `${what} was redeployed by request ${freeze.id}, and nothing else may be deployed until its freeze is ended: ${attribution(freeze)}`
    : `${what} is frozen since ${attribution({ ...freeze, occurredAt: freeze.from ?? freeze.occurredAt })}${freeze.until === undefined ? "" : `, until ${freeze.until}`}`;
}

/** What is to be deployed: an image by its digests, or a commit. */
interface Deployed {
  readonly members: ReadonlySet<string>;
  readonly commit?: string | undefined;
}

/** Whether the freeze belongs to a redeployment request for this image or commit. */
const isFor = (freeze: Freeze, { members, commit }: Deployed): freeze is Requested =>
  freeze.kind === "redeployment.requested" &&
  (freeze.components.some(({ digest }) => digest !== undefined && members.has(digest)) ||
    (commit !== undefined && sameCommit(freeze.commit ?? "?", commit)));

/** The freezes that hold what is to be deployed. @param own the redeployment request for it */
const frozen = (freezes: readonly ActiveFreeze[], deployed: Deployed, own: Requested | undefined): Found => ({
  reasons: freezes
    .filter(
      ({ freeze, exceptions }) =>
        !isFor(freeze, deployed) && !exceptions.some((one) => deployed.members.has(one)),
    )
    .map(({ freeze }) => {
      const isPassed = own?.despiteFreeze === true || ("allowRollbacks" in freeze && freeze.allowRollbacks);
      return {
        code: "frozen",
        message: freezeMessage(freeze),
        ...(isPassed === true ? { since: freeze.occurredAt } : {}),
      };
    }),
});

/**
 * Downgrades reasons to warnings if they applied before the redeployment was requested: the operator saw them in the plan
 * and requested it all the same. Later reasons, and those that block a plan, stay.
 */
function withOverride(
  { reasons, warnings }: Required<Found>,
  { id, occurredAt }: Requested,
): Required<Found> {
  const isOverruled = ({ since }: Reason): boolean => since !== undefined && since <= occurredAt;
  return {
    reasons: reasons.filter((reason) => !isOverruled(reason)),
    warnings: [
      ...reasons.filter(isOverruled).map(({ message }) => ({
        code: "asked_back" as const,
        message: `redeployment ${id} was requested although ${message}`,
      })),
      // A rollback means to bring an older build.
      ...warnings.filter(({ code }) => code !== "older_build"),
    ],
  };
}

export const combined = (all: readonly Found[]): Required<Found> => ({
  reasons: all.flatMap(({ reasons = [] }) => reasons),
  warnings: all.flatMap(({ warnings = [] }) => warnings),
});

/** When a requirement began not to be met: with the first evidence against it, else always. */
const sinceOf = ({ against }: RequirementAnswer): string => against.map(({ at }) => at).sort()[0] ?? ALWAYS;

const unmet = (environment: string, requirements: readonly RequirementAnswer[]): Found =>
  combined(
    requirements
      .filter(({ met }) => !met)
      .map((one) => {
        const named = one.against.map(({ type, verdict, by, at }) =>
          `${type} ${verdict ?? ""}${by === undefined ? "" : ` by ${by}`} at ${at}`.trim(),
        );
        const what = named.length === 0 ? "" : ` (${named.join("; ")})`;
        const message = `${environment} requires ${one.requirement}: ${one.missing ?? ""}${what}`;
        return refusal("policy_unmet", message, sinceOf(one));
      }),
  );

/** What was found about an image or a commit. */
interface Findings {
  readonly freezes: readonly ActiveFreeze[];
  readonly deployed: Deployed;
  readonly found: readonly Found[];
  /** Those of the operator's policy. */
  readonly requirements: readonly RequirementAnswer[] | undefined;
}

export function answerOf(
  moment: AsOf,
  asked: Selector & { readonly digest?: string; readonly commit?: string },
  { freezes, deployed, found, requirements }: Findings,
): Gate {
  const own = freezes.map(({ freeze }) => freeze).find((freeze) => isFor(freeze, deployed));
  const all = combined([
    frozen(freezes, deployed, own),
    ...found,
    unmet(asked.environment, requirements ?? []),
  ]);
  const { reasons, warnings } = own === undefined ? all : withOverride(all, own);
  return {
    ...asked,
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    allowed: reasons.length === 0,
    reasons: reasons.map(({ code, message }) => ({ code, message })),
    warnings: [...warnings],
    ...(requirements === undefined ? {} : { requirements: [...requirements] }),
  };
}
