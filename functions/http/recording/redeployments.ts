/** The endpoints that request a redeployment, and report how it ended. */
import type { Context } from "hono";
import type { Fact, StatementOf } from "../../../schemas/fact.ts";
import { Cancellation, RedeploymentEnd, RedeploymentRequest } from "../../../schemas/operation.ts";
import { imageQueryOf } from "../../../schemas/questions/image-query.ts";
import { isOver, type Redeployment, type Refusal } from "../../../schemas/redeployment.ts";
import { append, type Outcome, type Receipt } from "../../ledger/append.ts";
import { type Holder, isAllowed } from "../../ledger/authority/authority.ts";
import { rawHash } from "../../ledger/canonical.ts";
import { REDEPLOYMENTS } from "../../ledger/redeployed.ts";
import {
  type Precheck,
  placesOf,
  precheck,
  type RedeployRequest,
  type RequestOutcome,
  requestRedeployment,
} from "../../plan/redeployment/request.ts";
import { courseAnswered, endId, redeployment, takenId } from "../../plan/redeployment/status.ts";
import { contradictionOf } from "../../plan/target/image-target.ts";
import { questionOf } from "../../queries/question.ts";
import type { Ledger } from "../context.ts";
import { present } from "../present-names.ts";
import { EndpointError } from "../problem.ts";
import {
  askedBy,
  bodyOf,
  found,
  foundAt,
  holder,
  moment,
  refuseContradiction,
  refuseElsewhere,
  senderOf,
} from "../request.ts";
import { idempotencyKey } from "./marks-and-freezes.ts";

async function requestOf(ledger: Ledger, c: Context): Promise<RedeployRequest> {
  const who = await holder(ledger, c, "operate");
  const key = idempotencyKey(c);
  if (key === undefined) {
    throw new EndpointError(
      "rejected",
      "Idempotency-Key: must be set, so that a request that is sent twice is carried out once. Use a new UUID for each redeployment.",
    );
  }
  const body = await bodyOf(c, RedeploymentRequest);
  refuseElsewhere(who, body);
  const when = await moment(askedBy(ledger, who), {});
  const { environment, service } = body;
  const named = await present(when, { environment, ...(service === undefined ? {} : { service }) });
  const { deployTools: tools, hosts } = ledger;
  return {
    by: who.name,
    key,
    body: { ...body, ...named },
    when,
    tools,
    hosts,
    ...senderOf("redeployments", who),
  };
}

const refused = (refusals: readonly Refusal[], more: object = {}): EndpointError =>
  new EndpointError("not now", refusals.map(({ message }) => message).join("; "), { refusals, ...more });

/** Prechecks every service of the request. Throws an EndpointError if one of them is refused: all or none. */
async function precheckAll(
  { executor }: Ledger,
  request: RedeployRequest,
): Promise<Exclude<Precheck, { is: "refused" }>[]> {
  const { environment } = request.body;
  const { service } = request.body;
  const image = imageQueryOf(request.body);
  if (service !== undefined && image !== undefined)
    refuseContradiction(await contradictionOf(questionOf(request.when), { environment, service }, image));
  const requested = await foundAt(request.when, { environment }, await placesOf(request));
  if ("refusals" in requested) throw refused(requested.refusals);
  const ready: Exclude<Precheck, { is: "refused" }>[] = [];
  const refusals: Refusal[] = [];
  // One after the other: a single plan already uses all the concurrent requests that one answer may.
  for (const place of requested.places) {
    const checked = await foundAt(request.when, place, await precheck(request, place, executor));
    if (checked.is === "refused") refusals.push(...checked.refusals);
    else ready.push(checked);
  }
  if (refusals.length > 0) throw refused(refusals);
  return ready;
}

/** Throws an EndpointError if the request itself was rejected, or its key belongs to another one. */
function acceptedOutcome(
  outcome: RequestOutcome,
): Exclude<RequestOutcome, { is: "conflict" } | { outcome: string }> {
  if ("outcome" in outcome)
    throw new EndpointError(outcome.forbidden === true ? "forbidden" : "rejected", outcome.reason);
  if (outcome.is !== "conflict") return outcome;
  const { occurredAt, id } = outcome.fact;
  throw new EndpointError(
    "conflict",
    `Idempotency-Key: belongs to another request, of ${occurredAt} (redeployment ${id}); use a new one.`,
  );
}

export async function redeploy(ledger: Ledger, c: Context): Promise<Response> {
  const request = await requestOf(ledger, c);
  const redeployments: Redeployment[] = [];
  const refusals: Refusal[] = [];
  let isNew = false;
  for (const checked of await precheckAll(ledger, request)) {
    const outcome = acceptedOutcome(await requestRedeployment(ledger, request, checked));
    if (outcome.is === "refused") {
      refusals.push(...outcome.refusals);
      continue;
    }
    await ledger.publish?.(outcome.fact);
    isNew ||= outcome.is === "requested";
    redeployments.push(await courseAnswered(await moment(ledger, {}), outcome.fact));
  }
  // Others requested some of the services in the meantime. Those recorded here go on; the same request again returns them.
  if (refusals.length > 0) throw refused(refusals, { redeployments });
  const [first] = redeployments;
  const isOne = redeployments.length === 1 && first !== undefined;
  const headers = isOne ? { Location: `/v1/redeployments/${first.id}` } : {};
  return c.json({ redeployments }, isNew ? 201 : 200, headers);
}

type Recorded = Exclude<Outcome, { outcome: "rejected" }>;

/** Records what becomes of a redeployment. Throws an EndpointError if the sender may not report it. */
async function record(ledger: Ledger, statement: object, receipt: Receipt): Promise<Recorded> {
  const outcome = await append(ledger, statement, receipt);
  if (outcome.outcome === "rejected")
    throw new EndpointError(outcome.forbidden === true ? "forbidden" : "rejected", outcome.reason);
  return outcome;
}

/** Publishes what was recorded, and answers with the redeployment as it is now. */
async function answerNow(
  ledger: Ledger,
  c: Context,
  id: string,
  { outcome, fact }: Recorded,
): Promise<Response> {
  await ledger.publish?.(fact);
  const answer = found(await redeployment(await moment(ledger, {}), id), `redeployment ${id}`);
  return c.json(answer, outcome === "recorded" ? 201 : 200);
}

/** Cancels a redeployment that has not ended, and with it the freeze that its request is. */
export async function cancelRedeployment(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "operate");
  const { reason } = await bodyOf(c, Cancellation);
  return end(ledger, c, who, { outcome: "cancelled", reason });
}

/** An end can be reported once, and only before the redeployment has ended: a result, once answered, must not change. */
export async function endRedeployment(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "execute");
  return end(ledger, c, who, await bodyOf(c, RedeploymentEnd));
}

/** Takes a redeployment for the executor that asks, before it runs anything: at most one does. */
export async function takeRedeployment(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "execute");
  const id = c.req.param("id") ?? "";
  const when = await moment(askedBy(ledger, who), {});
  const { status, environment, service } = found(await redeployment(when, id), `redeployment ${id}`);
  if (status !== "requested")
    throw new EndpointError("not now", `The redeployment ${id} is no longer to be carried out: ${status}.`);
  const outcome = await record(
    ledger,
    {
      kind: "redeployment.taken",
      source: REDEPLOYMENTS,
      id: takenId(id),
      occurredAt: when.knownAt,
      timeFrom: "receipt",
      actor: who.name,
      environment,
      service,
      redeployment: id,
    },
    { vendor: "redeployments", reportedBy: who.name, sender: who },
  );
  // The comparison ignores who takes it, so a second executor gets the first one's fact.
  if (outcome.fact.reportedBy !== who.name)
    throw new EndpointError("not now", `The redeployment ${id} was taken by ${outcome.fact.reportedBy}.`);
  return answerNow(ledger, c, id, outcome);
}

/** Refuses everybody but the executor that took a redeployment, and operators. */
function refuseOthers(id: string, taken: Fact | undefined, who: Holder): void {
  if (taken === undefined || taken.reportedBy === who.name || isAllowed(who, "operate")) return;
  throw new EndpointError(
    "forbidden",
    `The redeployment ${id} was taken by ${taken.reportedBy}: only it, or an operator, reports how it ended.`,
  );
}

type End = Pick<StatementOf<"redeployment.ended">, "outcome" | "reason">;

async function end(ledger: Ledger, c: Context, who: Holder, body: End): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const when = await moment(askedBy(ledger, who), {});
  const course = found(await redeployment(when, id), `redeployment ${id}`);
  const { environment, service } = course;
  const identity = { source: REDEPLOYMENTS, id: endId(id) };
  const holding = { source: REDEPLOYMENTS, id: takenId(id) };
  const stored = await ledger.store.get([identity, holding]);
  const reported = stored.find((fact) => fact.id === identity.id);
  refuseOthers(
    id,
    stored.find((fact) => fact.id === holding.id),
    who,
  );
  if (reported === undefined && isOver(course)) {
    throw new EndpointError(
      "not now",
      `The redeployment ${id} has already ended: ${course.status} at ${course.endedAt}.`,
    );
  }
  const outcome = await record(
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
    {
      vendor: "redeployments",
      reportedBy: who.name,
      rawHash: rawHash({ ...identity, ...body }),
      sender: who,
    },
  );
  if (outcome.outcome === "conflict")
    throw new EndpointError("conflict", `Another end of the redeployment ${id} was reported before.`);
  return answerNow(ledger, c, id, outcome);
}
