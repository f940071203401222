/** Ids as people read and write them, in the command line, in the page and in chats. */

/** Whether two ids may be of one commit: equal, or one abbreviates the other. */
export const isSameCommit = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a);

/** The first 7 digits of a commit. */
export const shortCommit = (sha: string): string => sha.slice(0, 7);

/** The first 8 digits of a digest. */
export const shortDigest = (digest: string): string => digest.replace(/^sha\d+:/, "").slice(0, 8);

/** Ids of commits are shortened, other revisions are names. */
export const shortRevision = (revision: string): string =>
  /^[0-9a-f]{40,64}$/.test(revision) ? shortCommit(revision) : revision;
