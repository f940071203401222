/** Checks whether a release may be redeployed now, and requests the redeployment with a single conditional put. */

import type { Fact } from "../../../schemas/fact.ts";
import { instantOfDay, type RedeploymentRequest } from "../../../schemas/operation.ts";
import { pinnedImage } from "../../../schemas/pinned-image.ts";
import type { Plan } from "../../../schemas/plan.ts";
import { imageQueryOf } from "../../../schemas/questions/image-query.ts";
import { isOver, type Refusal } from "../../../schemas/redeployment.ts";
import { fold } from "../../../schemas/scalars.ts";
import type { DeployTools } from "../../../schemas/settings/deploy-tools.ts";
import type { Hosts } from "../../../schemas/settings/hosts.ts";
import type { PlanQuestion } from "../../../schemas/statement-fields.ts";
import { type Appending, append, isOfEvent, type Outcome } from "../../ledger/append.ts";
import type { AsOf } from "../../ledger/as-of.ts";
import type { Bound } from "../../ledger/authority/grants.ts";
import { rawHash } from "../../ledger/canonical.ts";
import { EVER } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { REDEPLOYMENTS } from "../../ledger/redeployed.ts";
import {
  type ActiveFreeze,
  afterNewest,
  freezesOf,
  type Requested,
  requestsOf,
} from "../../queries/gate/freezes.ts";
import type { Selector } from "../../queries/question.ts";
import { restoredBy } from "../configuration.ts";
import { environmentPlan, isRunning, togetherOf } from "../environment-plan.ts";
import { type PlanOptions, plan } from "../plan.ts";
import { courseAnswered, nextId } from "./status.ts";

/** How long an Idempotency-Key is remembered: longer than any client retries. */
const KEYS_MS = 7 * 86_400_000;
/** The most services that one request may redeploy: one page of the environment's plan. */
const SERVICES_MAX = 100;

/** Clock skew: on a machine whose clock is behind, a redeployment may still begin this long after its deadline. */
const CLOCKS_MS = 60_000;

/** A request as received. */
export interface RedeployRequest {
  /** The name of the requester's token. */
  readonly by: string;
  /** Its Idempotency-Key. */
  readonly key: string;
  readonly body: RedeploymentRequest;
  /** The current time and what is known now. All plans of the request are made from it. */
  readonly when: AsOf;
  /** Commands of deploy tools, from the ledger's configuration. */
  readonly tools?: DeployTools | undefined;
  /** The hosts that commands may name, from the ledger's configuration. */
  readonly hosts?: Hosts | undefined;
  /** The requester and its grants. */
  readonly bound?: Bound;
}

/** A service to redeploy, and what it leaves to others of the same request. */
export interface RedeployedPlace extends Selector {
  readonly acceptShared?: readonly string[];
  readonly revertedElsewhere?: readonly string[];
}

const unlessEmpty = <T>(list: readonly T[] | undefined) => (list?.length ? [...list] : undefined);

function questionOf({ body, when }: RedeployRequest, place: RedeployedPlace): PlanQuestion {
  const { at, last, schema, config, acceptConfiguration, acceptDataLoss, acceptSubstitute } = body;
  const acceptShared = body.acceptShared ?? unlessEmpty(place.acceptShared);
  const revertedElsewhere = unlessEmpty(place.revertedElsewhere);
  const given = {
    ...{ ...imageQueryOf(body), last, schema, config },
    ...{ acceptConfiguration, acceptDataLoss, acceptSubstitute, acceptShared, revertedElsewhere },
  };
  return {
    ...(at === undefined ? {} : { at: instantOfDay(at) }),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    knownAt: when.knownAt,
  };
}

const planOptionsOf = (
  { at, last, ...options }: PlanQuestion,
  { tools, hosts }: Pick<RedeployRequest, "tools" | "hosts">,
): PlanOptions => ({
  ...options,
  tools,
  hosts,
  aim: imageQueryOf(options) ?? (last === undefined ? { at: at ?? "" } : { last }),
});

/* Which services */

/** The newest request for a service, and the one with this key. */
async function earlierRequests({ when, key, by }: RedeployRequest, { environment, service }: Selector) {
  const oldest = new Date(when.now.getTime() - KEYS_MS).toISOString();
  let last: Requested | undefined;
  for await (const fact of requestsOf(
    { ...when, knownAt: EVER },
    { environment: fold(environment), service: fold(service) },
  )) {
    last ??= fact;
    if (fact.key === key && fact.reportedBy === by) return { last, known: fact };
    if (fact.occurredAt < oldest) break;
  }
  return { last, known: undefined };
}

/**
 * The services of a request: the one it names, or all that ran then; those that revert a database for others come first.
 * `undefined`: the environment is unknown.
 */
export async function placesOf(
  click: RedeployRequest,
): Promise<{ places: RedeployedPlace[] } | { refusals: Refusal[] } | undefined> {
  const { body, when } = click;
  const { environment, service, at = "", planHash } = body;
  if (service !== undefined) return { places: [{ environment, service }] };
  const then = { ...when, at: instantOfDay(at) };
  const answer = await environmentPlan(
    then,
    environment,
    { ...body, tools: click.tools },
    { limit: SERVICES_MAX },
  );
  if (answer === undefined) return undefined;
  if (answer.next !== null) {
    const message = `${environment} has more than ${SERVICES_MAX} services; request a redeployment for each service by name`;
    return { refusals: [{ code: "too_many_services", message }] };
  }
  const { databases = [] } = answer;
  const places = answer.services.map(
    ({ service }): RedeployedPlace => ({ environment, service, ...togetherOf(databases, service) }),
  );
  if (answer.hash !== planHash) {
    // An earlier attempt of this same request may have changed the plan.
    const before = await mapLimit(
      AT_ONCE,
      places,
      async (place) => (await earlierRequests(click, place)).known,
    );
    const own = places.filter((_, n) => before[n] !== undefined);
    if (own.length > 0) return { places: own };
    const message = `the plan of ${environment} (limit=${SERVICES_MAX}) is now ${answer.hash}, not ${planHash}; read the plan again`;
    return { refusals: [{ code: "plan_changed", message }] };
  }
  const others = places.filter((_, n) => answer.services[n] !== undefined && !isRunning(answer.services[n]));
  const waits = ({ revertedElsewhere = [] }: RedeployedPlace) => revertedElsewhere.length;
  if (others.length > 0) return { places: others.sort((a, b) => waits(a) - waits(b)) };
  const message = `everything that ran in ${environment} at ${then.at} runs there now`;
  return { refusals: [{ code: "nothing_differs", message }] };
}

/* Refusals */

/** The plan's hash already depends on what runs now; `expectedCurrent` gives a message that people understand. */
function changedSince({ body }: RedeployRequest, { service, hash, components, current }: Plan): Refusal[] {
  const { expectedCurrent } = body;
  if (expectedCurrent === undefined) return [];
  const now = current.components.map(({ digest }) => digest);
  const running = [
    ...now,
    ...components.map(({ from }) => from),
    ...current.components.flatMap(({ reported }) => reported ?? []),
  ];
  const isExpected =
    expectedCurrent === null ? now.every((digest) => digest === null) : running.includes(expectedCurrent);
  if (!isExpected) {
    const shown = now.map((digest) => digest ?? "an unknown image").join(", ");
    const message = `${shown === "" ? "nothing" : shown} runs now, not ${expectedCurrent ?? "nothing"}; read the plan again`;
    return [{ code: "current_changed", service, message }];
  }
  if (hash === body.planHash) return [];
  const message = `the plan is now ${hash}, not ${body.planHash}; read it again, with the same schema and accept parameters`;
  return [{ code: "plan_changed", service, message }];
}

/** Whether a plan brings images that never ran there: such a redeployment is no rollback. */
const isForward = ({ warnings }: Plan): boolean => warnings.some(({ code }) => code === "never_ran_here");

const freezesNow = ({ when }: RedeployRequest, { environment, service }: Selector): Promise<ActiveFreeze[]> =>
  freezesOf(
    { ...when, knownAt: EVER },
    { environment: fold(environment), service: fold(service) },
    when.now.toISOString(),
    EVER,
  );

/** Freezes by people that do not let a plan through. A freeze by an earlier redeployment does not block the next one. */
function freezeRefusals({ body }: RedeployRequest, freezes: readonly ActiveFreeze[], plan: Plan): Refusal[] {
  if (body.despiteFreeze === true) return [];
  const { environment, service } = plan;
  return freezes.flatMap(({ freeze }): Refusal[] => {
    if (freeze.kind !== "environment.frozen") return [];
    if (freeze.allowRollbacks === true && !isForward(plan)) return [];
    const why = freeze.reason === undefined ? "" : `: ${freeze.reason}`;
    const message = `${freeze.service ?? environment} has been frozen since ${freeze.from ?? freeze.occurredAt}${why}; request it with despiteFreeze, which is recorded, or end the freeze (POST /v1/freezes/end)`;
    return [{ code: "frozen", service, message }];
  });
}

/** Whether a configured executor carries out a plan: why not, or undefined if one does or none is configured. */
export type ExecutorCheck = (plan: Plan) => string | undefined;

const withoutExecutor = (check: ExecutorCheck | undefined, plan: Plan): Refusal[] => {
  const why = plan.status === "ready" ? check?.(plan) : undefined;
  if (why === undefined) return [];
  const message = `${why}; do the steps by hand, or configure an executor for them`;
  return [{ code: "no_executor", service: plan.service, message, steps: plan.steps }];
};

const running = (service: string, id: string): Refusal => ({
  code: "redeployment_running",
  service,
  message: `redeployment ${id} of ${service} has not ended; see GET /v1/redeployments/${id}`,
});

/** The result for one service: ready, already requested under the same key, or refused. */
export type Precheck =
  | {
      readonly is: "ready";
      readonly plan: Plan;
      readonly question: PlanQuestion;
      readonly last: Requested | undefined;
    }
  | { readonly is: "known"; readonly fact: Requested }
  | { readonly is: "refused"; readonly refusals: readonly Refusal[] };

/**
 * Checks whether a service may be redeployed: reads its plan, its freezes and its last redeployment in parallel.
 * `undefined`: the name is unknown.
 */
export async function precheck(
  click: RedeployRequest,
  place: RedeployedPlace,
  check?: ExecutorCheck,
): Promise<Precheck | undefined> {
  const asked = questionOf(click, place);
  const { last, known } = await earlierRequests(click, place);
  if (known !== undefined) return { is: "known", fact: known };
  const [planned, freezes, course] = await Promise.all([
    plan(click.when, place, planOptionsOf(asked, click)),
    freezesNow(click, place),
    last === undefined ? undefined : courseAnswered(click.when, last),
  ]);
  const isFree =
    course === undefined ||
    (isOver(course) &&
      (course.status !== "timed out" || Date.parse(course.deadline) + CLOCKS_MS < click.when.now.getTime()));
  if (planned === undefined) return undefined;
  const { service, blockers } = planned;
  const refusals: Refusal[] = [
    ...(isFree ? [] : [running(service, course.id)]),
    ...freezeRefusals(click, freezes, planned),
    ...changedSince(click, planned),
    ...blockers.map(({ message }): Refusal => ({ code: "plan_blocked", service, message })),
    ...withoutExecutor(check, planned),
  ];
  return refusals.length > 0
    ? { is: "refused", refusals }
    : { is: "ready", plan: planned, question: asked, last };
}

/* The put */

export type RequestOutcome =
  | { readonly is: "requested" | "known"; readonly fact: Requested }
  | { readonly is: "refused"; readonly refusals: readonly Refusal[] }
  /** The key belongs to another request. */
  | { readonly is: "conflict"; readonly fact: Requested }
  | Extract<Outcome, { outcome: "rejected" }>;

const isRequested = (fact: Fact): fact is Requested => fact.kind === "redeployment.requested";

/** A hash of what was sent, which identifies a repeated request. */
const requestHash = ({ key, body }: RedeployRequest, service: string): string =>
  rawHash({ kind: "redeployment.requested", ...body, key, service: fold(service) });

const isSame = (appending: Appending, click: RedeployRequest, fact: Requested): Promise<boolean> =>
  isOfEvent(appending, fact, requestHash(click, fact.service));

/** Records the request, unless another one takes the service's next number first: then the answer names that one. */
export async function requestRedeployment(
  appending: Appending,
  click: RedeployRequest,
  checked: Exclude<Precheck, { is: "refused" }>,
): Promise<RequestOutcome> {
  if (checked.is === "known") {
    const { fact } = checked;
    return { is: (await isSame(appending, click, fact)) ? "known" : "conflict", fact };
  }
  const { by, key, body, when, bound } = click;
  const { environment, service, hash, components } = checked.plan;
  const config = restoredBy(checked.plan);
  const isByCommit = components.some(({ image, to }) => image === null && to === null);
  const commit = isByCommit ? checked.plan.commits.to?.sha : undefined;
  const statement = {
    kind: "redeployment.requested",
    source: REDEPLOYMENTS,
    id: nextId({ environment, service }, checked.last),
    occurredAt: await afterNewest({ ...when, knownAt: EVER }, { environment, service }, when.now),
    timeFrom: "receipt",
    actor: by,
    environment,
    service,
    question: checked.question,
    planHash: hash,
    components: components.map(({ component, variant, image, to }) => {
      const artifact = to === null ? {} : { digest: to };
      const deployed = image === null ? artifact : pinnedImage(image);
      return { component, ...(variant === undefined ? {} : { variant }), ...deployed };
    }),
    ...(commit === undefined ? {} : { commit }),
    ...(config.length === 0 ? {} : { config }),
    deadline: new Date(when.now.getTime() + body.timeoutSeconds * 1000).toISOString(),
    key,
    ...(isForward(checked.plan) ? { forward: true as const } : {}),
    ...(body.despiteFreeze === undefined ? {} : { despiteFreeze: body.despiteFreeze }),
    reason: body.reason,
  } as const;
  const outcome = await append(appending, statement, {
    vendor: "redeployments",
    reportedBy: by,
    rawHash: requestHash(click, service),
    ...(bound === undefined ? {} : { sender: bound }),
  });
  if (outcome.outcome === "rejected") return outcome;
  const { fact } = outcome;
  if (!isRequested(fact))
    throw new Error(`the fact ${REDEPLOYMENTS} ${fact.id} is not a redeployment request`);
  if (outcome.outcome === "recorded") return { is: "requested", fact };
  if (fact.key !== key || fact.reportedBy !== by) {
    return { is: "refused", refusals: [running(service, fact.id)] };
  }
  return { is: (await isSame(appending, click, fact)) ? "known" : "conflict", fact };
}
