/** Marks: images that people marked as good or bad. */
import type { FactOf } from "../../../schemas/fact.ts";
import { newestFirst } from "../../ledger/canonical.ts";
import { backwards } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import type { Question } from "../question.ts";
import { countsIn } from "../service-description.ts";

export type Mark = FactOf<"release.marked">;

/**
 * The newest mark of any digest of an image that counts in an environment by then: a mark of a manifest applies to its
 * index too, and vice versa.
 */
export async function markOf(
  question: Question,
  { digest, environment }: { readonly digest: string; readonly environment: string },
  at: string,
): Promise<Mark | undefined> {
  const { members } = await question.images.family(digest);
  const marks = await mapLimit(AT_ONCE, [...members], async (one) => {
    for await (const fact of backwards(question, { of: "mark", digest: one }, at))
      if (fact.kind === "release.marked" && countsIn(fact, environment)) return fact;
    return undefined;
  });
  return marks.filter((mark) => mark !== undefined).sort(newestFirst)[0];
}
