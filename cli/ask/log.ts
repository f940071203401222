/** `asof log`: what happened in a place, in order. */
import type { Command } from "commander";
import type { Timeline } from "../../schemas/answers/timeline.ts";
import { allPages } from "../../schemas/words/answer-pages.ts";
import { UsageError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { type Ask, type Asked, askedBy, askFor, sideBySide, type View, withAskOptions } from "./options.ts";
import { call, frameOf, snapshotOf } from "./question.ts";
import { timelineLines } from "./timeline-view.ts";
import { timeOf } from "./when.ts";
import type { What } from "./words.ts";

type Extent = { readonly environment: string; readonly service?: string };

/**
 * The places that a question is about: one, or those of a group. Throws a CliError for anything else.
 */
export async function extentsOf(ask: Ask, what: What): Promise<Extent[]> {
  const ofService = "service" in what && what.service !== undefined ? { service: what.service } : {};
  if (what.is === "place" && what.back === 0) return [{ environment: what.environment, ...ofService }];
  if (what.is !== "group")
    throw new UsageError("this asks about a place: an environment, a group, or ENVIRONMENT/SERVICE");
  const { releases } = await snapshotOf(ask, { group: what.group }, undefined);
  const own = releases.filter(({ service }) => what.service === undefined || service === what.service);
  return [...new Set(own.map(({ environment }) => environment))].map((environment) => ({
    environment,
    ...ofService,
  }));
}

/** A whole timeline, page by page. */
export async function timelineOf(
  ask: Ask,
  extent: Extent,
  from: string,
  to: string | undefined,
): Promise<Timeline> {
  const question = { ...extent, from, tz: ask.tz, ...(to === undefined ? {} : { to }) };
  const pages = await allPages((more) =>
    call(ask, (client) => client.timeline({ ...question, ...more, limit: 500 })),
  );
  const [{ from: start }] = pages;
  return { ...(pages.at(-1) ?? pages[0]), from: start, entries: pages.flatMap(({ entries }) => entries) };
}

async function logOf(ask: Ask, { what, at }: Asked, since: string): Promise<View> {
  const from = timeOf(ask.read, since);
  const extents = await extentsOf(ask, what);
  const timelines = await Promise.all(extents.map((extent) => timelineOf(ask, extent, from, at)));
  return sideBySide(
    timelines.map((timeline) => ({ answer: timeline, lines: timelineLines(timeline, frameOf(ask, at)) })),
  );
}

const HELP = `
Examples:
  asof log production/billing
  asof log production --since 2026-10-01
  asof log production/billing 2026-10-22 --since 2026-10-15`;

export const logCommand = (command: Command, io: Io): Command =>
  withAskOptions(command.argument("[what...]", "a place, and until when"))
    .option("--since <when>", "from when on", "7d")
    .addHelpText("after", HELP)
    .action(async (words: string[]) => {
      const ask = await askFor(command, io);
      await ask.print(await logOf(ask, await askedBy(ask, command, words), String(command.opts().since)));
      io.end(EXIT.done);
    });
