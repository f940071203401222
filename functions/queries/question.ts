/** The context of one question, shared by its parts. */
import type { AsOf } from "../ledger/as-of.ts";
import type { KnownAt } from "../ledger/fact-reader.ts";
import { type Loader, loaderOf } from "../ledger/loader.ts";
import { type Images, imagesOf } from "./images/image-graph.ts";

/** The service that a question is about, and where it runs. */
export interface Selector {
  readonly environment: string;
  readonly service: string;
}

/** The reads and images that the parts of a question share. Parts may be about other moments. */
interface Shared {
  readonly store: Loader;
  readonly images: Images;
}

/** A question with its shared context. */
export type Question = AsOf & Shared;

const isShared = <K extends KnownAt>(asked: K): asked is K & Shared => "images" in asked;

/** Makes the shared context of a question, or returns the one that it already has. */
export function questionOf<K extends KnownAt>(asked: K): K & Shared {
  if (isShared(asked)) return asked;
  const store = loaderOf(asked.store);
  return { ...asked, store, images: imagesOf({ store, knownAt: asked.knownAt }) };
}
