/** The key of a quarantined event: from its content, so that a redelivery has the same. */
import { sha256 } from "../ledger/canonical.ts";
import type { QuarantineItem } from "../ledger/ingest/quarantine.ts";

export const quarantineKey = ({ door, why, event }: Pick<QuarantineItem, "door" | "why" | "event">): string =>
  `${why}-${sha256(JSON.stringify([door, why, event])).slice(0, 32)}`;

/** How many of the newest a summary shows. */
export const NEWEST = 20;
