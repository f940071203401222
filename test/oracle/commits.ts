/** Which commit a digest was built from: the strongest evidence, or all that are equally strong. */
import type { KnownCommit } from "../../schemas/answer.ts";
import type { Fact, FactOf } from "../../schemas/fact.ts";
import { EVIDENCE } from "../../schemas/scalars.ts";
import { holders } from "./images.ts";
import { byOrder, compare, distinct, ofKind } from "./known.ts";

type Built = FactOf<"artifact.built">;

/** Evidence that failed its check, and a provenance that nobody checked, are mere declarations. */
function rank({ evidence, verified }: Built): number {
  const isChecked = verified !== false && (evidence !== "slsa" || verified === true);
  return EVIDENCE.indexOf(isChecked ? evidence : "declared");
}

/**
 * Statements about a digest or its image's index and manifests; a config may belong to many images. Where it is
 * not known which image it is, only what was said of the digest itself.
 */
function statements(believed: readonly Fact[], reported: string, pulled: string | null): Built[] {
  if (pulled === null) return ofKind(believed, "artifact.built").filter(({ digest }) => digest === reported);
  const image = holders(believed, reported).flatMap(({ digest, manifests }) => [
    digest,
    ...manifests.map((manifest) => manifest.digest),
  ]);
  const about = [reported, pulled, ...image];
  return ofKind(believed, "artifact.built").filter(({ digest }) => about.includes(digest));
}

/** The best statement for each commit, by commit: one where they agree, none where nothing is known. */
export function evidenceOf(believed: readonly Fact[], reported: string, pulled: string | null): Built[] {
  const built = statements(believed, reported, pulled);
  const best = Math.min(...built.map(rank));
  const strongest = built.filter((fact) => rank(fact) === best).sort(byOrder);
  return distinct(strongest.map(({ commit }) => commit.sha))
    .sort(compare)
    .flatMap((sha) => strongest.find(({ commit }) => commit.sha === sha) ?? []);
}

export const commitFrom = ({ commit, evidence, verified }: Built): KnownCommit => ({
  repository: commit.repository,
  sha: commit.sha,
  ...(commit.ref === undefined ? {} : { ref: commit.ref }),
  evidence,
  ...(verified === undefined ? {} : { verified }),
});
