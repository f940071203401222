/** The releases of a service one after the other, newest first, and which of them went back from the one before. */
import type { Release } from "../../../schemas/answer.ts";
import { fold } from "../../../schemas/scalars.ts";
import { justBefore } from "../../ledger/as-of.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { type Requested, requestsOf } from "../../queries/gate/freezes.ts";
import type { Question, Selector } from "../../queries/question.ts";
import { configurationChanges } from "../../queries/release/configuration.ts";
import { release } from "../../queries/release/release.ts";
import { isServedAlike } from "./served.ts";

/** Whether two releases have the same images and configuration. */
export const isSameRelease = (one: Release, other: Release): boolean =>
  isServedAlike(one, other) &&
  // What is known on one side alone is no difference: several deployers report one deployment, and not all name it.
  configurationChanges(other.config, one.config).every(({ from, to }) => from === null || to === null);

/** How many requests of redeployments are compared with the releases, the newest. */
const REQUESTS_MAX = 50;

/** The redeployments of earlier releases that operators requested, newest first. */
async function requestsBack(question: Question, { environment, service }: Selector): Promise<Requested[]> {
  const place = { environment: fold(environment), service: fold(service) };
  const found: Requested[] = [];
  for await (const request of requestsOf(question, place)) {
    if (request.forward !== true) found.push(request);
    if (found.length === REQUESTS_MAX) break;
  }
  return found;
}

/** Whether a release has the images that were requested. */
async function hasRequested(
  { images }: Question,
  { components }: Release,
  request: Requested,
): Promise<boolean> {
  const digests = components.flatMap(({ digest }) => digest ?? []);
  const found = await Promise.all(
    request.components.map(async ({ digest }) => {
      if (digest === undefined) return false;
      const { members } = await images.family(digest);
      return digests.some((one) => members.has(one));
    }),
  );
  return found.every((is) => is);
}

/** Many deployers report whole seconds. */
const secondOf = (time: string): string => time.slice(0, "2026-11-22T10:05:00".length);

/** The releases of a service, each read when it is asked for. Cost: those of a release, and the requests once. */
export function releasesBack(question: Question, selector: Selector, current: Release) {
  const read: (Release | undefined)[] = [current];
  const requests = requestsBack(question, selector);
  question.store.prefetch(() => requests);

  /** The release `n` before the current one; undefined: none is known. */
  async function nth(n: number): Promise<Release | undefined> {
    while (read.length <= n) {
      const since = read.at(-1)?.since ?? null;
      const found =
        since === null ? undefined : await release({ ...question, at: justBefore(since) }, selector);
      read.push(found?.status === "unknown" ? undefined : found);
    }
    return read[n];
  }

  /**
   * Whether the nth release went back from the one before it: a deployment says so, or has the images that an operator
   * requested while that one ran. Not every deployer knows which request it carries out.
   */
  async function wentBack(n: number): Promise<boolean> {
    const [one, before] = [await nth(n), await nth(n + 1)];
    if (one === undefined || before === undefined || one.since === null) return false;
    if (one.rollback) return true;
    const until = secondOf(one.since);
    const between = (await requests).filter(
      ({ occurredAt }) => occurredAt >= (before.since ?? "") && secondOf(occurredAt) <= until,
    );
    const asked = await mapLimit(AT_ONCE, between, (request) => hasRequested(question, one, request));
    return asked.includes(true);
  }

  /** Whether it takes back a rollback, which was a mistake. What takes such a one back is a rollback again. */
  async function isUndoing(n: number): Promise<boolean> {
    if (!(await wentBack(n)) || !(await wentBack(n + 1))) return false;
    const [one, left] = [await nth(n), await nth(n + 2)];
    if (one === undefined || left === undefined || !isSameRelease(left, one)) return false;
    return !(await isUndoing(n + 1));
  }

  return { nth, isRollback: async (n: number) => (await wentBack(n)) && !(await isUndoing(n)) };
}
