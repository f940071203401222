/** The gate: whether an image may be deployed. It decides by facts alone, and stops only pipelines that call it. */

import type { Gate, RequirementAnswer } from "../../../schemas/answers/gate.ts";
import { fold } from "../../../schemas/scalars.ts";
import type { GatePolicy } from "../../../schemas/settings/gate-policy.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { type AsOf, isSettled, reachOf } from "../../ledger/as-of.ts";
import { disputeWarnings } from "../disputes.ts";
import {
  commitSubject,
  evidenceAgainst,
  evidenceOf,
  imageSubject,
  type Subject,
} from "../images/image-evidence.ts";
import type { ComparedPersons } from "../persons.ts";
import { type Question, questionOf, type Selector } from "../question.ts";
import { type ActiveFreeze, type Freeze, freezesOf, type Requested } from "./freezes.ts";
import {
  ALWAYS,
  attribution,
  combined,
  type Found,
  imageChecks,
  namesKnown,
  type Reason,
  refusal,
} from "./gate-checks.ts";
import { judged, requiredIn } from "./gate-policy.ts";

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
    (commit !== undefined && isSameCommit(freeze.commit ?? "?", commit)));

/** The freezes that hold what is to be deployed. @param own the redeployment request for it */
const frozen = (freezes: readonly ActiveFreeze[], deployed: Deployed, own: Requested | undefined): Found => ({
  reasons: freezes
    .filter(
      ({ freeze, exceptions }) =>
        !isFor(freeze, deployed) && !exceptions.some((one) => deployed.members.has(one)),
    )
    .map(({ freeze }) => {
      const isAllowed = "allowRollbacks" in freeze && freeze.allowRollbacks && own?.forward !== true;
      const isPassed = own?.despiteFreeze === true || isAllowed;
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

/** What the policy requires of what is deployed, and whether it has it. Undefined: the operator has set no policy. */
async function required(
  question: Question,
  policies: Policies | undefined,
  environment: string,
  subject: Subject,
): Promise<RequirementAnswer[] | undefined> {
  if (policies === undefined) return undefined;
  const requirements = requiredIn(policies.policy, environment);
  if (requirements.length === 0) return [];
  return judged(requirements, await evidenceOf(question, policies.people, subject));
}

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

/** The operator's policy, and how the persons in its evidence are compared. */
interface Policies {
  readonly policy: GatePolicy;
  readonly people: ComparedPersons;
}

/**
 * Answers whether an image may be deployed. Never undefined: an unknown place is not frozen, and gives a warning.
 *
 * Cost: at most five sequential round trips for the image, its related digests and their marks, whatever the length of
 * the history. In parallel, for each database that the image requires a migration of: one for each thousand facts (or
 * megabyte) back to the newest set.
 */
export async function gate(
  moment: AsOf,
  asked: Selector & { readonly digest: string },
  policies?: Policies,
): Promise<Gate> {
  const question = questionOf(moment);
  const { digest } = asked;
  const place = { environment: fold(asked.environment), service: fold(asked.service) };
  const subject = imageSubject(question, digest);
  const [requirements, freezes, family, checks, ...found] = await Promise.all([
    subject.then((one) => required(question, policies, place.environment, one)),
    freezesOf(question, place, moment.at, reachOf(question)),
    question.images.family(digest),
    imageChecks(question, place, digest),
    namesKnown(question, place),
    subject.then((one) => evidenceAgainst(question, one)).then((warnings) => ({ warnings })),
  ]);
  const disputed = { warnings: disputeWarnings([...family.facts.values()].flat()) };
  return answerOf(moment, asked, {
    freezes,
    deployed: family,
    requirements,
    found: [...found, ...checks, disputed],
  });
}

/**
 * The gate of a commit: for services without images, which are deployed by it. No registry and no build says more of it.
 * Two sequential round trips.
 */
export async function gateOfCommit(
  moment: AsOf,
  asked: Selector & { readonly commit: string },
  policies?: Policies,
): Promise<Gate> {
  const question = questionOf(moment);
  const { commit } = asked;
  const place = { environment: fold(asked.environment), service: fold(asked.service) };
  const subject = commitSubject(commit);
  const [requirements, freezes, ...found] = await Promise.all([
    required(question, policies, place.environment, subject),
    freezesOf(question, place, moment.at, reachOf(question)),
    namesKnown(question, place),
    evidenceAgainst(question, subject).then((warnings) => ({ warnings })),
  ]);
  return answerOf(moment, asked, {
    freezes,
    deployed: { members: subject.members, commit },
    requirements,
    found,
  });
}

function answerOf(
  moment: AsOf,
  asked: Selector & { readonly digest?: string; readonly commit?: string },
  checked: {
    readonly freezes: readonly ActiveFreeze[];
    readonly deployed: Deployed;
    readonly requirements: readonly RequirementAnswer[] | undefined;
    readonly found: readonly Found[];
  },
): Gate {
  const { freezes, deployed, requirements, found } = checked;
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
