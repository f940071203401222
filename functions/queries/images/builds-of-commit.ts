/** The builds of a commit. */
import type { FactOf } from "../../../schemas/fact.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { commitPrefix } from "../../ledger/access-patterns.ts";
import { all, type KnownAt } from "../../ledger/fact-reader.ts";

export type Built = FactOf<"artifact.built">;

/** The builds of a commit that is named by its full or abbreviated id. */
export async function buildsOfCommit(knowledge: KnownAt, sha: string): Promise<Built[]> {
  const facts = await all(knowledge, { of: "commit", prefix: commitPrefix(sha), aspect: "image" });
  return facts
    .filter((fact) => fact.kind === "artifact.built")
    .filter(({ commit }) => isSameCommit(commit.sha, sha));
}
