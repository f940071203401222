/** The log's store in memory: the port's promises and no more. */
import { sha256 } from "../../functions/ledger/canonical.ts";
import type { ListedLog, Stored } from "../../functions/seal/log-store.ts";

export interface MemoryLog extends ListedLog {
  readonly files: Map<string, Buffer>;
}

export function memoryLog(files = new Map<string, Buffer>()): MemoryLog {
  const read = (path: string): Stored | undefined => {
    const bytes = files.get(path);
    return bytes === undefined ? undefined : { bytes, etag: sha256(bytes) };
  };
  return {
    files,
    get: async (path) => read(path),
    names: async (folder) =>
      [...files.keys()]
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1))
        .filter((name) => !name.includes("/")),
    putIfAbsent: async (path, bytes) => {
      if (files.has(path)) return "present";
      files.set(path, Buffer.from(bytes));
      return "written";
    },
    putIfMatch: async (path, bytes, etag) => {
      if (read(path)?.etag !== etag) return "changed";
      files.set(path, Buffer.from(bytes));
      return "written";
    },
  };
}
