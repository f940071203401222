/** A question on its way: what its parts share. */
import type { AsOf } from "../ledger/as-of.ts";
import type { KnownAt } from "../ledger/fact-reader.ts";
import { type Loader, loaderOf } from "../ledger/loader.ts";
import { type Images, imagesOf } from "./images/image-graph.ts";

/** What one question shares among its parts, which may ask about other moments: what it read, and its images. */
interface Shared {
  readonly store: Loader;
  readonly images: Images;
}

/** A question on its way. */
export type Question = AsOf & Shared;

const isShared = <K extends KnownAt>(asked: K): asked is K & Shared => "images" in asked;

/** Begins a question; a part of one goes on with what its question has. */
export function questionOf<K extends KnownAt>(asked: K): K & Shared {
  if (isShared(asked)) return asked;
  const store = loaderOf(asked.store);
  return { ...asked, store, images: imagesOf({ store, knownAt: asked.knownAt }) };
}
