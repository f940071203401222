/** The head of a log, which its next seal continues. Only a writer that has read it replaces it: one chain. */
import * as z from "zod";
import { canonical } from "../../schemas/canonical.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { LogFault, type LogStore } from "./log-store.ts";
import { emptyRoot } from "./merkle.ts";

/** The path of the head. */
export const HEAD = "head";

const Time = z.iso.datetime({ precision: 3 });

const Head = z.strictObject({
  size: z.int().min(1),
  /** In hex. */
  root: z.string().regex(/^[0-9a-f]{64}$/),
  /** The path of the bundle of the newest seal's entries. */
  staging: z.string(),
  /** Number and time of the newest seal. */
  n: z.int().min(1),
  sealedAt: Time,
  /** Every fact that was seen with a `recordedAt` until this one is sealed. Absent: no fact is sealed yet. */
  newest: Time.exactOptional(),
  /** A fact of the newest seal that has any. */
  last: z.strictObject({ source: z.string(), id: z.string() }).exactOptional(),
});

export type Head = z.infer<typeof Head>;

/** Where the entries of the seal that led to a tree are staged. */
export const stagingPath = (tree: Checkpoint): string => `staging/${tree.size}-${tree.root.toString("hex")}`;

/** The head with its etag. `staging` is absent, and `n` is 0, where nothing is sealed yet. */
export type ReadHead = { readonly head: Head; readonly etag: string } | { readonly head: undefined };

export async function readHead(log: LogStore): Promise<ReadHead> {
  const stored = await log.get(HEAD);
  if (stored === undefined) return { head: undefined };
  try {
    return { head: Head.parse(JSON.parse(stored.bytes.toString())), etag: stored.etag };
  } catch (error) {
    const why = error instanceof SyntaxError ? "is not JSON" : "lacks fields of a head";
    throw new LogFault(
      "altered",
      `${HEAD}: ${why}; nothing is sealed until it is put back from a copy of the log`,
    );
  }
}

/** Size and root of the tree that a head stands for. */
export const treeOf = (head: Head | undefined): { readonly size: number; readonly root: Buffer } =>
  head === undefined
    ? { size: 0, root: emptyRoot() }
    : { size: head.size, root: Buffer.from(head.root, "hex") };

/** Replaces the head that was read. Returns false where somebody else did, or where that is not known. */
export async function replaceHead(log: LogStore, read: ReadHead, next: Head): Promise<boolean> {
  const bytes = Buffer.from(canonical(next));
  const outcome =
    read.head === undefined
      ? await log.putIfAbsent(HEAD, bytes)
      : await log.putIfMatch(HEAD, bytes, read.etag);
  return outcome === "written";
}
