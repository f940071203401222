/** What a check of the file found: whoever asks for it is told, and nothing is answered as if it were whole. */
import { StoreError } from "../../ledger/store.ts";

/** One finding of a check. */
export interface Finding {
  /** The fact, or the part of the file. */
  readonly what: string;
  /** What is wrong with it. */
  readonly why: string;
  /** The partitions and directories that would be answered with too little; absent: anything may be. */
  readonly parts?: readonly string[];
}

export interface Damage {
  readonly add: (finding: Finding) => void;
  readonly findings: () => readonly Finding[];
  /** Throws a StoreError where a part is damaged; without a part, where anything may be. */
  readonly check: (part?: string) => void;
}

/** At most so many findings are kept: a file with more is read no further. */
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
