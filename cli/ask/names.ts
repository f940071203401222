/** Loads the names that a ledger knows, as far as a question's words need them. */

import { allPages } from "../../schemas/words/answer-pages.ts";
import { callLedger, Refused } from "../ledger/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { groupsIn, type KnownService } from "./words.ts";

/** More services than any ledger answers for at once; the rest needs exact options. */
const PAGES_MAX = 50;

export async function knownServices(ledger: Ledger): Promise<Services> {
  const pages = await allPages(
    (more) => callLedger(ledger, (client) => client.services({ limit: 100, ...more })),
    PAGES_MAX,
  );
  return pages.flatMap(({ services }) =>
    services.map(({ service, environments, repository }) => ({ service, environments, repository })),
  );
}
type Service = KnownService & { readonly repository: string | null };
export type Services = readonly Service[];

/** Whether the ledger has a group of this name. */
async function isGroup(ledger: Ledger, group: string): Promise<boolean> {
  try {
    await callLedger(ledger, (client) => client.snapshot({ group, limit: 1 }));
    return true;
  } catch (error) {
    // 422: no name could be written like this.
    if (error instanceof Refused && (error.status === 404 || error.status === 422)) return false;
    throw error;
  }
}

/** Which of the words are groups. */
export async function groupsAmong(ledger: Ledger, words: readonly string[]): Promise<string[]> {
  const candidates = groupsIn(words);
  const are = await Promise.all(candidates.map((group) => isGroup(ledger, group)));
  return candidates.filter((_, n) => are[n]);
}
