/** Files that other processes read, and that a crash must not leave half written. */
import { renameSync, writeFileSync } from "node:fs";

/** Writes a file for this user alone, under another name first: who reads it finds the old content or the new one. */
export function writeWhole(file: string, content: Uint8Array | string): void {
  writeFileSync(`${file}.partial`, content, { mode: 0o600 });
  renameSync(`${file}.partial`, file);
}
