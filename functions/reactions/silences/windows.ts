/** Planned maintenance: freezes with `silenceAlerts`, and which silences of them have to be created or ended. */
import { fold } from "../../../schemas/scalars.ts";
import type { Asof } from "../ledger-client.ts";

/** A service, or (without one) a whole environment. */
export interface Place {
  readonly environment: string;
  readonly service?: string | undefined;
}

/** A window that is in force or planned. */
export interface Window {
  /** Of the freeze's fact, as one word. */
  readonly id: string;
  readonly since: string;
  readonly until: string;
  readonly by: string;
  readonly reason: string;
}

/** The windows of exactly this place. */
export async function windowsIn({ ask }: Asof, { environment, service }: Place): Promise<Window[]> {
  const found: Window[] = [];
  for (let cursor: string | undefined, isMore = true; isMore; ) {
    const page = await ask.freezes({ environment, ...(cursor === undefined ? {} : { cursor }) });
    for (const { fact, silencesAlerts, since, until, by, reason, ...at } of page.freezes) {
      const isHere = fold(at.service ?? "") === fold(service ?? "");
      if (!isHere || silencesAlerts !== true || until === null) continue;
      found.push({
        id: encodeURIComponent(fact.id),
        since,
        until,
        by: by ?? "somebody",
        reason: reason ?? "maintenance",
      });
    }
    cursor = page.next ?? undefined;
    isMore = cursor !== undefined;
  }
  return found;
}

export const windowComment = ({ id, by, reason }: Window): string =>
  `asof maintenance ${id}: planned by ${by}: ${reason}`;

/** The windows that have no silence yet, and the silences whose window is over or was cancelled. */
export function differenceOf(
  windows: readonly Window[],
  silences: readonly { readonly id: string; readonly window: string }[],
): { readonly begun: readonly Window[]; readonly ended: readonly string[] } {
  return {
    begun: windows.filter(({ id }) => !silences.some(({ window }) => window === id)),
    ended: silences.filter(({ window }) => !windows.some(({ id }) => id === window)).map(({ id }) => id),
  };
}
