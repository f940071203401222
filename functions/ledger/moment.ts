/** What every question is asked with. */
import { type Images, imagesOf } from "./images.ts";
import { type Loader, loaderOf } from "./loader.ts";
import type { Knowledge } from "./read.ts";

/** The moment, the knowledge that an answer may rest on, and the ledger's own clock. */
export interface Moment extends Knowledge {
  readonly at: string;
  readonly now: Date;
  /** How long after `knownAt` facts recorded by then may still appear. */
  readonly settleMs: number;
}

/** What one question shares among its parts, which may ask about other moments: what it read, and its images. */
interface Shared {
  readonly store: Loader;
  readonly images: Images;
}

/** A question on its way. */
export type Question = Moment & Shared;

const isShared = <K extends Knowledge>(asked: K): asked is K & Shared => "images" in asked;

/** Begins a question; a part of one goes on with what its question has. */
export function questionOf<K extends Knowledge>(asked: K): K & Shared {
  if (isShared(asked)) return asked;
  const store = loaderOf(asked.store);
  return { ...asked, store, images: imagesOf({ store, knownAt: asked.knownAt }) };
}

export const isSettled = ({ knownAt, now, settleMs }: Omit<Moment, "at">): boolean =>
  Date.parse(knownAt) <= now.getTime() - settleMs;

/** The last millisecond before a time: what a moment shows there is what stood until then. */
export const justBefore = (time: string): string => new Date(Date.parse(time) - 1).toISOString();
