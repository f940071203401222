/** The history: what ran in every service of an environment or group during a span, as columns. */

import type { History, Release, Warning } from "../../schemas/answer.ts";
import { type AsOf, isSettled, reachOf } from "../ledger/as-of.ts";
import { nextCursor, type Paging, placeOf, sizeOf } from "../ledger/cursor.ts";
import { EVER, history as factsIn } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { take } from "../ledger/names/directories.ts";
import { spanLoader } from "../ledger/span-loader.ts";
import type { Partition } from "../ledger/store.ts";
import { disputesIn, disputeWarnings } from "./disputes.ts";
import { imagesOf } from "./images/image-graph.ts";
import type { Question, Selector } from "./question.ts";
import { attemptOf } from "./release/attempt.ts";
import { describeComponent } from "./release/component.ts";
import {
  type EffectiveDeployments,
  effectiveDeploymentsAt,
  wholeServicePartitions,
} from "./release/deployment-reader.ts";
import { reconcile } from "./release/effective-observation.ts";
import { claimOf, headOf, statusOf } from "./release/head.ts";
import { rolloutEnd } from "./release/rollout.ts";
import { bySlot } from "./release/slots.ts";
import { sinceOf, untilOf } from "./release/validity.ts";
import { describedAt, ownImagesOf } from "./service-description.ts";
import { type Extent, isKnown, type Place, placesOf } from "./snapshot.ts";
import { isRollback } from "./timeline/entries.ts";

const QUESTION = "a history";

/** Services per page, so that a page of services that hardly change is bounded, too. */
const PLACES = 1000;

type Known = Omit<Question, "at">;

/** Inclusive times. */
interface Span {
  readonly from: string;
  readonly to: string;
}

/** What runs from a moment on: the fields of its release that a history shows. */
interface Row extends Pick<Release, "status" | "since" | "until" | "rollback" | "owner"> {
  readonly at: string;
  readonly by: string | null;
  readonly components: History["releases"][number]["components"];
  readonly drift: boolean;
  readonly attempt: "started" | "failed" | null;
  /** Of disputed facts that it rests on. */
  readonly disputed: readonly Warning[];
}

async function contextAt(known: Known, selector: Selector, at: string) {
  const question = { ...known, at: reachOf({ ...known, at }) };
  const [running, description] = await Promise.all([
    effectiveDeploymentsAt(question, selector, question.at),
    describedAt(question, selector, question.at),
  ]);
  return { running, description, context: { ...question, selector, ownImages: ownImagesOf(description) } };
}

type Moment = Awaited<ReturnType<typeof contextAt>>;

async function attemptAt({ context, running }: Moment): Promise<Row["attempt"]> {
  const { attempt } = await attemptOf(context, running);
  return attempt?.status ?? null;
}

/** What a release shows at a moment; by the same rules as the release, without its migrations, evidence and warnings. */
async function rowAt(moment: Moment, at: string): Promise<Row> {
  const { context, running, description } = moment;
  const reconciled = await reconcile(context, running);
  const head = headOf(reconciled);
  const [components, since, until, attempt] = await Promise.all([
    Promise.all(reconciled.shown.map((one) => describeComponent(context, one, claimOf(reconciled, one)))),
    sinceOf(context, reconciled, head),
    untilOf(context, reconciled),
    attemptAt(moment),
  ]);
  return {
    at,
    status: statusOf(reconciled, head),
    since,
    until,
    by: head?.actor ?? null,
    owner: description?.owner ?? null,
    rollback: isRollback(head),
    drift: reconciled.drift !== null,
    attempt,
    disputed: disputeWarnings([
      head,
      description,
      reconciled.observation,
      ...reconciled.contributing,
      ...components.flatMap(({ facts }) => facts),
    ]),
    components: components
      .map(({ component }) => component)
      .sort(bySlot)
      .map(({ component, variant, digest, resolvedBy, repository, tags, commit }) => ({
        component,
        ...(variant === undefined ? {} : { variant }),
        digest,
        resolvedBy,
        repository,
        tags,
        commit: commit?.sha ?? null,
      })),
  };
}

/** The times of facts in a span, ascending. */
async function timesOf(known: Known, partitions: readonly Partition[], span: Span): Promise<string[]> {
  const times = new Set<string>();
  await mapLimit(AT_ONCE, partitions, async (partition) => {
    for await (const { occurredAt } of factsIn(known, partition, { after: span.from, to: span.to }))
      times.add(occurredAt);
  });
  return [...times].sort();
}

/** The first of ascending times after a moment; the moments ascend from call to call. */
function following(times: readonly string[]): (moment: string) => string | undefined {
  let n = 0;
  return (moment) => {
    while ((times[n] ?? moment) <= moment && n < times.length) n++;
    return times[n];
  };
}

/** Whether what tasks show may change what is known of the images: no deployment named their digests. */
const isByTasks = ({ components, status }: Row): boolean =>
  status !== "removed" &&
  (components.length === 0 || components.some(({ resolvedBy }) => resolvedBy !== "digest"));

/** Whether a task may show what a deployment brought. */
const isInRollout = ({ claimed }: EffectiveDeployments, task = EVER): boolean =>
  [...claimed.values()].some(({ claim }) => task <= rolloutEnd(claim));

/** Whether an observation may do so: an image is unresolved. */
const isOpen = ({ components, status }: Row): boolean =>
  status !== "removed" && (components.length === 0 || components.some(({ digest }) => digest === null));

/** When a row may end: `release`: another release, or other images of it; `attempt`: what is attempted may change. */
type Next = (
  row: Row,
  running: EffectiveDeployments,
) => { readonly release: string | undefined; readonly attempt: string | undefined };

async function nextOf(known: Known, selector: Selector, { running }: Moment, span: Span): Promise<Next> {
  const claims = [...wholeServicePartitions(selector), ...running.parts];
  const [attempts, tasks, looks] = await Promise.all([
    timesOf(known, [{ of: "attempt", ...selector }, ...claims], span),
    timesOf(known, [{ of: "tasks", ...selector }], span),
    timesOf(known, [{ of: "observed", ...selector }], span),
  ]);
  const [attemptAfter, taskAfter, lookAfter] = [following(attempts), following(tasks), following(looks)];
  return (row, now) => {
    const task = taskAfter(row.at);
    const shown = [
      row.until ?? undefined,
      isByTasks(row) || isInRollout(now, task) ? task : undefined,
      isOpen(row) ? lookAfter(row.at) : undefined,
    ].filter((time) => time !== undefined);
    return { release: shown.sort()[0], attempt: attemptAfter(row.at) };
  };
}

/**
 * Every row of a service: one at the start, and one wherever the next release begins, an attempt begins or ends, or an
 * image that was unresolved becomes known.
 */
async function* rowsOf(known: Known, { environment, service }: Place, span: Span): AsyncGenerator<Row> {
  const selector = { environment: environment.name, service: service.name };
  const end = reachOf({ ...known, at: span.to });
  let moment = await contextAt(known, selector, span.from);
  const next = await nextOf(known, selector, moment, { from: span.from, to: end });
  let row = await rowAt(moment, span.from);
  yield row;
  for (;;) {
    const { release = EVER, attempt = EVER } = next(row, moment.running);
    const at = release < attempt ? release : attempt;
    if (at > end) return;
    moment = await contextAt(known, selector, at);
    const other =
      at === release || isByTasks(row)
        ? await rowAt(moment, at)
        : { ...row, at, attempt: await attemptAt(moment) };
    if (JSON.stringify({ ...other, at: row.at }) !== JSON.stringify(row)) yield other;
    row = other;
  }
}

/** Gives each distinct value an index. */
function dictionary<T>(): { readonly values: T[]; indexOf(value: T): number } {
  const known = new Map<string, number>();
  const values: T[] = [];
  return {
    values,
    indexOf(value) {
      const key = JSON.stringify(value);
      const found = known.get(key) ?? values.push(value) - 1;
      known.set(key, found);
      return found;
    },
  };
}

interface PlaceRows {
  readonly place: Place;
  readonly rows: readonly Row[];
}

const msOf = (time: string | null): number | null => (time === null ? null : Date.parse(time));

function columnsOf(all: readonly PlaceRows[]): Pick<History, "places" | "releases" | "people" | "rows"> {
  const releases = dictionary<History["releases"][number]>();
  const people = dictionary<string>();
  const rows = all.flatMap(({ rows: own }, place) => own.map((row) => ({ ...row, place })));
  return {
    places: all.map(({ place }) => ({ environment: place.environment.shown, service: place.service.shown })),
    rows: {
      place: rows.map(({ place }) => place),
      at: rows.map(({ at }) => Date.parse(at)),
      status: rows.map(({ status }) => status),
      since: rows.map(({ since }) => msOf(since)),
      until: rows.map(({ until }) => msOf(until)),
      release: rows.map(({ components, owner }) => releases.indexOf({ components, owner })),
      by: rows.map(({ by }) => (by === null ? null : people.indexOf(by))),
      rollback: rows.map(({ rollback }) => rollback),
      drift: rows.map(({ drift }) => drift),
      attempt: rows.map(({ attempt }) => attempt),
    },
    releases: releases.values,
    people: people.values,
  };
}

interface Collected {
  readonly all: readonly PlaceRows[];
  /** Where the next page goes on within the last service. */
  readonly amid: string | undefined;
}

/** The rows of services, in order, up to a limit; several services at once. */
async function collect(known: Known, places: readonly Place[], span: Span, start: string, limit: number) {
  const all: PlaceRows[] = [];
  let left = limit;
  for (let n = 0; n < places.length; n += AT_ONCE) {
    const read = await mapLimit(AT_ONCE, places.slice(n, n + AT_ONCE), async (place) => {
      const from = place === places[0] ? start : span.from;
      return { place, ...(await take(rowsOf(known, place, { from, to: span.to }), left + 1)) };
    });
    for (const { place, taken } of read) {
      if (left === 0) return { all, amid: undefined };
      all.push({ place, rows: taken.slice(0, left) });
      const next = taken[left];
      if (next !== undefined) return { all, amid: next.at };
      left -= taken.length;
    }
  }
  return { all, amid: undefined } satisfies Collected;
}

/**
 * Answers with one page of a history; undefined if the environment or group is unknown. The releases of a service are
 * computed from one reading of its facts in the span, so the cost is that of its facts and distinct images.
 */
export async function history(
  asked: Omit<AsOf, "at">,
  { from, to, ...extent }: Extent & Span,
  paging: Paging = {},
): Promise<History | undefined> {
  const store = spanLoader(asked.store, { from, to: reachOf({ ...asked, at: to }) });
  const known: Known = { ...asked, store, images: imagesOf({ store, knownAt: asked.knownAt }) };
  const before = placeOf(QUESTION, paging);
  const [, , amidBefore] = before;
  const limit = sizeOf(paging, 2000, 10_000);
  const [isFound, { taken, more }] = await Promise.all([
    isKnown(known, extent),
    take(placesOf(known, extent, before), Math.min(PLACES, limit)),
  ]);
  if (!isFound) return undefined;
  const { all, amid } = await collect(known, taken, { from, to }, amidBefore ?? from, limit);
  const last = all.at(-1)?.place;
  const disputed = disputesIn(all.flatMap(({ rows }) => rows.flatMap((row) => row.disputed)));
  const goesOn = more || amid !== undefined || all.length < taken.length;
  return {
    ...("group" in extent ? { group: extent.group } : { environment: extent.environment }),
    from,
    to,
    knownAt: known.knownAt,
    settled: isSettled(known),
    ...columnsOf(all),
    next: nextCursor(
      QUESTION,
      goesOn,
      last && [last.environment.name, last.service.name, ...(amid === undefined ? [] : [amid])],
    ),
    ...(disputed.length === 0 ? {} : { warnings: disputed }),
  };
}
