/** Finds whether a sync or another deployment undid a redeployment later. */

import type { Release } from "../../../schemas/answers/release.ts";
import { pinnedImage } from "../../../schemas/pinned-image.ts";
import type { Redeployment } from "../../../schemas/redeployment.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import type { AsOf } from "../../ledger/as-of.ts";
import { type Question, questionOf } from "../../queries/question.ts";
import { configurationChanges } from "../../queries/release/configuration.ts";
import { release } from "../../queries/release/release.ts";
import { isSameSlot } from "../../queries/release/slots.ts";
import { currentRelease } from "../target/current-release.ts";

/** How many releases are followed. Each costs the round trips of a release. */
const RELEASES_MAX = 24;

/** What a release warns of that may explain why a redeployment was undone. */
const EXPLAINING: ReadonlySet<string> = new Set(["rollback_undone", "older_build", "schema_too_new"]);

/** Whether a release has another image, or another revision of configuration, than a redeployment brought. */
async function differs({ images }: Question, brought: Redeployment, found: Release): Promise<boolean> {
  const verdicts = await Promise.all(
    brought.components.map(async (one) => {
      const isOnly = brought.components.length === 1 && found.components.length === 1;
      const own = found.components.filter((other) => isOnly || isSameSlot(one, other));
      // Services without images have a digest alone, or the commit.
      const named = pinnedImage(one.image)?.digest ?? one.image;
      if (!named.startsWith("sha256:"))
        return own.every(({ commit }) => commit !== null && !isSameCommit(commit.sha, named));
      const { members } = await images.family(named);
      return own.every(({ digest }) => digest !== null && !members.has(digest));
    }),
  );
  const changes = configurationChanges(brought.config ?? [], found.config);
  return verdicts.includes(true) || changes.some(({ from, to }) => from !== null && to !== null);
}

const undoing = (found: Release, at: string): NonNullable<Redeployment["undone"]> => ({
  at,
  by: found.deployedBy,
  deployment: found.deployment,
  url: found.url,
  warnings: found.warnings.filter(({ code }) => EXPLAINING.has(code)),
});

/**
 * A redeployment with what undid it: the first release after its success with other images or configuration, unless what
 * it brought runs now. Cost: a release, and if it was undone one more for each release since its success, at most 24.
 */
export async function withUndoing(moment: AsOf, brought: Redeployment): Promise<Redeployment> {
  const { environment, service, status, endedAt } = brought;
  if (status !== "succeeded" || endedAt === null) return brought;
  const question = questionOf(moment);
  const current = await currentRelease(question, { environment, service });
  if (current === undefined || !(await differs(question, brought, current)))
    return { ...brought, undone: null };
  let at: string | null = endedAt;
  for (let n = 0; n < RELEASES_MAX && at !== null; n++) {
    const found: Release | undefined = await release({ ...question, at }, { environment, service });
    if (found === undefined) break;
    if (await differs(question, brought, found)) return { ...brought, undone: undoing(found, at) };
    at = found.until;
  }
  return { ...brought, undone: undoing(current, current.since ?? current.at) };
}
