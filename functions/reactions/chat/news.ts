/** Turns a fact into news: the text, the place and the subject. There is no news if nothing changed. */

import * as z from "zod";
import type { Release } from "../../../schemas/answers/release.ts";
import { fold } from "../../../schemas/scalars.ts";
import { answerPages } from "../../../schemas/words/answer-pages.ts";
import { imageWords } from "../../../schemas/words/changes.ts";
import { shortCommit, shortDigest } from "../../../schemas/words/ids.ts";
import { versionsOf } from "../../../schemas/words/version.ts";
import type { Asof } from "../ledger-client.ts";
import type { Heard } from "../reaction.ts";
import { bold, escaped, link, type Message, messageOf } from "./message.ts";
import type { Place, Subject } from "./settings.ts";

export interface News {
  readonly subject: Subject;
  /** Absent: of no place. */
  readonly place?: Place;
  readonly message: Message;
  /** What it is about. News about the same thing replaces earlier news, where a channel can. */
  readonly about: string;
  /** What has become of it: told once. */
  readonly state: string;
  /** Only replaces an earlier message, and is no message of its own. */
  readonly isUpdate?: true;
  /** What runs now, so that several reports of one deployment are one message. */
  readonly content?: { readonly at: string; readonly runs: string };
}

const optional = z.string().exactOptional();
const RecordedFact = z.looseObject({
  kind: z.string(),
  source: z.string(),
  id: z.string(),
  occurredAt: z.string(),
  environment: z.string(),
  service: optional,
  deployment: z.looseObject({ provider: z.string(), instance: z.string(), id: z.string() }).exactOptional(),
  components: z
    .array(z.looseObject({ tag: optional, digest: optional, repository: optional }))
    .exactOptional(),
  commit: z.looseObject({ sha: z.string() }).exactOptional(),
  redeployment: optional,
  outcome: optional,
  reason: optional,
  url: optional,
  from: optional,
  until: optional,
  digest: optional,
});
type RecordedFact = z.infer<typeof RecordedFact>;

/** What happened longer ago is history: importing it posts nothing. */
const NEWS_MS = 6 * 3600_000;

export interface NewsContext {
  readonly ask: Asof["ask"];
  /** The address of the page, if there is one. */
  readonly page?: string | undefined;
}

const key = (...parts: readonly string[]): string => JSON.stringify(parts.map(fold));

function pageOf({ page }: NewsContext, at: string, environment: string, service: string): string[] {
  if (page === undefined) return [];
  const query = new URLSearchParams({ at, environment, service });
  return link(`${page.replace(/\/+$/, "")}/?${query}`, "release");
}

const by = (who: string | null): string[] => (who === null ? [] : [`by ${escaped(who)}`]);

const placeOf = ({ environment, service, group, owner }: Release): Place => ({
  environment,
  service,
  group,
  owner,
});

const inPlace = ({ service, environment }: Release): string => `${bold(service)} in ${bold(environment)}`;

/** What a deployment brings, in its own words. */
function broughtBy({ components = [], commit }: RecordedFact): string | undefined {
  const named = components.filter(({ tag, digest }) => tag !== undefined || digest !== undefined);
  return named.length === 0 ? commit && shortCommit(commit.sha) : imageWords(named);
}

/** Identifies what runs: images, variants with their weights, and configuration. */
const contentOf = ({ components, config }: Release): string =>
  JSON.stringify([
    components.map((one) => [one.component, one.variant, one.weight, one.digest ?? one.reported ?? one.tags]),
    config,
  ]);

async function reasonOf(
  { ask }: NewsContext,
  { redeployment, reason }: RecordedFact,
): Promise<string | undefined> {
  if (reason !== undefined || redeployment === undefined) return reason;
  return (await ask.redeployment(redeployment)).reason;
}

function detailsOf(
  context: NewsContext,
  fact: RecordedFact,
  { service, environment, owner, contact, components }: Release,
): string[] {
  const commits = new Set(
    components.flatMap(({ commit }) => (commit === null ? [] : shortCommit(commit.sha))),
  );
  return [
    ...[...commits].slice(0, 2).map((sha) => `commit ${sha}`),
    ...(owner === null ? [] : [escaped(contact === null ? owner : `${owner}, ${contact}`)]),
    ...pageOf(context, fact.occurredAt, environment, service),
    ...link(fact.url, "run"),
  ];
}

interface Deployed {
  readonly fact: RecordedFact;
  /** At the time of the fact, and just before it. */
  readonly release: Release;
  readonly before: Release;
  readonly reason: string | undefined;
  readonly details: readonly string[];
}

type Said = Pick<News, "subject" | "state" | "message" | "isUpdate" | "content">;

function started({ fact, release, reason, details }: Deployed): Said {
  const headline = `◐ ${inPlace(release)}: ${escaped(broughtBy(fact) ?? "a deployment")} is being deployed`;
  const message = messageOf(headline, reason, [...by(release.attempt?.by ?? null), ...details]);
  return { subject: "deployed", state: "started", message };
}

function failed({ fact, release, reason, details }: Deployed): Said {
  const brought = broughtBy(fact);
  const what = brought === undefined ? "the deployment" : `the deployment of ${escaped(brought)}`;
  const how = fact.outcome === undefined ? "failed" : `was ${escaped(fact.outcome)}`;
  const stays = release.status === "running" ? `; ${escaped(versionsOf(release))} runs` : "";
  const headline = `✗ ${inPlace(release)}: ${what} ${how}${stays}`;
  const message = messageOf(headline, reason, [...by(release.attempt?.by ?? null), ...details]);
  const said = { subject: "failed", state: "failed", message } as const;
  // What somebody stopped, or a newer deployment replaced, is no failure.
  return fact.outcome === undefined ? said : { ...said, isUpdate: true };
}

/** What ran before, as far as that says more than what runs now. */
function beforeIt(now: Release, before: Release, isChange: boolean): string {
  if (before.status === "unknown") return "";
  const earlier = versionsOf(before);
  if (earlier !== versionsOf(now)) return ` (before: ${escaped(earlier)})`;
  return isChange ? " (another image or configuration)" : " (the same again)";
}

function succeeded({ fact: { occurredAt: at }, release, before, reason, details }: Deployed): Said {
  // A drift before it may have shown already what it brings.
  const isChange = contentOf(release) !== contentOf(before) || before.drift !== null;
  const [mark, how] = release.rollback ? ["▼", "rolled back to"] : ["▲", "deployed"];
  const what = `${escaped(versionsOf(release))}${beforeIt(release, before, isChange)}`;
  const message = messageOf(`${mark} ${inPlace(release)}: ${how} ${what}`, reason, [
    ...by(release.deployedBy),
    ...details,
  ]);
  const subject = release.rollback ? "rolled back" : "deployed";
  const said = { subject, state: "succeeded", message } as const;
  return isChange ? { ...said, content: { at, runs: contentOf(release) } } : { ...said, isUpdate: true };
}

const SAYING: Readonly<Record<string, (deployed: Deployed) => Said>> = {
  "deployment.started": started,
  "deployment.succeeded": succeeded,
  "deployment.failed": failed,
};

/** About a deployment: it began, took effect, or failed. */
async function ofDeployment(
  context: NewsContext,
  fact: RecordedFact,
  service: string,
): Promise<News | undefined> {
  const { environment, occurredAt: at, deployment, id } = fact;
  const justBefore = new Date(Date.parse(at) - 1).toISOString();
  const [release, before, reason] = await Promise.all([
    context.ask.release({ environment, service, at }),
    context.ask.release({ environment, service, at: justBefore }),
    reasonOf(context, fact),
  ]);
  const said = SAYING[fact.kind]?.({
    fact,
    release,
    before,
    reason,
    details: detailsOf(context, fact, release),
  });
  const { provider = "", instance = "", id: its = id } = deployment ?? {};
  return (
    said && {
      ...said,
      place: placeOf(release),
      about: key("deployment", environment, service, provider, instance, its),
    }
  );
}

/** About what the runtime shows, where nobody deployed it. While a deployment is in progress, that is no news. */
async function ofObservation(
  context: NewsContext,
  fact: RecordedFact,
  service: string,
): Promise<News | undefined> {
  const { environment, occurredAt: at } = fact;
  const release = await context.ask.release({ environment, service, at });
  const { drift, since, attempt } = release;
  if (drift === null || attempt?.status === "started") return undefined;
  const digests = (side: typeof drift.claimed): string =>
    [...new Set(side.map(({ digest }) => (digest === null ? "an unknown image" : shortDigest(digest))))].join(
      ", ",
    );
  const headline = `! ${inPlace(release)} drifts: ${escaped(digests(drift.observed))} runs, ${escaped(digests(drift.claimed))} was deployed`;
  return {
    subject: "drift",
    place: placeOf(release),
    message: messageOf(headline, undefined, detailsOf(context, fact, release)),
    about: key("drift", environment, service, since ?? "", JSON.stringify([drift.claimed, drift.observed])),
    state: "drift",
  };
}

async function placeFrozen({ ask }: NewsContext, { environment, service }: RecordedFact): Promise<Place> {
  if (service !== undefined) return placeOf(await ask.release({ environment, service }));
  // Every release of the environment has its group.
  const [any] = (await ask.snapshot({ environment, limit: 1 })).releases;
  return { environment, group: any?.group ?? null, owner: null };
}

const minute = (time: string): string => `${time.slice(0, 16).replace("T", " ")} UTC`;

async function ofFreeze(context: NewsContext, fact: RecordedFact): Promise<News> {
  const { environment, service, source, id, from, until, digest, reason } = fact;
  const [place, { freezes }] = await Promise.all([
    placeFrozen(context, fact),
    context.ask.freezes({ environment }),
  ]);
  const where = service === undefined ? bold(environment) : `${bold(service)} in ${bold(environment)}`;
  const span = [
    from === undefined ? [] : `from ${minute(from)}`,
    until === undefined ? [] : `until ${minute(until)}`,
  ];
  const what =
    fact.kind === "environment.frozen"
      ? ["is frozen", ...span.flat()].join(" ")
      : digest === undefined
        ? "is no longer frozen"
        : `is frozen; ${shortDigest(digest)} is let through`;
  const freeze = freezes.find((one) => one.fact.source === source && one.fact.id === id);
  return {
    subject: "frozen",
    place,
    message: messageOf(`❄ ${where} ${what}`, reason, by(freeze?.by ?? null)),
    about: key("freeze", source, id),
    state: fact.kind,
  };
}

/** A redeployment that failed before anything was deployed: no deployment tells it. */
async function ofRedeployment(
  context: NewsContext,
  fact: RecordedFact,
  service: string,
): Promise<News | undefined> {
  const { environment, redeployment = "", outcome, reason } = fact;
  if (outcome !== "failed") return undefined;
  const [release, { startedAt, requestedBy }] = await Promise.all([
    context.ask.release({ environment, service }),
    context.ask.redeployment(redeployment),
  ]);
  if (startedAt !== null) return undefined;
  return {
    subject: "failed",
    place: placeOf(release),
    message: messageOf(`✗ ${inPlace(release)}: the redeployment failed`, reason, by(requestedBy)),
    about: key("redeployment", redeployment),
    state: "failed",
  };
}

export const CHAT_KINDS = [
  "deployment.started",
  "deployment.succeeded",
  "deployment.failed",
  "deployment.observed",
  "environment.frozen",
  "environment.unfrozen",
  "redeployment.ended",
] as const;

export async function newsOf(context: NewsContext, heard: Heard, now: Date): Promise<News | undefined> {
  const fact = RecordedFact.parse(heard);
  const { kind, service } = fact;
  if (Date.parse(fact.occurredAt) < now.getTime() - NEWS_MS) return undefined;
  if (kind.startsWith("environment.")) return ofFreeze(context, fact);
  if (service === undefined) return undefined;
  if (kind === "deployment.observed") return ofObservation(context, fact, service);
  return kind === "redeployment.ended"
    ? ofRedeployment(context, fact, service)
    : ofDeployment(context, fact, service);
}

/** The sources that fell silent lately. */
export async function silences({ ask }: NewsContext, now: Date): Promise<News[]> {
  const found: News[] = [];
  for await (const page of answerPages((more) => ask.sources(more)))
    for (const { source, lastRecordedAt, silent, usualPauseS, lateAt } of page.sources) {
      if (!silent || lateAt === undefined || Date.parse(lateAt) < now.getTime() - NEWS_MS) continue;
      const usual = usualPauseS === undefined ? "" : `, usually every ${Math.ceil(usualPauseS / 60)} min`;
      const headline = `? ${bold(source)} is silent since ${minute(lastRecordedAt)}${usual}`;
      const message = messageOf(headline, undefined, ["What it reports may be missing"]);
      found.push({
        subject: "silent",
        message,
        about: key("silent", source, lastRecordedAt),
        state: "silent",
      });
    }
  return found;
}
