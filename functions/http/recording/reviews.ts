/** The endpoint where people record what the review of a change found, after it took effect. */
import type { Context } from "hono";
import { Review } from "../../../schemas/operation.ts";
import { receive } from "../../ledger/ingest/ingest.ts";
import { REVIEWS, reviewId, reviewsOf } from "../../ledger/reviews.ts";
import { said } from "../../sources/payload.ts";
import type { Ledger } from "../context.ts";
import { EndpointError } from "../problem.ts";
import { askedBy, bodyOf, holder, senderOf } from "../request.ts";
import { answerOne } from "./outcomes.ts";

/** The same review again is a duplicate; another one counts instead of the earlier ones, which stay. */
export async function review(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "operate");
  const { source, id, ...given } = await bodyOf(c, Review);
  const target = { source, id };
  const { store } = askedBy(ledger, who);
  const [change] = await store.get([target]);
  if (change === undefined)
    throw new EndpointError(
      "rejected",
      `No fact has source ${source} and id ${id}. GET /v1/audit names both.`,
    );
  if (!("environment" in change) || change.environment === undefined)
    throw new EndpointError(
      "rejected",
      `The fact is no change of an environment: it is ${change.kind}. GET /v1/audit names source and id of each change.`,
    );
  const before = await reviewsOf(ledger.store, target);
  const last = before.at(-1);
  const isSame =
    last?.reportedBy === who.name && last.verdict === given.verdict && last.comment === given.comment;
  const service = "service" in change ? change.service : undefined;
  const statement = {
    kind: "change.reviewed",
    source: REVIEWS,
    id: reviewId(target, isSame ? before.length : before.length + 1),
    occurredAt: ledger.now().toISOString(),
    timeFrom: "receipt",
    actor: who.name,
    environment: change.environment,
    ...(service === undefined ? {} : { service }),
    target,
    ...given,
  } as const;
  const raw = { kind: statement.kind, ...target, ...given };
  return answerOne(c, await receive(ledger, senderOf("reviews", who), [said(statement, raw)]));
}
