/** Pages of an answer: how long they are, and where the next one begins. */
import * as z from "zod";

export interface Paging {
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
}

/** A cursor that no answer to this question ever gave: a mistake in the question, no fault of the store. */
export class BadCursor extends Error {
  constructor(question: string) {
    super(`is no cursor of ${question}; pass \`next\` of the page before, unchanged`);
    this.name = "BadCursor";
  }
}

/** How many entries a page has: what was asked for, within bounds. */
export const sizeOf = ({ limit }: Paging, usual: number, most: number): number =>
  Math.min(Math.max(Math.trunc(limit ?? usual), 1), most);

/** Where the next page begins: opaque, and good for one question only. */
export const cursorOf = (question: string, ...place: readonly string[]): string =>
  Buffer.from(JSON.stringify([question, ...place])).toString("base64url");

const Place = z.array(z.string().min(1).max(2048)).min(2).max(4);

function decoded(cursor: string): readonly string[] {
  try {
    return Place.safeParse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"))).data ?? [];
  } catch {
    return [];
  }
}

/** The place that a cursor of this question names; empty without a cursor. Throws a BadCursor. */
export function placeOf(question: string, { cursor }: Paging): readonly string[] {
  if (cursor === undefined) return [];
  const [of, ...place] = decoded(cursor);
  // Decoding forgives much: what it would not write itself, it did not write.
  if (of !== question || cursorOf(question, ...place) !== cursor) throw new BadCursor(question);
  return place;
}
