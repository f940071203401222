/** `asof why`: what changed before something broke, nearest first. */
import type { Command } from "commander";
import { allPages } from "../../schemas/words/answer-pages.ts";
import { UsageError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { extentsOf } from "./log.ts";
import { type Ask, type Asked, askedBy, askFor, sideBySide, type View, withAskOptions } from "./options.ts";
import { call, frameOf, momentOf } from "./question.ts";
import { changesLines } from "./timeline-view.ts";
import { shortestNames } from "./words.ts";

/** Throws a CliError where it is no duration; how long it may be is the ledger's rule. */
function windowOf(text: string): `${number}m` | `${number}h` | `${number}d` {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (unit === "m" || unit === "h" || unit === "d") return `${Number(count)}${unit}`;
  throw new UsageError(`--window: ${text} must be a duration like 30m, 2h or 3d`);
}

async function changesOf(ask: Ask, { what, at }: Asked, window: string): Promise<View> {
  const before = at === undefined ? {} : { before: at };
  const question = { ...before, tz: ask.tz, window: windowOf(window) };
  const extents = await extentsOf(ask, what);
  const [sources, ...answers] = await Promise.all([
    allPages((more) => call(ask, (client) => client.sources({ limit: 100, ...momentOf(ask, at), ...more }))),
    ...extents.map((extent) => call(ask, (client) => client.changes({ ...extent, ...question }))),
  ]);
  const nameOf = shortestNames(await ask.services());
  const silent = sources.flatMap((page) => page.sources).filter((one) => one.silent === true);
  return sideBySide(
    answers.map((changes) => ({
      answer: changes,
      lines: changesLines(changes, { ...frameOf(ask, at), nameOf }, silent),
    })),
  );
}

const HELP = `
Examples:
  asof why production/billing
  asof why production/billing 02:55 --window 48h
  asof why production yesterday 14:00`;

export const whyCommand = (command: Command, io: Io): Command =>
  withAskOptions(command.argument("[what...]", "a place, and when it broke (default: now)"))
    .option("--window <duration>", "how far back, like 30m, 2h or 3d", "2d")
    .addHelpText("after", HELP)
    .action(async (words: string[]) => {
      const ask = await askFor(command, io);
      await ask.print(
        await changesOf(ask, await askedBy(ask, command, words), String(command.opts().window)),
      );
      io.end(EXIT.done);
    });
