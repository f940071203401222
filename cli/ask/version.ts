/** Names a release as people call it, and compares whether two releases have the same images. */
import type { Release } from "../../schemas/answers/release.ts";

export { versionOf, versionsOf } from "../../schemas/words/version.ts";

/** Whether two releases run the same images, as far as their digests are known. */
export const isSameImages = (
  one: Pick<Release, "components">,
  other: Pick<Release, "components">,
): boolean => {
  const images = ({ components }: Pick<Release, "components">) =>
    components.map(({ component, digest, reported }) => `${component} ${digest ?? reported ?? "?"}`).sort();
  return !images(one).some((image) => image.endsWith("?")) && images(one).join() === images(other).join();
};
