/** One question to the ledger, with the time and the zone that it was asked with. */
import type { LedgerClient } from "../../functions/adapters/api-client.ts";
import type { Snapshot } from "../../schemas/answer.ts";
import { allPages } from "../../schemas/words/answer-pages.ts";
import { callLedger } from "../ledger/client.ts";
import type { Ask } from "./options.ts";

export const call = <T>({ ledger }: Ask, question: (client: LedgerClient) => Promise<T>): Promise<T> =>
  callLedger(ledger, question);

/** The time of a question, with the zone that its words are in. */
export const momentOf = ({ tz }: Ask, at: string | undefined): { at?: string; tz?: string } =>
  at === undefined ? {} : { at, tz };

export const frameOf = ({ times, width, room, now }: Ask, at: string | undefined) => ({
  times,
  width,
  room,
  now,
  isPast: at !== undefined,
});

/** A whole snapshot, page by page. */
export async function snapshotOf(
  ask: Ask,
  extent: { environment: string } | { group: string },
  at: string | undefined,
): Promise<Snapshot> {
  const pages = await allPages((more) =>
    call(ask, (client) => client.snapshot({ ...extent, ...momentOf(ask, at), ...more, limit: 100 })),
  );
  return { ...(pages.at(-1) ?? pages[0]), releases: pages.flatMap(({ releases }) => releases) };
}
