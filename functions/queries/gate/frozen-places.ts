/** The freezes in force everywhere, and the redeployments that were requested. */
import type { Freezes } from "../../../schemas/redeployment.ts";
import { fold } from "../../../schemas/scalars.ts";
import { type AsOf, isSettled, reachOf } from "../../ledger/as-of.ts";
import { nextCursor, type Paging, placeOf, sizeOf } from "../../ledger/cursor.ts";
import type { KnownAt } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { knownNames, take } from "../../ledger/names/directories.ts";
import { type PlaceNamed, placeNamed } from "../../ledger/names/directory-names.ts";
import { questionOf } from "../question.ts";
import { type Freeze, phaseOf, type Standing, standingIn } from "./freezes.ts";

type Entry = Freezes["freezes"][number];

const identityOf = ({ source, id }: Freeze) => ({ source, id });

function entryOf(freeze: Freeze, { exceptions }: Standing, status: Entry["status"]): Entry {
  const { environment, occurredAt, actor, reason } = freeze;
  const isFrozen = freeze.kind === "environment.frozen";
  return {
    environment,
    service: freeze.service ?? null,
    status,
    since: (isFrozen ? freeze.from : undefined) ?? occurredAt,
    until: (isFrozen ? freeze.until : undefined) ?? null,
    by: actor ?? null,
    reason: reason ?? null,
    allowsRollbacks: isFrozen && freeze.allowRollbacks === true,
    ...(isFrozen && freeze.silenceAlerts === true ? { silencesAlerts: true } : {}),
    redeployment: isFrozen ? null : freeze.id,
    exceptions: exceptions.flatMap((exception) =>
      exception.digest === undefined || exception.occurredAt < occurredAt
        ? []
        : [
            {
              digest: exception.digest,
              at: exception.occurredAt,
              by: exception.actor ?? null,
              reason: exception.reason ?? null,
            },
          ],
    ),
    fact: identityOf(freeze),
  };
}

/** The places that were ever frozen, from the page's start; only those of an environment, if one is named. */
export async function* frozenPlaces(
  known: KnownAt,
  environment: string | undefined,
  after: string | undefined,
): AsyncGenerator<{ readonly name: string; readonly place: PlaceNamed }> {
  for await (const { name, shown } of knownNames(known, { of: "frozen" }, { after })) {
    const place = placeNamed(fold(shown));
    if (environment === undefined || place.environment === fold(environment)) yield { name, place };
  }
}

const QUESTION = "the freezes";

/**
 * Answers with the freezes in force or scheduled. The page limit counts places that were ever frozen, so a page may be
 * short or empty and still have a next one.
 */
export async function freezes(
  moment: AsOf,
  { environment }: { readonly environment?: string | undefined },
  paging: Paging = {},
): Promise<Freezes> {
  const question = questionOf(moment);
  const [after] = placeOf(QUESTION, paging);
  const { taken, more } = await take(frozenPlaces(question, environment, after), sizeOf(paging, 50, 100));
  const found = await mapLimit(AT_ONCE, taken, async ({ place }) => {
    const standing = await standingIn(question, place, reachOf(moment));
    return standing.freezes.flatMap((freeze): Entry[] => {
      const status = phaseOf(freeze, moment.at);
      return status === undefined ? [] : [entryOf(freeze, standing, status)];
    });
  });
  return {
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    freezes: found.flat(),
    next: nextCursor(QUESTION, more, taken.at(-1)?.name),
  };
}
