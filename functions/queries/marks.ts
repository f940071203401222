/** Marks: images that people marked as good or bad. */
import type { FactOf } from "../../schemas/fact.ts";
import { newestFirst } from "../ledger/canonical.ts";
import { newest } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import type { Question } from "./question.ts";

export type Mark = FactOf<"release.marked">;

/** The newest mark of any digest of an image by then: a mark of a manifest applies to its index too, and vice versa. */
export async function markOf(question: Question, digest: string, at: string): Promise<Mark | undefined> {
  const { members } = await question.images.family(digest);
  const marks = await mapLimit(AT_ONCE, [...members], (one) =>
    newest(question, { of: "mark", digest: one }, at),
  );
  return marks.filter((fact): fact is Mark => fact?.kind === "release.marked").sort(newestFirst)[0];
}
