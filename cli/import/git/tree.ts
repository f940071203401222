/** The files of a branch at one commit, with the contents of those that may be manifests. */

import { documentsIn } from "./content.ts";
import type { Blobs, Changed } from "./log.ts";

const READABLE = /\.(ya?ml|json)$|(^|\/)Kustomization$/;
export const isReadable = (path: string): boolean => READABLE.test(path);

/** No manifest is longer; the rest are dumps and dashboards. */
const CHARACTERS_MAX = 1_000_000;

export interface Tree {
  readonly has: (path: string) => boolean;
  /** The file's content; undefined where there is none, or it is no text of a manifest. */
  readonly text: (path: string) => string | undefined;
  /** Its YAML documents; undefined where there is no file, or it is not YAML. */
  readonly documents: (path: string) => readonly object[] | undefined;
  readonly paths: () => Iterable<string>;
  readonly blob: (path: string) => string | undefined;
}

interface Held {
  readonly text: string;
  /** Parsed at the first use. */
  documents?: readonly object[] | undefined;
  isParsed: boolean;
}

/** A tree that takes the changes of one commit after the other. */
export function growingTree(blobs: Blobs) {
  const files = new Map<string, string>();
  const held = new Map<string, Held>();
  const tree: Tree = {
    has: (path) => files.has(path),
    text: (path) => held.get(files.get(path) ?? "")?.text,
    documents(path) {
      const file = held.get(files.get(path) ?? "");
      if (file === undefined) return undefined;
      if (!file.isParsed) {
        file.documents = file.text.length > CHARACTERS_MAX ? undefined : documentsIn(file.text);
        file.isParsed = true;
      }
      return file.documents;
    },
    paths: () => files.keys(),
    blob: (path) => files.get(path),
  };
  return {
    tree,
    /** Loads what some commits bring, in one go. */
    async load(changes: readonly Changed[]): Promise<void> {
      const wanted = new Set<string>();
      for (const { path, blob } of changes)
        if (blob !== undefined && isReadable(path) && !held.has(blob)) wanted.add(blob);
      for (const [blob, text] of await blobs.read([...wanted])) held.set(blob, { text, isParsed: false });
    },
    apply(changes: readonly Changed[]): void {
      for (const { path, blob } of changes) {
        if (blob === undefined) files.delete(path);
        else files.set(path, blob);
      }
    },
    /** Forgets the contents that no file has any more. */
    forget(): void {
      const live = new Set(files.values());
      for (const blob of held.keys()) if (!live.has(blob)) held.delete(blob);
    },
  };
}
