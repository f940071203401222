/**
 * Where images ran: the facts that name them, and since and until when the releases show them. The facts give the places
 * and moments to look at; what ran is decided by the rules of the release alone, so that the two answers agree.
 */

import type { Place } from "../../../schemas/answer.ts";
import { fold } from "../../../schemas/scalars.ts";
import { type AsOf, reachOf } from "../../ledger/as-of.ts";
import { byOrder, canonical, newestFirst } from "../../ledger/canonical.ts";
import { distinct, EVER, history, keyOf } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { take } from "../../ledger/names/directories.ts";
import type { Aspect } from "../../ledger/store.ts";
import type { Question, Selector } from "../question.ts";
import { type Shown, shownAt } from "../release/shown-images.ts";
import { digestsIn, type Family } from "./image-graph.ts";
import { mentionsOf, type Ran } from "./mentions.ts";

/** Maximum number of entries in an answer; the newest ones. */
export const PLACES_MAX = 100;
/** Maximum number of services that are looked at, those with the newest mentions, and of moments of all of them. */
const SERVICES_MAX = 50;
const MOMENTS_MAX = 400;

const WHAT = {
  "deployment.started": "started",
  "deployment.succeeded": "deployed",
  "deployment.failed": "failed",
  "deployment.removed": "removed",
  "deployment.observed": "observed",
  "task.observed": "observed",
} as const satisfies Record<Ran["kind"], Place["what"]>;

/** A fact after which a service may show the image. */
interface Lead extends Selector {
  readonly at: string;
  readonly fact: Ran;
}

/** A stretch in which a service showed the image: from the fact of its lead until another image took over. */
interface Stretch extends Lead {
  readonly until: string | null;
}

const placeOf = ({ environment, service }: { environment: string; service?: string | undefined }): string =>
  canonical([fold(environment), service === undefined ? null : fold(service)]);

const entryOf = (
  fact: Ran,
  service: string | undefined,
  { at, until }: { at: string; until?: string | null | undefined },
): Place => ({
  environment: fact.environment,
  service: service ?? null,
  what: WHAT[fact.kind],
  at,
  ...(until === undefined ? {} : { until }),
  ...(fact.deployment === undefined ? {} : { deployment: fact.deployment }),
  fact: { source: fact.source, id: fact.id },
});

const deploymentOf = ({ environment, deployment }: Ran): string =>
  canonical([fold(environment), deployment ?? null]);

/** An observation counts for its own time, and back to when it says that its state began. */
const momentsOf = (fact: Ran): string[] =>
  fact.kind === "deployment.observed" && fact.since !== undefined && fact.since < fact.occurredAt
    ? [fact.since, fact.occurredAt]
    : [fact.occurredAt];

/** A task that names no service may be of any service of its deployment. */
function leadsOf(facts: readonly Ran[]): Lead[] {
  const services = new Map<string, Set<string>>();
  for (const fact of facts) {
    if (fact.service === undefined || fact.deployment === undefined) continue;
    const key = deploymentOf(fact);
    services.set(key, (services.get(key) ?? new Set()).add(fact.service));
  }
  const showing = facts.filter(
    ({ kind }) =>
      kind === "deployment.succeeded" || kind === "deployment.observed" || kind === "task.observed",
  );
  return showing.flatMap((fact) => {
    const named = fact.service === undefined ? [...(services.get(deploymentOf(fact)) ?? [])] : [fact.service];
    return named.flatMap((service) =>
      momentsOf(fact).map((at) => ({ environment: fact.environment, service, at, fact })),
    );
  });
}

/** Looks at one service at up to so many moments; undefined once they are used up. */
function looking(question: Question, moments: number) {
  let left = moments;
  return async (service: Selector, at: string): Promise<Shown | undefined> => {
    left--;
    return left < 0 ? undefined : shownAt({ ...question, at }, service);
  };
}

interface Found {
  readonly stretches: readonly Stretch[];
  /** Whether the moments were used up. */
  readonly isCut: boolean;
}

/**
 * The stretches from a lead on: it goes from moment to moment as long as the image is shown (the next release may be of
 * another component only, or deploy the image again) or while the fact of a lead counts.
 * @param leads all of the service: the next one takes over
 */
async function followed(
  look: ReturnType<typeof looking>,
  lead: Lead,
  leads: readonly Lead[],
  isOne: (shown: Shown) => boolean,
): Promise<Found> {
  const stretches: Stretch[] = [];
  let start: string | undefined;
  let at: string | null = lead.at;
  while (at !== null) {
    const now: string = at;
    const shown: Shown | undefined = await look(lead, now);
    if (shown === undefined) return { stretches, isCut: true };
    const { until } = shown;
    if (isOne(shown)) start ??= now;
    else {
      if (start !== undefined) stretches.push({ ...lead, at: start, until: now });
      start = undefined;
      const isTaken = leads.some((one) => now < one.at && until !== null && one.at <= until);
      // What an observation shows may have begun to run later than it says, where somebody looked in between.
      const mayReturn = leads.some(
        (one) => one.at <= now && (now < one.fact.occurredAt || shown.counts(one.fact)),
      );
      if (isTaken || !mayReturn) break;
    }
    at = until;
  }
  if (start !== undefined) stretches.push({ ...lead, at: start, until: null });
  return { stretches, isCut: false };
}

/** The stretches of one service. @param leads oldest first */
async function stretchesOf(
  look: ReturnType<typeof looking>,
  leads: readonly Lead[],
  isOne: (shown: Shown) => boolean,
): Promise<Found> {
  const stretches: Stretch[] = [];
  for (const lead of leads) {
    const last = stretches.at(-1);
    if (last !== undefined && (last.until === null || lead.at < last.until)) continue;
    const found = await followed(look, lead, leads, isOne);
    stretches.push(...found.stretches);
    if (found.isCut) return { stretches, isCut: true };
  }
  return { stretches, isCut: false };
}

/** Whether a fact names one of these digests itself. */
const namesOneOf = (fact: Ran, digests: ReadonlySet<string>): boolean =>
  fact.kind === "task.observed"
    ? digests.has(fact.digest)
    : (fact.components ?? []).some((one) => digestsIn(one).some((digest) => digests.has(digest)));

/** Leads by service, oldest first; services with the newest leads first. */
function byService(leads: readonly Lead[]): Lead[][] {
  const sorted = [...leads].sort((a, b) =>
    a.at === b.at ? newestFirst(a.fact, b.fact) : a.at < b.at ? 1 : -1,
  );
  const groups = new Map<string, Lead[]>();
  for (const lead of sorted) groups.set(placeOf(lead), [...(groups.get(placeOf(lead)) ?? []), lead]);
  return [...groups.values()].map((group) => group.toReversed());
}

/** The facts that add something to the stretches: all but repeated tasks, and observations of what ran already. */
function beyond(facts: readonly Ran[], stretches: readonly Stretch[]): Ran[] {
  const starts = new Set(stretches.map(({ fact }) => keyOf(fact)));
  const known = new Set(
    [...facts.filter(({ kind }) => kind !== "task.observed"), ...stretches.map(({ fact }) => fact)].map(
      deploymentOf,
    ),
  );
  return [...facts].sort(newestFirst).filter((fact) => {
    if (starts.has(keyOf(fact))) return false;
    if (fact.kind === "deployment.observed") return within(stretches, fact) === undefined;
    if (fact.kind !== "task.observed") return true;
    const isNew = !known.has(deploymentOf(fact));
    known.add(deploymentOf(fact));
    return isNew;
  });
}

/** The stretch in which a fact happened. */
const within = (stretches: readonly Stretch[], fact: Ran): Stretch | undefined =>
  stretches.find(
    (one) =>
      placeOf(one) === placeOf(fact) &&
      one.at <= fact.occurredAt &&
      (one.until === null || fact.occurredAt < one.until),
  );

/** Whether the images of a fact ran from it on: a start or failure inside a stretch is about something else. */
const untilOf = (stretches: readonly Stretch[], fact: Ran): string | null | undefined =>
  fact.kind === "deployment.succeeded" ? within(stretches, fact)?.until : undefined;

interface Listed {
  readonly fact: Ran;
  readonly entry: Place;
}

const byTime = (a: Listed, b: Listed): number =>
  a.entry.at === b.entry.at ? byOrder(a.fact, b.fact) : a.entry.at < b.entry.at ? -1 : 1;

export interface Places {
  readonly ran: Place[];
  /** Whether there are more places than returned. */
  readonly more: boolean;
}

/**
 * Where the images of these families ran, newest first.
 *
 * Cost: what names the images is read first (see `mentionsOf`). Then at most 50 services are looked at, 16 at a time, at up to 400 moments in all: usually one for
 * each time that the image was deployed, and one for each release in which it stayed. `more` says that a bound was reached.
 * @param named further facts that name what the images come from, such as their commit
 */
export async function placesOf(
  question: Question,
  families: readonly Family[],
  named: readonly Ran[] = [],
): Promise<Places> {
  const { facts, isCut } = await mentionsOf(question, families, reachOf(question));
  const members = new Set(families.flatMap((family) => [...family.members]));
  const services = byService(leadsOf(facts));
  const asked = new Set(families.map(({ digest }) => digest));
  const isOne = ({ digests, reported }: Shown): boolean =>
    [...digests].some((digest) => members.has(digest)) || [...reported].some((digest) => asked.has(digest));
  const places = services.slice(0, SERVICES_MAX);
  const moments = Math.floor(MOMENTS_MAX / Math.max(places.length, 1));
  const found = await mapLimit(AT_ONCE, places, (leads) =>
    stretchesOf(looking(question, moments), leads, isOne),
  );
  const stretches = found.flatMap((one) => one.stretches);
  const direct = facts.filter((fact) => namesOneOf(fact, members));
  const mentioned = beyond(distinct([...direct, ...named]), stretches);
  const entries = [
    ...stretches.map((one) => ({ fact: one.fact, entry: entryOf(one.fact, one.service, one) })),
    ...mentioned.map((fact) => ({
      fact,
      entry: entryOf(fact, fact.service, { at: fact.occurredAt, until: untilOf(stretches, fact) }),
    })),
  ].sort((a, b) => byTime(b, a));
  const isMore = found.some((one) => one.isCut) || services.length > SERVICES_MAX;
  return {
    ran: entries.slice(0, PLACES_MAX).map(({ entry }) => entry),
    more: isCut || isMore || entries.length > PLACES_MAX,
  };
}

/** Whether any known fact of this aspect names a digest, whenever it happened. */
export async function isNamed(moment: AsOf, digest: string, aspect: Aspect): Promise<boolean> {
  const { taken } = await take(history(moment, { of: "digest", digest, aspect }, { to: EVER }), 1);
  return taken.length > 0;
}
