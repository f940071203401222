/** The doors where a release is asked back, and where it is said how that ended. */
import type { Context } from "hono";
import { RedeploymentEnd, RedeploymentRequest } from "../../schemas/question.ts";
import { isOver, type Redeployment, type Refusal } from "../../schemas/redeployment.ts";
import { append } from "../ledger/append.ts";
import { boundElsewhere, type Holder } from "../ledger/authority.ts";
import { rawHash } from "../ledger/canonical.ts";
import {
  type Precheck,
  placesOf,
  precheck,
  type RedeployRequest,
  type RequestOutcome,
  requestRedeployment,
} from "../plan/redeployment/request.ts";
import { courseAnswered, endId, REDEPLOYMENTS, redeployment } from "../plan/redeployment/status.ts";
import type { Ledger } from "./context.ts";
import { keyOf } from "./marks-and-freezes.ts";
import { EndpointError } from "./problem.ts";
import { bodyOf, found, holder, moment, senderOf } from "./request.ts";

function refuseElsewhere(who: Holder, environment: string): void {
  const elsewhere = boundElsewhere(who, environment);
  if (elsewhere !== undefined) throw new EndpointError("forbidden", elsewhere);
}

async function clickOf(ledger: Ledger, c: Context): Promise<RedeployRequest> {
  const who = await holder(ledger, c, "operate");
  const key = keyOf(c);
  if (key === undefined) {
    throw new EndpointError(
      "rejected",
      "Idempotency-Key: must be given, so that a request that is sent again is carried out once; a new UUID for each click.",
    );
  }
  const body = await bodyOf(c, RedeploymentRequest);
  refuseElsewhere(who, body.environment);
  return { by: who.name, key, body, when: moment(ledger, {}), ...senderOf("redeployments", who) };
}

const refused = (refusals: readonly Refusal[], more: object = {}): EndpointError =>
  new EndpointError("not now", refusals.map(({ message }) => message).join("; "), { refusals, ...more });

/** Everything that may be put back, or what was before; all of it, or nothing. */
async function lookedAt(click: RedeployRequest): Promise<Exclude<Precheck, { is: "refused" }>[]> {
  const { environment } = click.body;
  const asked = found(await placesOf(click), `an environment ${environment}`);
  if ("refusals" in asked) throw refused(asked.refusals);
  const ready: Exclude<Precheck, { is: "refused" }>[] = [];
  const refusals: Refusal[] = [];
  // One after the other: a plan asks as many questions at once as one answer may.
  for (const place of asked.places) {
    const looked = found(
      await precheck(click, place),
      `a service ${place.service} in an environment ${environment}`,
    );
    if (looked.is === "refused") refusals.push(...looked.refusals);
    else ready.push(looked);
  }
  if (refusals.length > 0) throw refused(refusals);
  return ready;
}

/** Throws an EndpointError of what is wrong with the request itself. */
function acceptable(put: RequestOutcome): Exclude<RequestOutcome, { is: "conflict" } | { outcome: string }> {
  if ("outcome" in put)
    throw new EndpointError(put.forbidden === true ? "forbidden" : "rejected", put.reason);
  if (put.is !== "conflict") return put;
  const { occurredAt, id } = put.fact;
  throw new EndpointError(
    "conflict",
    `Idempotency-Key: stands for another request, of ${occurredAt} (redeployment ${id}); choose a new one.`,
  );
}

export async function redeploy(ledger: Ledger, c: Context): Promise<Response> {
  const click = await clickOf(ledger, c);
  const redeployments: Redeployment[] = [];
  const refusals: Refusal[] = [];
  let isNew = false;
  for (const looked of await lookedAt(click)) {
    const put = acceptable(await requestRedeployment(ledger, click, looked));
    if (put.is === "refused") {
      refusals.push(...put.refusals);
      continue;
    }
    await ledger.publish?.(put.fact);
    isNew ||= put.is === "requested";
    redeployments.push(await courseAnswered(moment(ledger, {}), put.fact));
  }
  // Of several, somebody else took some in between: those that were put go on, and the same request again tells of them.
  if (refusals.length > 0) throw refused(refusals, { redeployments });
  const [first] = redeployments;
  const isOne = redeployments.length === 1 && first !== undefined;
  const headers = isOne ? { Location: `/v1/redeployments/${first.id}` } : {};
  return c.json({ redeployments }, isNew ? 201 : 200, headers);
}

/** Once, and before it has ended: a result that somebody saw does not change. */
export async function endRedeployment(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "execute");
  const body = await bodyOf(c, RedeploymentEnd);
  const id = c.req.param("id") ?? "";
  const when = moment(ledger, {});
  const course = found(await redeployment(when, id), `a redeployment ${id}`);
  const { environment, service } = course;
  refuseElsewhere(who, environment);
  const identity = { source: REDEPLOYMENTS, id: endId(id) };
  const [said] = await ledger.store.get([identity]);
  if (said === undefined && isOver(course)) {
    throw new EndpointError(
      "not now",
      `The redeployment ${id} ${course.status} already, at ${course.endedAt}.`,
    );
  }
  const outcome = await append(
    ledger,
    {
      kind: "redeployment.ended",
      ...identity,
      occurredAt: when.knownAt,
      timeFrom: "receipt",
      actor: who.name,
      environment,
      service,
      redeployment: id,
      ...body,
    },
    { vendor: "redeployments", reportedBy: who.name, rawHash: rawHash({ ...identity, ...body }) },
  );
  if (outcome.outcome === "rejected") throw new EndpointError("rejected", outcome.reason);
  if (outcome.outcome === "conflict") {
    throw new EndpointError("conflict", `How the redeployment ${id} ended was said before, and otherwise.`);
  }
  await ledger.publish?.(outcome.fact);
  const answer = found(await redeployment(moment(ledger, {}), id), `a redeployment ${id}`);
  return c.json(answer, outcome.outcome === "recorded" ? 201 : 200);
}
