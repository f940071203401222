/** An image by its digest, as registries and tools take it: `repository@digest`. */

export interface PinnedImage {
  readonly repository: string;
  readonly digest: string;
}

export const referenceOf = ({ repository, digest }: PinnedImage): string => `${repository}@${digest}`;

/** The two parts of such a reference; `undefined` where it has not exactly two. Whether they are valid is not looked at. */
export function pinnedImage(reference: string): PinnedImage | undefined {
  const [repository, digest, ...more] = reference.split("@");
  return repository === undefined || digest === undefined || more.length > 0
    ? undefined
    : { repository, digest };
}
