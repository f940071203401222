/** `asof watch`: what happens in a place, as it is reported. */
import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import type { TimelineEntry } from "../../schemas/answers/timeline.ts";
import { by } from "../../schemas/words/ordering.ts";
import { Unreachable } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { timelineOf } from "./log.ts";
import { type Ask, askFor, withAskOptions } from "./options.ts";
import { frameOf } from "./question.ts";
import { headLine } from "./release-view.ts";
import { type Scope, scopeOf } from "./status.ts";
import { columns } from "./style.ts";
import { rowOf } from "./timeline-view.ts";

/** Reports may come late: so far back the ledger is asked again and again. */
const LATE_MS = 3_600_000;
/** Between two looks: five times the first retry's pause. */
const PAUSE = 5;

type Seen = TimelineEntry & { readonly environment: string };

const keyOf = ({ environment, fact, what, at, service, version }: Seen): string =>
  JSON.stringify([environment, fact.source, fact.id, what, at, service, version ?? null]);

async function entriesIn(ask: Ask, scope: readonly Scope[], from: string): Promise<Seen[]> {
  const timelines = await Promise.all(scope.map((one) => timelineOf(ask, one, from, undefined)));
  return timelines
    .flatMap(({ environment, entries }) =>
      entries.filter(({ what }) => what !== "running").map((entry) => ({ ...entry, environment })),
    )
    .sort(by(({ at }) => at));
}

async function show(ask: Ask, entries: readonly Seen[]): Promise<void> {
  for (const entry of entries)
    await ask.print({
      answer: entry,
      lines: columns([[[entry.environment], ...rowOf(entry, ask.times.time(entry.at))]], "  "),
    });
}

/** Prints what is new until it is interrupted. @param ready called when everything reported from now on is printed */
async function follow(ask: Ask, io: Io, scope: readonly Scope[], ready: () => void): Promise<void> {
  const signal = io.interrupted();
  const from = new Date(Date.parse(ask.now) - LATE_MS).toISOString();
  const known = new Set((await entriesIn(ask, scope, from)).map(keyOf));
  ready();
  while (!signal.aborted) {
    await setTimeout(io.waitMs * PAUSE, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const fresh = (await entriesIn(ask, scope, from)).filter((entry) => !known.has(keyOf(entry)));
      for (const entry of fresh) known.add(keyOf(entry));
      await show(ask, fresh);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      io.err(`asof: ${error.message}; it is asked again`);
    }
  }
}

const HELP = `
It prints each deployment, failure, migration, freeze and so on when the ledger is told of it, until Ctrl-C. With -o json,
each is a line of JSON.

Examples:
  asof watch production
  asof watch`;

export const watchCommand = (command: Command, io: Io): Command =>
  withAskOptions(command.argument("[what...]", "a place; default: everywhere"))
    .addHelpText("after", HELP)
    .action(async (words: string[]) => {
      const ask = await askFor(command, io);
      const scope = await scopeOf(ask, command, words);
      const about = words.length === 0 ? "all places" : words.join(" ");
      await follow(ask, io, scope, () =>
        ask.tell([headLine(`watching ${about}`, ask.now, frameOf(ask, undefined))]),
      );
      io.end(EXIT.done);
    });
