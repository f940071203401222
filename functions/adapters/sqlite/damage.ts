/** The findings of a check of the file. A question that would read a damaged part fails instead of answering with less. */
import { StoreError } from "../../ledger/store.ts";

/** One finding of a check. */
export interface Finding {
  /** The damaged fact, or part of the file. */
  readonly what: string;
  /** The fault. */
  readonly why: string;
  /** The partitions and directories that are incomplete; absent: any may be. */
  readonly parts?: readonly string[];
}

export interface Damage {
  readonly add: (finding: Finding) => void;
  readonly findings: () => readonly Finding[];
  /** Throws a StoreError if the part is damaged; without an argument, if any part may be. */
  readonly check: (part?: string) => void;
}

/** Maximum number of findings. A file with more counts as damaged everywhere. */
const MOST = 1000;

const messageOf = ({ what, why }: Finding): string =>
  `The ledger's file is damaged: ${what}: ${why}. Run \`asof check\` to see everything, and restore a backup with \`asof restore\`.`;

export function noDamage(): Damage {
  const findings: Finding[] = [];
  const parts = new Map<string, Finding>();
  let whole: Finding | undefined;
  return {
    add: (finding) => {
      if (finding.parts === undefined || findings.length >= MOST) whole ??= finding;
      if (findings.length < MOST) findings.push(finding);
      for (const part of finding.parts ?? []) if (!parts.has(part)) parts.set(part, finding);
    },
    findings: () => findings,
    check: (part) => {
      const found = whole ?? (part === undefined ? undefined : parts.get(part));
      if (found !== undefined) throw new StoreError("damaged", messageOf(found));
    },
  };
}
