/** Paging of answers: the page size, and the cursor of the next page. */
import * as z from "zod";

export interface Paging {
  readonly limit?: number | undefined;
  /** `next` of the previous page. */
  readonly cursor?: string | undefined;
}

/** An invalid cursor, or one of another question: a mistake of the client. */
export class BadCursor extends Error {
  constructor(question: string) {
    super(`is not a cursor of ${question}; pass \`next\` of the previous page unchanged`);
    this.name = "BadCursor";
  }
}

/** Entries per page: the requested limit, at least 1 and at most `most`. */
export const sizeOf = ({ limit }: Paging, usual: number, most: number): number =>
  Math.min(Math.max(Math.trunc(limit ?? usual), 1), most);

/** An opaque cursor, valid for one question only. */
export const cursorOf = (question: string, ...place: readonly string[]): string =>
  Buffer.from(JSON.stringify([question, ...place])).toString("base64url");

/** `next` of a page: the cursor of the place where it ends; null if nothing follows, or it has no items. */
export const nextCursor = (
  question: string,
  more: boolean,
  last: string | readonly string[] | undefined,
): string | null => (more && last !== undefined ? cursorOf(question, ...[last].flat()) : null);

const Place = z.array(z.string().min(1).max(2048)).min(2).max(4);

function decoded(cursor: string): readonly string[] {
  try {
    return Place.safeParse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"))).data ?? [];
  } catch {
    return [];
  }
}

/** The place that a cursor encodes; empty without a cursor. Throws a BadCursor. */
export function placeOf(question: string, { cursor }: Paging): readonly string[] {
  if (cursor === undefined) return [];
  const [of, ...place] = decoded(cursor);
  // Decoding is lenient, so a cursor must also equal its own re-encoding.
  if (of !== question || cursorOf(question, ...place) !== cursor) throw new BadCursor(question);
  return place;
}
