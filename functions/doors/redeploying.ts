/** The doors where a release is asked back, and where it is said how that ended. */
import type { Context } from "hono";
import type { Fact, PlanQuestion } from "../../schemas/fact.ts";
import type { Blocker, Plan } from "../../schemas/plan.ts";
import { instant, RedeploymentEnd, RedeploymentRequest } from "../../schemas/question.ts";
import type { Redeployment, Refusal } from "../../schemas/redeployment.ts";
import { fold } from "../../schemas/scalars.ts";
import { boundElsewhere, type Holder } from "../access.ts";
import { append } from "../ledger/append.ts";
import { rawHash } from "../ledger/canonical.ts";
import { freezesOf, type Requested, requestsOf } from "../ledger/freezes.ts";
import type { Moment } from "../ledger/moment.ts";
import { plan, type Wish } from "../ledger/plan/plan.ts";
import { environmentPlan } from "../ledger/plan/whole.ts";
import {
  courseAnswered,
  endId,
  isOver,
  nextId,
  REDEPLOYMENTS,
  redeployment,
} from "../ledger/redeployment.ts";
import type { Selector } from "../ledger/running.ts";
import { bodyOf, found, holder, moment, senderOf } from "./asked.ts";
import type { Ledger } from "./ledger.ts";
import { keyOf } from "./operating.ts";
import { DoorError } from "./problem.ts";

/** Of a key that is older than this nobody still sends the request again. */
const KEYS_MS = 7 * 86_400_000;
/** The most services that one request puts back: a page of the environment's plan. */
const SERVICES_MAX = 100;

/** One request, of one service or of several. */
interface Asking {
  readonly ledger: Ledger;
  readonly who: Holder;
  readonly key: string;
  readonly body: RedeploymentRequest;
  /** What is known now; all its plans are made from this. */
  readonly when: Moment;
}

function questionOf({ body, when }: Asking): PlanQuestion {
  const { at, digest, last, schema, acceptDataLoss, acceptSubstitute, acceptShared } = body;
  const given = { digest, last, schema, acceptDataLoss, acceptSubstitute, acceptShared };
  return {
    ...(at === undefined ? {} : { at: instant(at, "end") }),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    knownAt: when.knownAt,
  };
}

const wishOf = ({ at, digest, last, ...wish }: PlanQuestion): Wish => ({
  ...wish,
  aim: digest !== undefined ? { digest } : last !== undefined ? { last } : { at: at ?? "" },
});

/* What speaks against it */

const blocked = (service: string, blockers: readonly Blocker[]): Refusal[] =>
  blockers.map(({ message }) => ({ code: "plan_blocked", service, message }));

/** The plan's hash says what runs now too, but not to a person. */
function changed({ body }: Asking, { service, hash, components, current }: Plan): Refusal[] {
  const { expectedCurrent } = body;
  const running = [
    ...components.map(({ from }) => from),
    ...current.components.flatMap(({ digest, reported }) => [digest, reported ?? null]),
  ];
  const isExpected =
    expectedCurrent === undefined ||
    (expectedCurrent === null
      ? running.every((digest) => digest === null)
      : running.includes(expectedCurrent));
  if (!isExpected) {
    const now = current.components.map(({ digest }) => digest ?? "an unknown image").join(", ");
    const message = `${now === "" ? "nothing" : now} runs now, and not ${expectedCurrent}; look at the plan again`;
    return [{ code: "current_changed", service, message }];
  }
  if (body.all === true || hash === body.planHash) return [];
  const message = `the plan is ${hash} now, and not ${body.planHash}: look at it again, with the same schema and acceptances`;
  return [{ code: "plan_changed", service, message }];
}

async function held({ when }: Asking, { environment, service }: Selector): Promise<Refusal[]> {
  const freezes = await freezesOf(when, { environment: fold(environment), service: fold(service) }, when.at);
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

/* One service */

/** A service whose turn it is: with the fact to put, or with what was put before under the same key. */
type Ready =
  | { readonly is: "new"; readonly plan: Plan; readonly last: Requested | undefined }
  | { readonly is: "known"; readonly fact: Requested };

async function lookedAt(asking: Asking, place: Selector): Promise<Ready | { refusals: Refusal[] }> {
  const { when, key, who } = asking;
  const folded = { environment: fold(place.environment), service: fold(place.service) };
  let last: Requested | undefined;
  const oldest = new Date(when.now.getTime() - KEYS_MS).toISOString();
  for await (const fact of requestsOf(when, folded)) {
    last ??= fact;
    if (fact.key === key && fact.reportedBy === who.name) return { is: "known", fact };
    if (fact.occurredAt < oldest) break;
  }
  const [planned, frozen, course] = await Promise.all([
    plan(when, place, wishOf(questionOf(asking))),
    held(asking, place),
    last === undefined ? undefined : courseAnswered(when, last),
  ]);
  const { service } = place;
  const answer = found(planned, `a service ${service} in an environment ${place.environment}`);
  const refusals = [
    ...(course === undefined || isOver(course) ? [] : [running(service, course.id)]),
    ...frozen,
    ...changed(asking, answer),
    ...blocked(service, answer.blockers),
  ];
  return refusals.length > 0 ? { refusals } : { is: "new", plan: answer, last };
}

const isRequested = (fact: Fact): fact is Requested => fact.kind === "redeployment.requested";

const rawOf = ({ key, body }: Asking, service: string) => ({
  kind: "redeployment.requested",
  key,
  service: fold(service),
  ...body,
});

/** Throws a DoorError where the key stands for another request. */
function again(asking: Asking, fact: Requested): Requested {
  if (fact.rawHash === rawHash(rawOf(asking, fact.service))) return fact;
  throw new DoorError(
    "conflict",
    `Idempotency-Key: stands for another request, of ${fact.occurredAt} (redeployment ${fact.id}); choose a new one.`,
  );
}

/** Whoever is first takes the next number of the place; `undefined` where somebody else was. */
async function request(asking: Asking, ready: Ready): Promise<{ fact: Requested; isNew: boolean } | Refusal> {
  if (ready.is === "known") return { fact: again(asking, ready.fact), isNew: false };
  const { ledger, who, key, body, when } = asking;
  const { environment, service, hash, components } = ready.plan;
  const statement = {
    kind: "redeployment.requested",
    source: REDEPLOYMENTS,
    id: nextId({ environment, service }, ready.last),
    occurredAt: when.knownAt,
    timeFrom: "receipt",
    actor: who.name,
    environment,
    service,
    question: questionOf(asking),
    planHash: hash,
    components: components.map(({ component, variant, image }) => {
      const [repository, digest] = (image ?? "").split("@");
      return { component, ...(variant === undefined ? {} : { variant }), repository, digest };
    }),
    deadline: new Date(when.now.getTime() + body.timeoutSeconds * 1000).toISOString(),
    key,
    reason: body.reason,
  } as const;
  const { refuse } = senderOf("redeployments", who);
  const outcome = await append(ledger, statement, {
    vendor: "redeployments",
    reportedBy: who.name,
    rawHash: rawHash(rawOf(asking, service)),
    ...(refuse === undefined ? {} : { refuse }),
  });
  if (outcome.outcome === "rejected") {
    throw new DoorError(outcome.forbidden === true ? "forbidden" : "rejected", outcome.reason);
  }
  const { fact } = outcome;
  if (!isRequested(fact)) throw new Error("what was put is something else");
  if (fact.key !== key || fact.reportedBy !== who.name) return running(service, fact.id);
  return { fact: again(asking, fact), isNew: outcome.outcome === "recorded" };
}

/* All of them */

/** The services of a request: the one it names, or all that ran then. Throws where what was looked at has changed. */
async function placesOf({ body, when }: Asking): Promise<Selector[]> {
  const { environment, service, all, at = "", acceptSubstitute = [], planHash } = body;
  if (all === undefined) return service === undefined ? [] : [{ environment, service }];
  const then = { ...when, at: instant(at, "end") };
  const answer = found(
    await environmentPlan(then, environment, acceptSubstitute, { limit: SERVICES_MAX }),
    `an environment ${environment}`,
  );
  if (answer.next !== null) {
    const message = `${environment} has more than ${SERVICES_MAX} services; ask for each by its name`;
    throw refused([{ code: "too_many_services", message }]);
  }
  if (answer.hash !== planHash) {
    const message = `the plan of ${environment} is ${answer.hash} now (limit=${SERVICES_MAX}), and not ${planHash}: look at it again`;
    throw refused([{ code: "plan_changed", message }]);
  }
  return answer.services.map(({ service }) => ({ environment, service }));
}

const refused = (refusals: readonly Refusal[]): DoorError =>
  new DoorError("not now", refusals.map(({ message }) => message).join("; "), { refusals });

/** The naming rules and the reader's own words: names as the ledger shows them. */
export async function redeploy(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "operate");
  const key = keyOf(c);
  if (key === undefined) {
    throw new DoorError(
      "rejected",
      "Idempotency-Key: must be given, so that a request that is sent again is carried out once; a new UUID for each click.",
    );
  }
  const body = await bodyOf(c, RedeploymentRequest);
  const elsewhere = boundElsewhere(who, body.environment);
  if (elsewhere !== undefined) throw new DoorError("forbidden", elsewhere);
  const asking: Asking = { ledger, who, key, body, when: moment(ledger, {}) };

  const ready: Ready[] = [];
  const refusals: Refusal[] = [];
  // One after the other: a plan asks as many questions at once as one answer may.
  for (const place of await placesOf(asking)) {
    const looked = await lookedAt(asking, place);
    if ("refusals" in looked) refusals.push(...looked.refusals);
    else ready.push(looked);
  }
  if (refusals.length > 0) throw refused(refusals);

  const redeployments: Redeployment[] = [];
  let isNew = false;
  for (const one of ready) {
    const put = await request(asking, one);
    if ("code" in put) {
      refusals.push(put);
      continue;
    }
    await ledger.publish?.(put.fact);
    isNew ||= put.isNew;
    redeployments.push(await courseAnswered(moment(ledger, {}), put.fact));
  }
  if (refusals.length > 0) {
    // Several at once, of which others took some: those that were put go on, and the same request again says so.
    const { message, ...rest } = refused(refusals);
    throw new DoorError("not now", message, { ...rest.more, redeployments });
  }
  const [first] = redeployments;
  const location =
    redeployments.length === 1 && first !== undefined ? { Location: `/v1/redeployments/${first.id}` } : {};
  return c.json({ redeployments }, isNew ? 201 : 200, location);
}

/* Its end */

/** Says how a redeployment ended, where no deployer's report does: once, and before it has. */
export async function endRedeployment(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "execute");
  const body = await bodyOf(c, RedeploymentEnd);
  const id = c.req.param("id") ?? "";
  const when = moment(ledger, {});
  const before = found(await redeployment(when, id), `a redeployment ${id}`);
  const { environment, service } = before;
  const elsewhere = boundElsewhere(who, environment);
  if (elsewhere !== undefined) throw new DoorError("forbidden", elsewhere);
  const raw = { kind: "redeployment.ended", id, ...body };
  const [said] = await when.store.get([{ source: REDEPLOYMENTS, id: endId(id) }]);
  if (said === undefined && isOver(before)) {
    throw new DoorError("not now", `The redeployment ${id} ${before.status} already, at ${before.endedAt}.`);
  }
  const outcome = await append(
    ledger,
    {
      kind: "redeployment.ended",
      source: REDEPLOYMENTS,
      id: endId(id),
      occurredAt: when.knownAt,
      timeFrom: "receipt",
      actor: who.name,
      environment,
      service,
      redeployment: id,
      ...body,
    },
    { vendor: "redeployments", reportedBy: who.name, rawHash: rawHash(raw) },
  );
  if (outcome.outcome === "rejected") throw new DoorError("rejected", outcome.reason);
  if (outcome.outcome === "conflict") {
    throw new DoorError("conflict", `How the redeployment ${id} ended was said before, and otherwise.`);
  }
  await ledger.publish?.(outcome.fact);
  const answer = found(await redeployment(moment(ledger, {}), id), `a redeployment ${id}`);
  return c.json(answer, outcome.outcome === "recorded" ? 201 : 200);
}
