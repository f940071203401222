/** The image repositories that are known. */
import type { Repositories } from "../../schemas/answers/repositories.ts";
import { type AsOf, isSettled } from "../ledger/as-of.ts";
import { nextCursor, type Paging, placeOf, sizeOf } from "../ledger/cursor.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { allKnownNames, knownNames, take } from "../ledger/names/directories.ts";
import { formerOf, nameAt } from "../ledger/names/renames.ts";
import { questionOf } from "./question.ts";

const QUESTION = "the repositories";

/** Answers with one page of the image repositories that facts name, with the services that are described with each. */
export async function repositories(moment: AsOf, paging: Paging = {}): Promise<Repositories> {
  const question = questionOf(moment);
  const [after] = placeOf(QUESTION, paging);
  const [{ taken, more }, renames] = await Promise.all([
    take(knownNames(question, { of: "repositories" }, { after }), sizeOf(paging, 50, 100)),
    question.images.renames(),
  ]);
  return {
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    repositories: await mapLimit(AT_ONCE, taken, async ({ shown: repository }) => {
      const services = await allKnownNames(question, { of: "described", repository });
      const former = formerOf(renames, repository);
      return {
        repository,
        ...(former === undefined ? {} : { renamedTo: nameAt(renames, former) }),
        services: services.map(({ shown }) => shown),
      };
    }),
    next: nextCursor(QUESTION, more, taken.at(-1)?.name),
  };
}
