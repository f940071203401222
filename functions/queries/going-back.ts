/** Finds rollbacks that operators requested, if the deployment itself does not say that it is one. */
import { fold } from "../../schemas/scalars.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { type Requested, requestsOf } from "./gate/freezes.ts";
import type { Question, Selector } from "./question.ts";

/** How many requests of redeployments are compared with what ran, the newest. */
const REQUESTS_MAX = 50;

/** The redeployments of earlier releases that operators requested, newest first. */
export async function requestsBack(
  question: Question,
  { environment, service }: Selector,
): Promise<Requested[]> {
  const place = { environment: fold(environment), service: fold(service) };
  const found: Requested[] = [];
  for await (const request of requestsOf(question, place)) {
    if (request.forward !== true) found.push(request);
    if (found.length === REQUESTS_MAX) break;
  }
  return found;
}

/** Whether these images have all that were requested. */
async function hasRequested({ images }: Question, digests: readonly string[], request: Requested) {
  const found = await Promise.all(
    request.components.map(async ({ digest }) => {
      if (digest === undefined) return false;
      const { members } = await images.family(digest);
      return digests.some((one) => members.has(one));
    }),
  );
  return found.every((is) => is);
}

/** Images, since when they ran, and since when what ran before them did. */
export interface Came {
  readonly digests: readonly string[];
  readonly at: string;
  readonly before: string;
}

/** Many deployers report whole seconds. */
const secondOf = (time: string): string => time.slice(0, "2026-11-22T10:05:00".length);

/** Whether an operator requested images while what ran before them did: not every deployer knows which request it carries out. */
export async function isRequestedBack(
  question: Question,
  requests: readonly Requested[],
  { digests, at, before }: Came,
): Promise<boolean> {
  const between = requests.filter(
    ({ occurredAt }) => occurredAt >= before && secondOf(occurredAt) <= secondOf(at),
  );
  const asked = await mapLimit(AT_ONCE, between, (request) => hasRequested(question, digests, request));
  return asked.includes(true);
}
