/** Whether a release may be put back now, and the one conditional put by which it is asked for. */
import type { Fact, PlanQuestion, Statement } from "../../../schemas/fact.ts";
import { pinnedImage } from "../../../schemas/pinned-image.ts";
import type { Plan } from "../../../schemas/plan.ts";
import { instant, type RedeploymentRequest } from "../../../schemas/question.ts";
import { isOver, type Refusal } from "../../../schemas/redeployment.ts";
import { fold } from "../../../schemas/scalars.ts";
import { type Appending, append, type Outcome } from "../../ledger/append.ts";
import type { AsOf } from "../../ledger/as-of.ts";
import { rawHash } from "../../ledger/canonical.ts";
import { EVER } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { afterNewest, freezesOf, type Requested, requestsOf } from "../../queries/freezes.ts";
import type { Selector } from "../../queries/release/running.ts";
import { environmentPlan } from "../environment-plan.ts";
import { type PlanOptions, plan } from "../plan.ts";
import { courseAnswered, nextId, REDEPLOYMENTS } from "./status.ts";

/** A key that is older than this is taken for a new one: nobody sends a request again for so long. */
const KEYS_MS = 7 * 86_400_000;
/** The most services that one request puts back: a page of the environment's plan. */
const SERVICES_MAX = 100;

/** Another machine's clock may be behind by this, and there a redeployment may still begin. */
const CLOCKS_MS = 60_000;

/** A request, as it came. */
export interface RedeployRequest {
  /** Who asks, by the name of the token. */
  readonly by: string;
  /** The request's own name for itself. */
  readonly key: string;
  readonly body: RedeploymentRequest;
  /** What is known now; all its plans are made from this. */
  readonly when: AsOf;
  /** Why who asks may not say this. */
  readonly refuse?: (statement: Statement) => string | undefined;
}

function questionOf({ body, when }: RedeployRequest): PlanQuestion {
  const { at, digest, last, schema, acceptDataLoss, acceptSubstitute, acceptShared } = body;
  const given = { digest, last, schema, acceptDataLoss, acceptSubstitute, acceptShared };
  return {
    ...(at === undefined ? {} : { at: instant(at, "end") }),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    knownAt: when.knownAt,
  };
}

const wishOf = ({ at, digest, last, ...wish }: PlanQuestion): PlanOptions => ({
  ...wish,
  aim: digest !== undefined ? { digest } : last !== undefined ? { last } : { at: at ?? "" },
});

/* Which services */

/** The newest request of a service, and the one of this key. */
async function earlier({ when, key, by }: RedeployRequest, { environment, service }: Selector) {
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

/** The services of a request: the one it names, or all that ran then. `undefined`: of a place never heard of. */
export async function placesOf(
  click: RedeployRequest,
): Promise<{ places: Selector[] } | { refusals: Refusal[] } | undefined> {
  const { body, when } = click;
  const { environment, service, at = "", acceptSubstitute = [], planHash } = body;
  if (service !== undefined) return { places: [{ environment, service }] };
  const then = { ...when, at: instant(at, "end") };
  const answer = await environmentPlan(then, environment, acceptSubstitute, { limit: SERVICES_MAX });
  if (answer === undefined) return undefined;
  if (answer.next !== null) {
    const message = `${environment} has more than ${SERVICES_MAX} services; requestRedeployment for each by its name`;
    return { refusals: [{ code: "too_many_services", message }] };
  }
  const places = answer.services.map(({ service }) => ({ environment, service }));
  if (answer.hash !== planHash) {
    // What this same request asked for may be what changed it.
    const before = await mapLimit(AT_ONCE, places, async (place) => (await earlier(click, place)).known);
    const own = places.filter((_, n) => before[n] !== undefined);
    if (own.length > 0) return { places: own };
    const message = `the plan of ${environment} (limit=${SERVICES_MAX}) is ${answer.hash} now, and not ${planHash}; precheck at it again`;
    return { refusals: [{ code: "plan_changed", message }] };
  }
  return { places };
}

/* What speaks against it */

/** The plan's hash tells what runs now too, but not to a person. */
function changed({ body }: RedeployRequest, { service, hash, components, current }: Plan): Refusal[] {
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
    const message = `${shown === "" ? "nothing" : shown} runs now, and not ${expectedCurrent ?? "nothing"}; precheck at the plan again`;
    return [{ code: "current_changed", service, message }];
  }
  if (hash === body.planHash) return [];
  const message = `the plan is ${hash} now, and not ${body.planHash}; precheck at it again, with the same schema and acceptances`;
  return [{ code: "plan_changed", service, message }];
}

/** An earlier redeployment froze it too, and does not stand in the way of the next. */
async function held({ when }: RedeployRequest, { environment, service }: Selector): Promise<Refusal[]> {
  const place = { environment: fold(environment), service: fold(service) };
  const freezes = await freezesOf({ ...when, knownAt: EVER }, place, EVER);
  return freezes
    .filter(({ kind }) => kind === "environment.frozen")
    .map(({ service: frozen, occurredAt, reason }) => ({
      code: "frozen",
      service,
      message: `${frozen ?? environment} is frozen since ${occurredAt}${reason === undefined ? "" : `: ${reason}`}; end that first (POST /v1/freezes/end)`,
    }));
}

const running = (service: string, id: string): Refusal => ({
  code: "redeployment_running",
  service,
  message: `redeployment ${id} of ${service} has not ended: GET /v1/redeployments/${id}`,
});

/** What a service's turn finds: nothing in the way, what was put before under the same key, or refusals. */
export type Precheck =
  | { readonly is: "ready"; readonly plan: Plan; readonly last: Requested | undefined }
  | { readonly is: "known"; readonly fact: Requested }
  | { readonly is: "refused"; readonly refusals: readonly Refusal[] };

/**
 * Looks whether a service may be put back: its plan, its freezes, and its last redeployment, side by side. `undefined`: a
 * name never heard of.
 */
export async function precheck(click: RedeployRequest, place: Selector): Promise<Precheck | undefined> {
  const { last, known } = await earlier(click, place);
  if (known !== undefined) return { is: "known", fact: known };
  const [planned, frozen, course] = await Promise.all([
    plan(click.when, place, wishOf(questionOf(click))),
    held(click, place),
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
    ...frozen,
    ...changed(click, planned),
    ...blockers.map(({ message }): Refusal => ({ code: "plan_blocked", service, message })),
  ];
  return refusals.length > 0 ? { is: "refused", refusals } : { is: "ready", plan: planned, last };
}

/* The put */

export type RequestOutcome =
  | { readonly is: "requested" | "known"; readonly fact: Requested }
  | { readonly is: "refused"; readonly refusals: readonly Refusal[] }
  /** The key stands for another request. */
  | { readonly is: "conflict"; readonly fact: Requested }
  | Extract<Outcome, { outcome: "rejected" }>;

const isRequested = (fact: Fact): fact is Requested => fact.kind === "redeployment.requested";

/** What was sent, by which the same request again is known. */
const sent = ({ key, body }: RedeployRequest, service: string): string =>
  rawHash({ kind: "redeployment.requested", ...body, key, service: fold(service) });

const isSame = async ({ store }: Appending, click: RedeployRequest, fact: Requested): Promise<boolean> =>
  (await store.rawHashOf(fact)) === sent(click, fact.service);

/** Puts the request, if nobody else takes the place's next number first; whoever comes second is told of the first. */
export async function requestRedeployment(
  appending: Appending,
  click: RedeployRequest,
  looked: Exclude<Precheck, { is: "refused" }>,
): Promise<RequestOutcome> {
  if (looked.is === "known") {
    const { fact } = looked;
    return { is: (await isSame(appending, click, fact)) ? "known" : "conflict", fact };
  }
  const { by, key, body, when, refuse } = click;
  const { environment, service, hash, components } = looked.plan;
  const statement = {
    kind: "redeployment.requested",
    source: REDEPLOYMENTS,
    id: nextId({ environment, service }, looked.last),
    occurredAt: await afterNewest({ ...when, knownAt: EVER }, { environment, service }, when.now),
    timeFrom: "receipt",
    actor: by,
    environment,
    service,
    question: questionOf(click),
    planHash: hash,
    components: components.map(({ component, variant, image }) => {
      const pinned = image === null ? undefined : pinnedImage(image);
      return { component, ...(variant === undefined ? {} : { variant }), ...pinned };
    }),
    deadline: new Date(when.now.getTime() + body.timeoutSeconds * 1000).toISOString(),
    key,
    reason: body.reason,
  } as const;
  const outcome = await append(appending, statement, {
    vendor: "redeployments",
    reportedBy: by,
    rawHash: sent(click, service),
    ...(refuse === undefined ? {} : { refuse }),
  });
  if (outcome.outcome === "rejected") return outcome;
  const { fact } = outcome;
  if (!isRequested(fact)) throw new Error("what stands under a redeployment's id is none");
  if (outcome.outcome === "recorded") return { is: "requested", fact };
  if (fact.key !== key || fact.reportedBy !== by) {
    return { is: "refused", refusals: [running(service, fact.id)] };
  }
  return { is: (await isSame(appending, click, fact)) ? "known" : "conflict", fact };
}
