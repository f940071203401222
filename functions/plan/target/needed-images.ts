/** Finds the images of a repository that are still needed, so that a clean-up policy may delete the others. */

import type { Release, ReleasedComponent } from "../../../schemas/answers/release.ts";
import type { Need, NeededImages } from "../../../schemas/answers/repositories.ts";
import { byKey } from "../../../schemas/words/ordering.ts";
import { type AsOf, isSettled } from "../../ledger/as-of.ts";
import { canonical } from "../../ledger/canonical.ts";
import { nextCursor, type Paging, placeOf, sizeOf } from "../../ledger/cursor.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { allKnownNames, knownNames, take } from "../../ledger/names/directories.ts";
import { type Question, questionOf, type Selector } from "../../queries/question.ts";
import { release } from "../../queries/release/release.ts";
import { currentRelease } from "./current-release.ts";
import { targetReleaseAt } from "./target-release.ts";

const QUESTION = "the needed images";

/** How many releases of a service are read since the asked time. Each costs the round trips of a release. */
const RELEASES_MAX = 50;

interface Needed {
  readonly digest: string;
  readonly need: Need;
}

/** Whether a component was deployed from a repository or, where nobody says from which, may have been. */
const isFrom = ({ repository, heldBy }: ReleasedComponent, wanted: string): boolean =>
  repository === null ? heldBy.some((one) => one.repository === wanted) : repository === wanted;

/** The images of a release, with the candidates where it is not known which one ran. */
function imagesOf({ components }: Release, repository: string, need: Need): Needed[] {
  return components.flatMap((component): Needed[] => {
    const { digest, reported, candidates } = component;
    if (digest !== null || reported !== undefined)
      return isFrom(component, repository)
        ? [digest, reported].flatMap((one) => (one == null ? [] : [{ digest: one, need }]))
        : [];
    return candidates
      .filter((one) => (one.repository ?? repository) === repository)
      .map((one) => ({ digest: one.digest, need: { ...need, candidate: true } }));
  });
}

interface Found {
  readonly needed: readonly Needed[];
  /** Whether there are more releases than were read. */
  readonly isCut: boolean;
}

/** What ran since a time: release after release. */
async function ranSince(
  question: Question,
  place: Selector,
  repository: string,
  since: string | undefined,
): Promise<Found> {
  const needed: Needed[] = [];
  let at: string | null = since ?? null;
  for (let n = 0; at !== null; n++) {
    if (n === RELEASES_MAX) return { needed, isCut: true };
    const found: Release | undefined = await release({ ...question, at }, place);
    if (found === undefined) break;
    needed.push(...imagesOf(found, repository, { why: "ran", ...place }));
    at = found.until;
  }
  return { needed, isCut: false };
}

/** The images of a repository that one service needs in one environment. */
async function neededBy(
  question: Question,
  place: Selector,
  repository: string,
  since: string | undefined,
): Promise<Found> {
  const [current, ran, good] = await Promise.all([
    currentRelease(question, place),
    ranSince(question, place, repository, since),
    targetReleaseAt(question, place, { last: "good" }),
  ]);
  const of = (found: Release | null | undefined, why: Need["why"]) =>
    found == null ? [] : imagesOf(found, repository, { why, ...place });
  return {
    needed: [...of(current, "runs"), ...ran.needed, ...of(good.release, "last good")],
    isCut: ran.isCut,
  };
}

/** The manifests that needed indexes hold. */
async function heldByIndexes({ images }: Question, digests: readonly string[]): Promise<Needed[]> {
  const found = await mapLimit(AT_ONCE, [...new Set(digests)], async (index) => {
    const { facts } = await images.family(index);
    const indexed = [...facts.values()].flat().filter((fact) => fact.kind === "artifact.indexed");
    return indexed
      .filter((fact) => fact.digest === index)
      .flatMap(({ manifests }) =>
        manifests.map(({ digest }) => ({ digest, need: { why: "index", index } as const })),
      );
  });
  return found.flat();
}

function grouped(needed: readonly Needed[]): NeededImages["images"] {
  const images = new Map<string, Map<string, Need>>();
  for (const { digest, need } of needed) {
    const reasons = images.get(digest) ?? new Map<string, Need>();
    images.set(digest, reasons.set(canonical(need), need));
  }
  return [...images].sort(byKey).map(([digest, reasons]) => ({ digest, reasons: [...reasons.values()] }));
}

interface Asked {
  readonly repository: string;
  readonly since?: string | undefined;
}

/**
 * Answers with the needed images of one page of services. Cost: for each environment of each service the current release,
 * those since the asked time, at most 50, and those that are tried for the last good one.
 */
export async function neededImages(
  moment: AsOf,
  { repository, since }: Asked,
  paging: Paging = {},
): Promise<NeededImages> {
  const question = questionOf(moment);
  const [after] = placeOf(QUESTION, paging);
  const { taken, more } = await take(
    knownNames(question, { of: "catalog" }, { after }),
    sizeOf(paging, 20, 50),
  );
  const places = await mapLimit(AT_ONCE, taken, async ({ name, shown: service }) => {
    const environments = await allKnownNames(question, { of: "places", service: name });
    return environments.map(({ shown: environment }) => ({ environment, service }));
  });
  // Each place is a question of its own: sharing one loader would keep the reads of all of them in memory.
  const found = await mapLimit(AT_ONCE, places.flat(), async (place) => ({
    place,
    ...(await neededBy(questionOf({ ...moment }), place, repository, since)),
  }));
  const own = found.flatMap(({ needed }) => needed);
  const held = await heldByIndexes(
    question,
    own.map(({ digest }) => digest),
  );
  return {
    repository,
    since: since ?? null,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    images: grouped([...own, ...held]),
    cut: found.filter(({ isCut }) => isCut).map(({ place }) => place),
    next: nextCursor(QUESTION, more, taken.at(-1)?.name),
  };
}
