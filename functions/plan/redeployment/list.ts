/** The redeployments that were requested: the newest of each service, or all of one service. */
import type { RedeploymentList } from "../../../schemas/redeployment.ts";
import { fold } from "../../../schemas/scalars.ts";
import { type AsOf, isSettled } from "../../ledger/as-of.ts";
import { nextCursor, type Paging, placeOf, sizeOf } from "../../ledger/cursor.ts";
import { mapLimit } from "../../ledger/map-limit.ts";
import { take } from "../../ledger/names/directories.ts";
import { type Requested, requestsOf } from "../../queries/gate/freezes.ts";
import { frozenPlaces } from "../../queries/gate/frozen-places.ts";
import { questionOf } from "../../queries/question.ts";
import { courseAnswered } from "./status.ts";

/** Each status reads the facts of its environment since the request. */
const AT_ONCE = 4;

const QUESTION = "the redeployments";

interface Asked {
  readonly environment?: string | undefined;
  readonly service?: string | undefined;
}

/** One service's requests, newest first, after the one with the id `after`. */
async function* requestsAfter(moment: AsOf, environment: string, service: string, after: string | undefined) {
  let isDelivered = after !== undefined;
  for await (const fact of requestsOf(moment, { environment: fold(environment), service: fold(service) })) {
    if (!isDelivered) yield { fact, place: fact.id };
    if (fact.id === after) isDelivered = false;
  }
}

/** The newest request of each place. */
async function* newestRequests(moment: AsOf, { environment }: Asked, after: string | undefined) {
  for await (const { name, place } of frozenPlaces(moment, environment, after)) {
    if (place.service === undefined) continue;
    const selector = { environment: place.environment, service: place.service };
    const { value } = await requestsOf(moment, selector).next();
    if (value !== undefined) yield { fact: value, place: name };
  }
}

/** Answers with one page: with environment and service all of that service, newest first; else the newest of each. */
export async function redeployments(
  moment: AsOf,
  asked: Asked,
  paging: Paging = {},
): Promise<RedeploymentList> {
  const question = questionOf(moment);
  const [after] = placeOf(QUESTION, paging);
  const { environment, service } = asked;
  const found: AsyncGenerator<{ readonly fact: Requested; readonly place: string }> =
    environment !== undefined && service !== undefined
      ? requestsAfter(question, environment, service, after)
      : newestRequests(question, asked, after);
  const { taken, more } = await take(found, sizeOf(paging, 20, 50));
  return {
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    redeployments: await mapLimit(AT_ONCE, taken, ({ fact }) => courseAnswered(question, fact)),
    next: nextCursor(QUESTION, more, taken.at(-1)?.place),
  };
}
