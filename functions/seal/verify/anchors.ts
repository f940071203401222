/** The anchors of a log: time-stamps of its checkpoints by other parties. */

import { SEAL_OVERLAP_MS } from "../seal-leaf.ts";
import type { LogFiles } from "./files.ts";
import { type Finding, Findings } from "./findings.ts";
import { isSizeName, pathOfCheckpoint } from "./published.ts";

export interface AnchoredCheckpoint {
  readonly size: number;
  /** When the authority had it. */
  readonly time: string;
  readonly authority: string;
  /** Whether a given authority vouches for it; else its signature alone was checked. */
  readonly isTrusted: boolean;
}

interface Question {
  readonly files: LogFiles;
  /** As PEM. */
  readonly authorities?: string;
}

/**
 * Checks each anchor of a log.
 * @param sealedAt the time of the seal that a checkpoint of this log ends with; undefined if there is no such checkpoint
 */
export async function anchors(
  { files, authorities }: Question,
  sealedAt: (size: number) => string | undefined,
): Promise<{ readonly anchored: AnchoredCheckpoint[]; readonly findings: readonly Finding[] }> {
  const sizes = ((await files.names?.("anchors")) ?? [])
    .map((name) => (name.endsWith(".tsr") ? name.slice(0, -4) : ""))
    .filter(isSizeName)
    .map(Number)
    .toSorted((a, b) => a - b);
  const anchored: AnchoredCheckpoint[] = [];
  const findings = new Findings();
  if (sizes.length === 0) return { anchored, findings: [] };
  // What reads certificates is loaded only if there is something to read.
  const { certificatesIn, readTimeStamp } = await import("./time-stamp.ts");
  const trusted = authorities === undefined ? [] : certificatesIn(authorities);
  for (const size of sizes) {
    const path = `anchors/${size}.tsr`;
    const wrong = (message: string): void => findings.add({ kind: "anchor", path, message });
    const [response, data] = await Promise.all([files.read(path), files.read(pathOfCheckpoint(size))]);
    const sealed = sealedAt(size);
    if (response === undefined || data === undefined || sealed === undefined) {
      wrong("there is no checkpoint of this size that is right");
      continue;
    }
    const stamp = readTimeStamp(response, data, trusted);
    if (typeof stamp === "string") wrong(stamp);
    else if (stamp.time.getTime() < Date.parse(sealed) - SEAL_OVERLAP_MS)
      wrong(`the authority had the checkpoint at ${stamp.time.toISOString()}, before its seal of ${sealed}`);
    else anchored.push({ ...stamp, size, time: stamp.time.toISOString() });
  }
  return { anchored, findings: findings.listed() };
}
