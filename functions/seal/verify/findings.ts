/** The findings of a verification. */

/** The kinds of failure, gravest first, each with the exit code of `asof verify`. */
export const KINDS = {
  /** The checkpoint is not signed by the key for its log. */
  signature: 10,
  /** The log does not continue what was seen or published before. */
  history: 11,
  /** Entries do not lead to the signed root: altered, deleted, inserted or moved. */
  altered: 12,
  /** A file that the log needs is not there. */
  missing: 13,
  /** A tile, or an earlier copy of one, differs from the entries. */
  tile: 14,
  /** An entry is no fact in canonical form, or tells one fact twice. */
  entry: 15,
  /** The seals do not chain, or their time does not rise. */
  seal: 16,
  /** A fact was recorded outside of its seal's interval. */
  time: 17,
  /** No seal for longer than allowed. */
  gap: 18,
  /** A time-stamp is not of its checkpoint, or not of the authority. */
  anchor: 19,
  /** A file that does not belong to a log. */
  extra: 20,
  /** The proof of one fact proves nothing. */
  proof: 21,
  /** A file beside the log, in a package, is not what was packed, or holds a fact that is not in the log. */
  copy: 22,
} as const;

export type Kind = keyof typeof KINDS;

export interface FactName {
  readonly source: string;
  readonly id: string;
}

export interface Finding {
  readonly kind: Kind;
  /** What was wrong, in one line. */
  readonly message: string;
  readonly path?: string;
  /** The leaf. */
  readonly index?: number;
  readonly fact?: FactName;
}

/** Findings of one kind that are kept; further ones are counted. */
export const LISTED = 100;

/** Collects findings in bounded memory. */
export class Findings {
  readonly #listed: Finding[] = [];
  readonly #counts = new Map<Kind, number>();

  add(...findings: readonly Finding[]): void {
    for (const finding of findings) {
      const count = this.count(finding.kind) + 1;
      this.#counts.set(finding.kind, count);
      if (count <= LISTED) this.#listed.push(finding);
    }
  }

  count(kind: Kind): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** Gravest first, by leaf; those of no leaf after them. */
  listed(): Finding[] {
    const place = ({ index }: Finding): number => index ?? Number.MAX_SAFE_INTEGER;
    return this.#listed.toSorted((a, b) => KINDS[a.kind] - KINDS[b.kind] || place(a) - place(b));
  }

  counts(): Partial<Record<Kind, number>> {
    return Object.fromEntries(this.#counts);
  }
}

/** 0, or the code of the gravest kind. */
export const exitOf = (findings: readonly Finding[]): number =>
  findings.length === 0 ? 0 : Math.min(...findings.map(({ kind }) => KINDS[kind]));
