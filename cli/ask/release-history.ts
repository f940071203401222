/** Finds releases by their position in the history: the one at a moment, and those before it. */
import type { Release } from "../../schemas/answers/release.ts";
import { CliError } from "../error.ts";
import { EXIT } from "../io.ts";
import { callLedger } from "../ledger/client.ts";
import type { Ledger } from "../ledger/ledger.ts";

export interface Selected {
  readonly environment: string;
  readonly service: string;
}

export const releaseAt = (
  ledger: Ledger,
  place: Selected,
  at: string | undefined,
  tz?: string,
): Promise<Release> =>
  callLedger(ledger, (client) =>
    client.release({ ...place, ...(at === undefined ? {} : { at, ...(tz === undefined ? {} : { tz }) }) }),
  );

/** Which facts of a release are in the ledger's sealed log; undefined where it has none. */
export async function sealedOf(
  ledger: Ledger,
  { environment, service, at }: Release,
): Promise<Release["sealed"]> {
  const asked = { environment, service, at, sealed: "true" } as const;
  return (await callLedger(ledger, (client) => client.release(asked))).sealed;
}

const justBefore = (time: string): string => new Date(Date.parse(time) - 1).toISOString();

/** The release before another; undefined where nothing is known before it. */
export async function releaseBefore(ledger: Ledger, release: Release): Promise<Release | undefined> {
  if (release.since === null) return undefined;
  const { environment, service } = release;
  const before = await releaseAt(ledger, { environment, service }, justBefore(release.since));
  return before.status === "unknown" ? undefined : before;
}

/** The release so many steps back. Throws a CliError where the history does not go so far. */
export async function releaseBack(ledger: Ledger, first: Release, back: number): Promise<Release> {
  let release = first;
  for (let n = 0; n < back; n++) {
    const before = await releaseBefore(ledger, release);
    if (before === undefined)
      throw new CliError(
        `${first.environment}/${first.service}~${back}: only ${n} earlier releases are known`,
        { exit: EXIT.unknown },
      );
    release = before;
  }
  return release;
}
