/**
 * Maintenance: silences the alerts of a service in Alertmanager while a redeployment runs, and, where that is configured,
 * while any deployment does; and those of a service or an environment in a window that was planned (`windows.ts`). The only
 * state is in Alertmanager: the comment of a silence names what it is for. Nothing is polled: if an end is never reported,
 * the silence expires at its end time.
 */
import * as z from "zod";
import type { Release } from "../../../schemas/answers/release.ts";
import { isOver, type Redeployment } from "../../../schemas/redeployment.ts";
import { fold, name, prose, text, url } from "../../../schemas/scalars.ts";
import { type Asof, Unknown } from "../ledger-client.ts";
import { type Heard, isFor, places, type Reaction } from "../reaction.ts";
import { alertmanager, type Matcher } from "./alertmanager.ts";
import { differenceOf, type Place, windowComment, windowsIn } from "./windows.ts";

/* Settings */

const PLACEHOLDER = /\{([A-Za-z]+)\}/g;
const PLACE = ["environment", "service", "serviceName"] as const;

type Words = Readonly<Record<string, string>>;
const filled = (template: string, words: Words): string =>
  template.replace(PLACEHOLDER, (whole, word: string) => words[word] ?? whole);

const placeholdersIn = (template: string): string[] =>
  [...template.matchAll(PLACEHOLDER)].map(([, word = ""]) => word);

/** A text that may contain these placeholders and no others. */
const template = (schema: z.ZodString, words: readonly string[]) =>
  schema.refine((value) => placeholdersIn(value).every((word) => words.includes(word)), {
    error: `may contain ${words.map((word) => `{${word}}`).join(", ")} and no other placeholder`,
  });

const MatcherTemplate = z.strictObject({
  name: text(128),
  value: template(prose(1024), PLACE),
  isRegex: z.boolean().default(false),
  isEqual: z.boolean().default(true),
});

export const Maintenance = z.strictObject({
  /** Alertmanager's base URL. Inside a cluster it often has no TLS. */
  url,
  /** The complete Authorization header. */
  authorization: text(4096)
    .regex(/^[ -~]+$/, "must be printable ASCII")
    .exactOptional(),
  matchers: z
    .array(MatcherTemplate)
    .max(16)
    .refine((all) => all.some(({ value, isEqual }) => isEqual && placeholdersIn(value).length > 0), {
      error:
        "at least one equal matcher must contain {service}, {serviceName} or {environment}: otherwise everything would be silenced",
    }),
  maxMinutes: z
    .int()
    .min(1)
    .max(24 * 60)
    .default(60),
  ...places,
  /** Ordinary deployments are silenced, too, from their start. */
  deployments: z.boolean().exactOptional(),
  /** The name of this ledger, if several use one Alertmanager: each then ends only its own silences. */
  ledger: name.exactOptional(),
  /** The page of a redeployment for people. */
  link: template(url, ["id"]).exactOptional(),
});
export type Maintenance = z.infer<typeof Maintenance>;

/* Silences */

/** The last part of `acme/billing`. Never empty: an empty matcher would match every alert without the label. */
const lastPart = (service: string): string =>
  service
    .split("/")
    .filter((part) => part !== "")
    .at(-1) ?? service;

/** Escapes a value for a Go regular expression (RE2), in which a backslash may precede any punctuation. */
const literal = (value: string): string => value.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");

/** Of a whole environment: those that name no service. Empty if none of them names the environment. */
export function matchersOf({ matchers }: Maintenance, { environment, service }: Place): Matcher[] {
  const words: Words =
    service === undefined ? { environment } : { environment, service, serviceName: lastPart(service) };
  const literals = Object.fromEntries(Object.entries(words).map(([word, value]) => [word, literal(value)]));
  const known = matchers.filter(({ value }) => placeholdersIn(value).every((word) => word in words));
  if (!known.some(({ value, isEqual }) => isEqual && placeholdersIn(value).length > 0)) return [];
  return known.map(({ value, isRegex, ...rest }) => ({
    ...rest,
    isRegex,
    value: filled(value, isRegex ? literals : words),
  }));
}

/** Ignores case, as the ledger does: a fact may spell a name differently from its redeployment. */
const sameMatchers = (some: readonly Matcher[], others: readonly Matcher[]): boolean => {
  const text = (all: readonly Matcher[]) =>
    all
      .map(({ name, value, isRegex, isEqual }) => JSON.stringify([name, fold(value), isRegex, isEqual]))
      .sort()
      .join();
  return text(some) === text(others);
};

const creatorOf = ({ ledger }: Maintenance): string => (ledger === undefined ? "asof" : `asof:${ledger}`);

const COMMENT = /^asof (redeployment|deployment|maintenance) (\S+): /;

function commentOf({ link }: Maintenance, { id, requestedBy, reason }: Redeployment): string {
  const where = link === undefined ? `/v1/redeployments/${id}` : filled(link, { id: encodeURIComponent(id) });
  return `asof redeployment ${id}: requested by ${requestedBy ?? "somebody"}: ${reason} (${where})`;
}

type ServicePlace = Place & { readonly service: string };

/** A deployment that is under way. */
type Attempt = NonNullable<Release["attempt"]>;

/** The deployment of an attempt as one word. */
const keyOf = ({ deployment: { provider, instance, id } }: Attempt): string =>
  [provider, instance, id].map(encodeURIComponent).join("/");

const attemptComment = (attempt: Attempt): string =>
  `asof deployment ${keyOf(attempt)}: started by ${attempt.by ?? "somebody"}`;

/** What a silence is for; undefined if it is none of ours. */
function subjectIn(comment: string): { readonly is: string; readonly id: string } | undefined {
  const [, is, id] = COMMENT.exec(comment) ?? [];
  return is === undefined || id === undefined ? undefined : { is, id };
}

const minutesAfter = (time: string, minutes: number): string =>
  new Date(Date.parse(time) + minutes * 60_000).toISOString();

/** At the latest the deadline: after it, no executor starts. */
function endOf({ maxMinutes }: Maintenance, { requestedAt, deadline }: Redeployment): string {
  const longest = minutesAfter(requestedAt, maxMinutes);
  return longest < deadline ? longest : deadline;
}

/* The reaction */

/** The kinds of facts that start a redeployment, a deployment or a window, or may end one. */
export const MAINTENANCE_KINDS = [
  "redeployment.requested",
  "redeployment.ended",
  "deployment.started",
  "deployment.succeeded",
  "deployment.failed",
  "deployment.observed",
  "environment.frozen",
  "environment.unfrozen",
] as const;

interface Dependencies {
  readonly asof: Asof;
  readonly now: () => Date;
  readonly log: { error(message: string, fields: Record<string, string>): void };
}

export function maintenance(settings: Maintenance, { asof, now, log }: Dependencies): Reaction {
  const manager = alertmanager(settings.url, settings.authorization);
  const createdBy = creatorOf(settings);

  async function begin(id: string): Promise<void> {
    const redeployment = await asof.redeployment(id);
    const endsAt = endOf(settings, redeployment);
    if (isOver(redeployment) || endsAt <= now().toISOString()) return;
    const silences = await manager.unexpired(createdBy);
    if (silences.some(({ comment }) => subjectIn(comment)?.id === id)) return;
    await manager.silence({
      matchers: matchersOf(settings, redeployment),
      startsAt: redeployment.requestedAt,
      endsAt,
      createdBy,
      comment: commentOf(settings, redeployment),
    });
  }

  /** The deployment that is under way; undefined if there is none. */
  async function attemptIn(place: ServicePlace): Promise<Attempt | undefined> {
    const { attempt } = await asof.ask.release(place);
    return attempt?.status === "started" ? attempt : undefined;
  }

  async function beginDeployment(place: ServicePlace): Promise<void> {
    const attempt = await attemptIn(place);
    if (attempt === undefined) return;
    const [startsAt, comment] = [attempt.startedAt, attemptComment(attempt)];
    const endsAt = minutesAfter(startsAt, settings.maxMinutes);
    if (endsAt <= now().toISOString()) return;
    const silences = await manager.unexpired(createdBy);
    if (silences.some((one) => subjectIn(one.comment)?.id === keyOf(attempt))) return;
    await manager.silence({ matchers: matchersOf(settings, place), startsAt, endsAt, createdBy, comment });
  }

  /** False for an unknown redeployment: its silence belongs to another ledger. */
  async function isKnownOver(id: string): Promise<boolean> {
    try {
      return isOver(await asof.redeployment(id));
    } catch (error) {
      if (error instanceof Unknown) return false;
      throw error;
    }
  }

  /** Also true where a later deployment has begun: it has a silence of its own. */
  async function isDeploymentOver(place: ServicePlace, id: string): Promise<boolean> {
    const attempt = await attemptIn(place);
    return attempt === undefined || keyOf(attempt) !== id;
  }

  /** The silences of the place's planned windows, as they stand in the ledger: Alertmanager begins and ends each. */
  async function followWindows(place: Place): Promise<void> {
    const windows = await windowsIn(asof, place);
    const matchers = matchersOf(settings, place);
    if (matchers.length === 0) {
      if (windows.length > 0)
        log.error("a window silences nothing: no matcher names the environment alone", {
          environment: place.environment,
        });
      return;
    }
    const own = (await manager.unexpired(createdBy)).flatMap(({ id, comment, matchers: its }) => {
      const subject = subjectIn(comment);
      return subject?.is === "maintenance" && sameMatchers(its, matchers) ? [{ id, window: subject.id }] : [];
    });
    const { begun, ended } = differenceOf(windows, own);
    for (const window of begun)
      await manager.silence({
        matchers,
        startsAt: window.since,
        endsAt: window.until,
        createdBy,
        comment: windowComment(window),
      });
    for (const id of ended) await manager.expire(id);
  }

  async function expireEnded(place: ServicePlace): Promise<void> {
    const matchers = matchersOf(settings, place);
    for (const silence of await manager.unexpired(createdBy)) {
      const subject = subjectIn(silence.comment);
      if (subject === undefined || !sameMatchers(silence.matchers, matchers)) continue;
      if (subject.is === "maintenance") continue;
      const isDone =
        subject.is === "redeployment"
          ? await isKnownOver(subject.id)
          : await isDeploymentOver(place, subject.id);
      if (isDone) await manager.expire(silence.id);
    }
  }

  return {
    kinds: MAINTENANCE_KINDS,
    react: async ({ kind, id, environment, service }: Heard) => {
      if (!isFor(settings, { environment, service })) return;
      if (kind === "environment.frozen" || kind === "environment.unfrozen")
        return followWindows({ environment, service });
      if (service === undefined) return;
      if (kind === "deployment.started" && settings.deployments !== true) return;
      if (kind === "redeployment.requested") await begin(id);
      if (kind === "deployment.started") await beginDeployment({ environment, service });
      // Also after a request: the fact that ended it may have been delivered before the silence was created.
      await expireEnded({ environment, service });
    },
    // Only log: the redeployment does not depend on the silence, and a silence that is left expires by itself.
    giveUp: async ({ kind, id }, error) => {
      const reason = error instanceof Error ? error.message : String(error);
      log.error("silencing alerts was given up", { kind, fact: id, reason });
    },
  };
}
