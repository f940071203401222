/** The names that a ledger knows, as far as words of a question need them. */
import { callLedger, Refused } from "../client.ts";
import type { Ledger } from "../ledger.ts";
import { groupsIn, type KnownNames, type KnownService } from "./words.ts";

/** More services than any ledger answers for at once; the rest needs exact options. */
const PAGES_MAX = 50;

export async function knownServices(ledger: Ledger): Promise<Services> {
  const services: Service[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await callLedger(ledger, (client) =>
      client.services({ limit: 100, ...(cursor === undefined ? {} : { cursor }) }),
    );
    services.push(
      ...answer.services.map(({ service, environments, repository }) => ({
        service,
        environments,
        repository,
      })),
    );
    if (answer.next === null) break;
    cursor = answer.next;
  }
  return services;
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

/** The names of a ledger, and which of the words are groups. */
export async function namesFor(
  ledger: Ledger,
  words: readonly string[],
): Promise<KnownNames & { services: Services }> {
  const candidates = groupsIn(words);
  const [services, ...are] = await Promise.all([
    knownServices(ledger),
    ...candidates.map((group) => isGroup(ledger, group)),
  ]);
  return { services, groups: candidates.filter((_, n) => are[n]) };
}
