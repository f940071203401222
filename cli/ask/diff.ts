/** `asof diff`: what differs between two places, or in one place between two moments. */
import type { Command } from "commander";
import type { Difference } from "../../schemas/answer.ts";
import { allPages } from "../../schemas/words/answer-pages.ts";
import { UsageError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { differenceLines } from "./difference-view.ts";
import { extentsOf } from "./log.ts";
import { type Ask, askedBy, askFor, sideBySide, type View, withAskOptions } from "./options.ts";
import { call } from "./question.ts";
import { timeOf } from "./when.ts";
import { type Place, readingsOf } from "./words.ts";

type Sides =
  | { readonly environment: string; readonly with: string; readonly at?: string }
  | { readonly environment: string; readonly from: string; readonly to?: string };

async function differenceOf(ask: Ask, sides: Sides, service: string | undefined): Promise<View> {
  const pages = await allPages((more) =>
    call(ask, (client) => client.diff({ ...sides, tz: ask.tz, ...more, limit: 100 })),
  );
  const whole: Difference = {
    ...(pages.at(-1) ?? pages[0]),
    services: pages.flatMap(({ services }) => services),
    same: pages.reduce((sum, { same }) => sum + same, 0),
  };
  const own = whole.services.filter((one) => service === undefined || one.service === service);
  const shown = service === undefined ? whole : { ...whole, services: own, same: own.length === 0 ? 1 : 0 };
  return { answer: shown, lines: differenceLines(shown, ask) };
}

/** Two places in the words, one after the other; undefined where they do not name two. */
async function placesIn(ask: Ask, words: readonly string[]): Promise<[Place, Place] | undefined> {
  // A comparison is of two environments, also where a group has the same name.
  const known = { services: await ask.services(), groups: [] };
  const placeIn = (some: readonly string[]): Place | undefined => {
    const [reading, ...others] = readingsOf(some, known, () => false);
    return others.length === 0 && reading?.what.is === "place" ? reading.what : undefined;
  };
  for (let n = 1; n < words.length; n++) {
    const [one, other] = [placeIn(words.slice(0, n)), placeIn(words.slice(n))];
    if (one !== undefined && other !== undefined) return [one, other];
  }
  return undefined;
}

const HELP = `
Examples:
  asof diff staging production
  asof diff production yesterday
  asof diff production/billing 2026-10-01 --to 2026-11-01`;

async function diffOf(
  ask: Ask,
  command: Command,
  words: readonly string[],
  to: string | undefined,
): Promise<View> {
  const places = ask.options.environment === undefined ? await placesIn(ask, words) : undefined;
  if (places !== undefined) {
    const [{ environment, service }, other] = places;
    if (service !== other.service)
      throw new UsageError("compares one service in two environments, or two environments");
    const at = to === undefined ? {} : { at: timeOf(ask.read, to) };
    return differenceOf(ask, { environment, with: other.environment, ...at }, service);
  }
  const { what, at } = await askedBy(ask, command, words);
  if (at === undefined)
    throw new UsageError("name a second environment, or since when: asof diff production yesterday");
  const end = to === undefined ? {} : { to: timeOf(ask.read, to) };
  const extents = await extentsOf(ask, what);
  return sideBySide(
    await Promise.all(
      extents.map(({ environment, service }) =>
        differenceOf(ask, { environment, from: at, ...end }, service),
      ),
    ),
  );
}

export const diffCommand = (command: Command, io: Io): Command =>
  withAskOptions(command.argument("[what...]", "two places, or a place and since when"))
    .option("--to <when>", "until when (default: now)")
    .addHelpText("after", HELP)
    .action(async (words: string[]) => {
      const ask = await askFor(command, io);
      const { to } = command.opts();
      await ask.print(await diffOf(ask, command, words, typeof to === "string" ? to : undefined));
      io.end(EXIT.done);
    });
