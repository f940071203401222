/**
 * Maintenance: while a redeployment runs, a silence stands in Alertmanager for the alerts of its service. What
 * silences there are, only Alertmanager knows: which redeployment one is for stands in its comment. Nothing is polled:
 * where the end of a redeployment is never heard of, its silence ends at the time that it was given.
 */
import * as z from "zod";
import { isOver, type Redeployment } from "../../../schemas/redeployment.ts";
import { fold, name, prose, text, url } from "../../../schemas/scalars.ts";
import { type Asof, Unknown } from "../ledger-client.ts";
import { type Heard, isFor, places, type Reaction } from "../reaction.ts";
import { alertmanager, type Matcher } from "./alertmanager.ts";

/* What is configured */

const PLACEHOLDER = /\{([A-Za-z]+)\}/g;
const PLACE = ["environment", "service", "serviceName"] as const;

type Words = Readonly<Record<string, string>>;
const filled = (template: string, words: Words): string =>
  template.replace(PLACEHOLDER, (whole, word: string) => words[word] ?? whole);

const placeholdersIn = (template: string): string[] =>
  [...template.matchAll(PLACEHOLDER)].map(([, word = ""]) => word);

/** A text with placeholders, and with these alone. */
const template = (schema: z.ZodString, words: readonly string[]) =>
  schema.refine((value) => placeholdersIn(value).every((word) => words.includes(word)), {
    error: `may hold ${words.map((word) => `{${word}}`).join(", ")} and no other placeholder`,
  });

const MatcherTemplate = z.strictObject({
  name: text(128),
  value: template(prose(1024), PLACE),
  isRegex: z.boolean().default(false),
  isEqual: z.boolean().default(true),
});

export const Maintenance = z.strictObject({
  /** Where Alertmanager's own address begins. Often without TLS, inside of a cluster. */
  url,
  /** The whole header `Authorization`. */
  authorization: text(4096)
    .regex(/^[ -~]+$/, "must be of ASCII")
    .exactOptional(),
  matchers: z
    .array(MatcherTemplate)
    .max(16)
    .refine((all) => all.some(({ value, isEqual }) => isEqual && placeholdersIn(value).length > 0), {
      error: "one that is equal must name the service or the environment, or everything would be silenced",
    }),
  maxMinutes: z
    .int()
    .min(1)
    .max(24 * 60)
    .default(60),
  ...places,
  /** Which ledger this is, where several know one Alertmanager: each then ends only what it silenced itself. */
  ledger: name.exactOptional(),
  /** Where people look at a redeployment. */
  link: template(url, ["id"]).exactOptional(),
});
export type Maintenance = z.infer<typeof Maintenance>;

/* What is silenced */

type Place = Pick<Redeployment, "environment" | "service">;

/** The last part of `acme/billing`; never empty, for an empty label is what all others lack. */
const lastPart = (service: string): string =>
  service
    .split("/")
    .filter((part) => part !== "")
    .at(-1) ?? service;

/** In a regular expression as Go has them (RE2) a backslash makes any punctuation mean itself. */
const literal = (value: string): string => value.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");

export function matchersOf({ matchers }: Maintenance, { environment, service }: Place): Matcher[] {
  const words = { environment, service, serviceName: lastPart(service) };
  const literals = Object.fromEntries(Object.entries(words).map(([word, value]) => [word, literal(value)]));
  return matchers.map(({ value, isRegex, ...rest }) => ({
    ...rest,
    isRegex,
    value: filled(value, isRegex ? literals : words),
  }));
}

/** The ledger compares names without case, Alertmanager does not: a fact may spell them otherwise than its redeployment. */
const sameMatchers = (some: readonly Matcher[], others: readonly Matcher[]): boolean => {
  const text = (all: readonly Matcher[]) =>
    all
      .map(({ name, value, isRegex, isEqual }) => JSON.stringify([name, fold(value), isRegex, isEqual]))
      .sort()
      .join();
  return text(some) === text(others);
};

const creatorOf = ({ ledger }: Maintenance): string => (ledger === undefined ? "asof" : `asof:${ledger}`);

const COMMENT = /^asof redeployment (\S+): /;

function commentOf({ link }: Maintenance, { id, requestedBy, reason }: Redeployment): string {
  const where = link === undefined ? `/v1/redeployments/${id}` : filled(link, { id: encodeURIComponent(id) });
  return `asof redeployment ${id}: asked for by ${requestedBy ?? "somebody"}: ${reason} (${where})`;
}

const idIn = (comment: string): string | undefined => COMMENT.exec(comment)?.[1];

/** Not later than the deadline: after that nobody begins any more. */
function endOf({ maxMinutes }: Maintenance, { requestedAt, deadline }: Redeployment): string {
  const longest = new Date(Date.parse(requestedAt) + maxMinutes * 60_000).toISOString();
  return longest < deadline ? longest : deadline;
}

/* What is done */

/** What begins a redeployment, and what may end one. */
export const MAINTENANCE_KINDS = [
  "redeployment.requested",
  "redeployment.ended",
  "deployment.succeeded",
  "deployment.failed",
  "deployment.observed",
] as const;

interface Around {
  readonly asof: Asof;
  readonly now: () => Date;
  readonly log: { error(message: string, fields: Record<string, string>): void };
}

export function maintenance(settings: Maintenance, { asof, now, log }: Around): Reaction {
  const manager = alertmanager(settings.url, settings.authorization);
  const createdBy = creatorOf(settings);

  async function begin(id: string): Promise<void> {
    const redeployment = await asof.redeployment(id);
    const endsAt = endOf(settings, redeployment);
    if (isOver(redeployment) || endsAt <= now().toISOString()) return;
    const standing = await manager.standing(createdBy);
    if (standing.some(({ comment }) => idIn(comment) === id)) return;
    await manager.silence({
      matchers: matchersOf(settings, redeployment),
      startsAt: redeployment.requestedAt,
      endsAt,
      createdBy,
      comment: commentOf(settings, redeployment),
    });
  }

  /** A name that the ledger does not know is another ledger's, whose silence it is. */
  async function isKnownOver(id: string): Promise<boolean> {
    try {
      return isOver(await asof.redeployment(id));
    } catch (error) {
      if (error instanceof Unknown) return false;
      throw error;
    }
  }

  async function endThoseOver(place: Place): Promise<void> {
    const matchers = matchersOf(settings, place);
    for (const silence of await manager.standing(createdBy)) {
      const redeployment = idIn(silence.comment);
      if (redeployment === undefined || !sameMatchers(silence.matchers, matchers)) continue;
      if (await isKnownOver(redeployment)) await manager.expire(silence.id);
    }
  }

  return {
    kinds: MAINTENANCE_KINDS,
    react: async (fact: Heard) => {
      if (!isFor(settings, fact)) return;
      if (fact.kind === "redeployment.requested") await begin(fact.id);
      // Also then: what ended it may have been heard of before the silence stood.
      await endThoseOver(fact);
    },
    // Nobody waits for this: a redeployment goes on, and what still stands ends at its time.
    giveUp: async ({ kind, id }, error) => {
      const reason = error instanceof Error ? error.message : String(error);
      log.error("maintenance was given up", { kind, fact: id, reason });
    },
  };
}
