/** The releases of a service one after the other, newest first, and which of them went back from the one before. */
import type { Release } from "../../../schemas/answer.ts";
import { justBefore } from "../../ledger/as-of.ts";
import { isRequestedBack, requestsBack } from "../../queries/going-back.ts";
import type { Question, Selector } from "../../queries/question.ts";
import { configurationChanges } from "../../queries/release/configuration.ts";
import { release } from "../../queries/release/release.ts";
import { isServedAlike } from "./served.ts";

/** Whether two releases have the same images and configuration. */
export const isSameRelease = (one: Release, other: Release): boolean =>
  isServedAlike(one, other) &&
  // What is known on one side alone is no difference: several deployers report one deployment, and not all name it.
  configurationChanges(other.config, one.config).every(({ from, to }) => from === null || to === null);

/** How many releases are tried, going back. Each costs the round trips of a release. */
export const RELEASES_BACK_MAX = 24;

/** The releases of a service, each read when it is asked for. Cost: those of a release, and the requests once. */
export function releasesBack(question: Question, selector: Selector, current: Release) {
  const read: (Release | undefined)[] = [current];
  const requests = requestsBack(question, selector);
  question.store.prefetch(() => requests);

  /** The release that a release is followed back to: what ran just before it, or before others with the same images. */
  async function before(one: Release): Promise<Release | undefined> {
    const { since, runningSince = null } = one;
    if (since === null) return undefined;
    // No configuration is known that could tell releases with the same images apart.
    if (
      current.config.length === 0 &&
      runningSince !== null &&
      runningSince < since &&
      isSameRelease(one, current)
    ) {
      const first = await release({ ...question, at: runningSince }, selector);
      if (first !== undefined && first.since === runningSince && isSameRelease(first, current)) return first;
    }
    const found = await release({ ...question, at: justBefore(since) }, selector);
    return found?.status === "unknown" ? undefined : found;
  }

  /** The release `n` before the current one; undefined: none is known. */
  async function nth(n: number): Promise<Release | undefined> {
    while (read.length <= n) {
      const last = read.at(-1);
      read.push(last === undefined ? undefined : await before(last));
    }
    return read[n];
  }

  /**
   * Whether the nth release went back from the one before it: a deployment says so, or has the images that an operator
   * requested while that one ran; or the runtime shows again what ran before that one, and no deployment brought it.
   */
  async function wentBack(n: number): Promise<boolean> {
    const [one, left] = [await nth(n), await nth(n + 1)];
    if (one === undefined || left === undefined || one.since === null) return false;
    if (one.rollback) return true;
    if (one.drift !== null) {
      const earlier = await nth(n + 2);
      return earlier !== undefined && isServedAlike(earlier, one) && !isServedAlike(left, one);
    }
    const digests = one.components.flatMap(({ digest }) => digest ?? []);
    return isRequestedBack(question, await requests, { digests, at: one.since, before: left.since ?? "" });
  }

  /** Whether it takes back a rollback, which was a mistake. What takes such a one back is a rollback again. */
  async function isUndoing(n: number): Promise<boolean> {
    // Releases that go back and forth would lead through the whole history.
    if (n > RELEASES_BACK_MAX || !(await wentBack(n)) || !(await wentBack(n + 1))) return false;
    const [one, left] = [await nth(n), await nth(n + 2)];
    if (one === undefined || left === undefined || !isSameRelease(left, one)) return false;
    return !(await isUndoing(n + 1));
  }

  return { nth, isRollback: async (n: number) => (await wentBack(n)) && !(await isUndoing(n)) };
}
