/** `asof show`: everything that is known of a place, an image, a commit or a tag at a moment. */
import type { Command } from "commander";
import type { CommitAnswer } from "../../schemas/answer.ts";
import type { Release } from "../../schemas/answers/release.ts";
import { CliError, UsageError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { servicesHere } from "./clone.ts";
import {
  type Ask,
  type Asked,
  askedBy,
  askFor,
  isAboutNothing,
  sideBySide,
  type View,
  withAskOptions,
} from "./options.ts";
import { artifactLines, commitLines, tagLines } from "./places-view.ts";
import { call, frameOf, momentOf, snapshotOf } from "./question.ts";
import { releaseAt, releaseBack, releaseBefore, type Selected, sealedOf } from "./release-history.ts";
import { headLine, releaseCells, releaseLines, sealedLine } from "./release-view.ts";
import { columns, type Line } from "./style.ts";
import { isWhole, shortestNames } from "./words.ts";
import { counted } from "./words-for.ts";

/** The commit of a release's first image; undefined where it is unknown. */
async function commitOf(ask: Ask, { components }: Release): Promise<CommitAnswer | undefined> {
  const sha = components.find(({ commit }) => commit !== null)?.commit?.sha;
  if (sha === undefined) return undefined;
  return call(ask, (client) => client.commit({ sha })).catch((error: unknown) => {
    if (error instanceof CliError) return undefined;
    throw error;
  });
}

/** The same service in the other environments, at the same moment. At most ten: a list is no picture. */
async function elsewhereOf(
  ask: Ask,
  { environment, service }: Selected,
  at: string | undefined,
): Promise<Release[]> {
  const services = await ask.services();
  const others =
    services.find((one) => one.service === service)?.environments.filter((one) => one !== environment) ?? [];
  return Promise.all(
    others.slice(0, 10).map((other) => releaseAt(ask.ledger, { environment: other, service }, at, ask.tz)),
  );
}

/** The longest window that the ledger answers. */
const WINDOW_MAX_DAYS = 14;
const DAY_MS = 86_400_000;

/** What else changed here since a release began, with the command that lists it; nothing if nothing did. */
async function changesSince(ask: Ask, { environment, service, since }: Release): Promise<Line[]> {
  if (since === null) return [];
  const days = Math.ceil((Date.parse(ask.now) - Date.parse(since)) / DAY_MS);
  const window = Math.min(Math.max(days, 1), WINDOW_MAX_DAYS);
  const { changes } = await call(ask, (client) =>
    client.changes({ environment, service, window: `${window}d` }),
  );
  const others = changes.filter(({ at }) => at > since);
  if (others.length === 0) return [];
  const when = days > WINDOW_MAX_DAYS ? `in the last ${WINDOW_MAX_DAYS}d` : "since";
  // The command's own window is two days.
  const further = window > 2 ? ` --window ${window}d` : "";
  const place = shortestNames(await ask.services())(environment, service);
  const text = ` ${counted(others.length, "other change")} ${when}: asof why ${place}${further}`;
  return [[{ text: "  !", tone: "amber" }, text]];
}

/** The release that `last=good` goes back to; undefined if there is none, or it is not known. */
async function lastGoodOf(ask: Ask, { environment, service }: Selected): Promise<Release | undefined> {
  try {
    const { target } = await call(ask, (client) => client.plan({ environment, service, last: "good" }));
    return target ?? undefined;
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

async function releaseView(ask: Ask, place: Selected, back: number, at: string | undefined): Promise<View> {
  const { ledger, tz } = ask;
  const first = await releaseAt(ledger, place, at, tz);
  const release = await releaseBack(ledger, first, back);
  const isPast = at !== undefined || back > 0;
  const isRunning = !isPast && release.status === "running";
  const [before, elsewhere, commit, others, lastGood, sealed] = await Promise.all([
    releaseBefore(ledger, release),
    elsewhereOf(ask, release, isPast ? release.at : undefined),
    commitOf(ask, release),
    isRunning ? changesSince(ask, release) : [],
    isRunning ? lastGoodOf(ask, release) : undefined,
    ask.options.sealed === true ? sealedOf(ledger, release) : undefined,
  ]);
  const name = shortestNames(await ask.services())(release.environment, release.service);
  const undo: Line[] = !isPast && before?.status === "running" ? [[`undo: asof plan ${name}~1`]] : [];
  const lines = releaseLines(release, {
    ...frameOf(ask, isPast ? release.at : undefined),
    before,
    elsewhere,
    commit,
    lastGood,
  });
  if (ask.options.sealed !== true) return { answer: release, lines: [...lines, ...others, ...undo] };
  const answer = sealed === undefined ? release : { ...release, sealed };
  return { answer, lines: [...lines, ...others, ...undo, sealedLine(sealed)] };
}

const CELLS: Line[] = [["service"], ["version"], ["commit"], ["since"], ["by"], []].map(
  (cell): Line => cell.map((text) => ({ text, tone: "dim" })),
);

async function snapshotView(
  ask: Ask,
  extent: { environment: string } | { group: string },
  at: string | undefined,
): Promise<View> {
  const snapshot = await snapshotOf(ask, extent, at);
  const frame = frameOf(ask, at);
  const environments = [...new Set(snapshot.releases.map(({ environment }) => environment))];
  const tables = environments.flatMap((environment): Line[] => [
    ...(environments.length === 1 ? [] : [[], [{ text: environment, tone: "bold" as const }]]),
    ...columns(
      [
        CELLS,
        ...snapshot.releases
          .filter((release) => release.environment === environment && release.status !== "unknown")
          .map((release) => releaseCells(release, frame.isPast ? { ...frame, now: snapshot.at } : frame)),
      ],
      "  ",
    ),
  ]);
  const about = "group" in extent ? extent.group : extent.environment;
  return { answer: snapshot, lines: [headLine(about, snapshot.at, frame), ...tables] };
}

/** A service in each environment of a group, side by side. */
async function groupView(ask: Ask, group: string, service: string, at: string | undefined): Promise<View> {
  const { releases } = await snapshotOf(ask, { group }, at);
  const own = releases.filter((release) => release.service === service);
  if (own.length === 0)
    throw new CliError(`${service} is in no environment of the group ${group}`, { exit: EXIT.unknown });
  return sideBySide(
    await Promise.all(own.map(({ environment }) => releaseView(ask, { environment, service }, 0, at))),
  );
}

/** The whole digest that begins like this, among the images that run now. Throws a CliError unless there is one. */
async function wholeDigest(ask: Ask, digest: string): Promise<string> {
  if (isWhole(digest)) return digest;
  const environments = [...new Set((await ask.services()).flatMap((one) => one.environments))];
  const snapshots = await Promise.all(
    environments.map((environment) => snapshotOf(ask, { environment }, undefined)),
  );
  const running = snapshots.flatMap(({ releases }) =>
    releases.flatMap(({ components }) =>
      components.flatMap(({ digest: own, reported }) => [own, reported ?? null]),
    ),
  );
  const found = [...new Set(running.filter((one) => one?.startsWith(digest)))].filter((one) => one !== null);
  const [one, ...others] = found;
  if (one === undefined)
    throw new CliError(`${digest}: no image that runs now begins like this; give its whole digest`, {
      exit: EXIT.unknown,
    });
  if (others.length > 0)
    throw new UsageError(`${digest}: several images begin like this: ${found.join(", ")}`);
  return one;
}

async function artifactView(ask: Ask, digest: string, at: string | undefined): Promise<View> {
  const whole = await wholeDigest(ask, digest);
  const answer = await call(ask, (client) => client.artifact({ digest: whole, ...momentOf(ask, at) }));
  return { answer, lines: artifactLines(answer, frameOf(ask, at)) };
}

/** A commit; or an image whose digest begins like this, where no commit does. */
async function hexView(ask: Ask, sha: string, at: string | undefined): Promise<View> {
  try {
    const answer = await call(ask, (client) => client.commit({ sha, ...momentOf(ask, at) }));
    return { answer, lines: commitLines(answer, frameOf(ask, at)) };
  } catch (error) {
    if (!(error instanceof CliError) || error.exit !== EXIT.unknown) throw error;
    return artifactView(ask, `sha256:${sha}`, at).catch((other: unknown) => {
      throw other instanceof CliError && other.exit === EXIT.unknown
        ? new CliError(`${sha}: no commit, and no image that runs now, begins like this`, {
            exit: EXIT.unknown,
          })
        : other;
    });
  }
}

async function tagView(ask: Ask, repository: string, tag: string, at: string | undefined): Promise<View> {
  const answer = await call(ask, (client) => client.tag({ repository, tag, ...momentOf(ask, at) }));
  return { answer, lines: tagLines(answer, frameOf(ask, at)) };
}

/** The view of anything that can be asked about. */
export function viewOf(ask: Ask, { what, at }: Asked): Promise<View> {
  switch (what.is) {
    case "place": {
      const { environment, service, back } = what;
      if (service === undefined) return snapshotView(ask, { environment }, at);
      return releaseView(ask, { environment, service }, back, at);
    }
    case "group":
      return what.service === undefined
        ? snapshotView(ask, { group: what.group }, at)
        : groupView(ask, what.group, what.service, at);
    case "image":
      return artifactView(ask, what.digest, at);
    case "commit":
      return hexView(ask, what.sha, at);
    case "tag":
      return tagView(ask, what.repository, what.tag, at);
  }
}

/** Without words: the services of the repository that this folder is a clone of, else every environment. */
async function viewHere(ask: Ask): Promise<View> {
  const services = await ask.services();
  const here = await servicesHere(services);
  const shown = here.length > 0 ? here : services;
  const places = shown.flatMap(({ service, environments }) =>
    environments.map((environment) => ({ environment, service })),
  );
  if (places.length === 0)
    return { answer: [], lines: [["The ledger knows no service yet: see docs/sources.md"]] };
  if (here.length === 0) {
    const rows = shown.map(({ service, environments }): Line[] => [[service], [environments.join(", ")]]);
    return {
      answer: shown,
      lines: [headLine("services", ask.now, frameOf(ask, undefined)), ...columns(rows, "  ")],
    };
  }
  const releases = await Promise.all(places.map((place) => releaseAt(ask.ledger, place, undefined)));
  const rows = releases.map((release): Line[] => [[release.environment], ...releaseCells(release, ask)]);
  return {
    answer: releases,
    lines: [
      headLine(here[0]?.repository ?? "", ask.now, frameOf(ask, undefined)),
      ...columns([[["environment"], ...CELLS], ...rows], "  "),
    ],
  };
}

const HELP = `
WHAT  sha256:<7 or more hex> | image@sha256:… | 7 to 40 hex (a commit, else an image) | HOST/REPO:TAG | PLACE
PLACE an environment, a group, or ENVIRONMENT/SERVICE, then perhaps ~N (releases back) or @WHEN
WHEN  7d | yesterday | last friday 14:00 | 2026-10-22 | 2026-10-22T09:00+02:00: all words after it

Examples:
  asof show production/billing
  asof show production/billing last friday 14:00
  asof show production 2026-10-22
  asof show ghcr.io/acme/billing:1.8.0

Exit codes:
  0  shown   2  the words are wrong, or mean several things   3  the ledger does not know it
  4  the ledger cannot be reached   5  the token may not ask this`;

export const showCommand = (command: Command, io: Io): Command =>
  withAskOptions(command.argument("[what...]", "what, and when"))
    .option("--sealed", "of a place: which of the facts behind it are in the sealed log")
    .addHelpText("after", HELP)
    .action(async (words: string[]) => {
      const ask = await askFor(command, io);
      const isHere = isAboutNothing(ask, words);
      await ask.print(isHere ? await viewHere(ask) : await viewOf(ask, await askedBy(ask, command, words)));
      io.end(EXIT.done);
    });
