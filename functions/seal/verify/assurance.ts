/** States what a verification leaves open: what it did not check, and who could still cheat. */
import type { Verification } from "./log.ts";

export interface Setup {
  /** The size of the saved checkpoint that the log was compared with. */
  readonly since?: number;
  readonly hasAuthorities: boolean;
  /** Whether the files could be listed, as in a folder. */
  readonly isListed: boolean;
}

export interface Assurance {
  readonly notChecked: readonly string[];
  readonly couldCheat: readonly string[];
}

/** The newest checkpoint that a trusted authority had, by its time. */
const newestAnchor = ({ anchored }: Verification) =>
  anchored
    .filter(({ isTrusted }) => isTrusted)
    .toSorted((a, b) => a.size - b.size)
    .at(-1);

export function assuranceOf(verification: Verification, setup: Setup): Assurance {
  return { notChecked: notChecked(verification, setup), couldCheat: couldCheat(verification, setup) };
}

function notChecked(verification: Verification, { since, hasAuthorities, isListed }: Setup): string[] {
  const { anchored } = verification;
  const unsure = anchored.filter(({ isTrusted }) => !isTrusted).length;
  return [
    ...((since ?? 0) > 0
      ? []
      : [
          "whether this log continues an earlier one: there is no trusted starting point (give --since a checkpoint that you saved)",
        ]),
    ...(isListed
      ? [
          "the files head, staging/, positions/, .lock and .partial-… of the sealer: they prove nothing, and are ignored",
        ]
      : [
          "earlier checkpoints, earlier copies of tiles, anchors and files that do not belong there: a folder can be listed, an address cannot",
        ]),
    ...(isListed && anchored.length === 0
      ? ["the time, by anybody else than the sealer: the log has no anchor"]
      : []),
    ...(unsure > 0 && !hasAuthorities
      ? [`who made the ${unsure} time-stamps in anchors/: give --tsa-ca the authority's certificate`]
      : []),
    "whether everything that happened was reported and recorded: a log shows that nothing in it was altered, never that it is complete",
    "whether what was reported is true, occurredAt included: it is its source's word",
    "whose key this is: you brought it",
  ];
}

function couldCheat(verification: Verification, { since = 0 }: Setup): string[] {
  const anchor = newestAnchor(verification);
  const rewriting =
    "whoever holds the log's key could have written another history, dated it as they liked, and signed it";
  const afterwards = [
    ...(since > 0 ? [`leaf ${since}, where your saved checkpoint ends`] : []),
    ...(anchor === undefined ? [] : [`leaf ${anchor.size}, which ${anchor.authority} had at ${anchor.time}`]),
  ];
  return [
    afterwards.length === 0
      ? `${rewriting}: all of it, for there is neither a saved checkpoint nor a verified anchor`
      : `${rewriting}: only what comes after ${afterwards.join(", and after ")}`,
    "whoever runs the ledger could have kept a statement from being recorded, or a fact from being sealed",
    "whoever holds the log's key could show somebody else another log: compare checkpoints with them",
  ];
}
