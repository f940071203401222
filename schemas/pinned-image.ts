/** An image reference pinned by digest, as registries and tools accept it: `repository@digest`. */

export interface PinnedImage {
  readonly repository: string;
  readonly digest: string;
}

export const referenceOf = ({ repository, digest }: PinnedImage): string => `${repository}@${digest}`;

/** The two parts of such a reference; `undefined` if it does not have exactly two. The parts are not validated. */
export function pinnedImage(reference: string): PinnedImage | undefined {
  const [repository, digest, ...more] = reference.split("@");
  return repository === undefined || digest === undefined || more.length > 0
    ? undefined
    : { repository, digest };
}
