/** `asof status`: all that is wrong, everywhere or in one place. */
import type { Command } from "commander";
import { AT_ONCE, mapLimit } from "../../functions/ledger/map-limit.ts";
import type { Release } from "../../schemas/answers/release.ts";
import { allPages } from "../../schemas/words/answer-pages.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { type Answers, findingLines, findingRows, wrongIn } from "./findings.ts";
import { extentsOf } from "./log.ts";
import { type Ask, askedBy, askFor, isAboutNothing, withAskOptions } from "./options.ts";
import { call, frameOf, snapshotOf } from "./question.ts";
import { headLine } from "./release-view.ts";

export interface Scope {
  readonly environment: string;
  readonly service?: string;
}

/** The places that the words name; without any, all. Throws a CliError where they name a time. */
export async function scopeOf(ask: Ask, command: Command, words: readonly string[]): Promise<Scope[]> {
  if (!isAboutNothing(ask, words)) return extentsOf(ask, (await askedBy(ask, command, words)).what);
  const services = await ask.services();
  const names = new Set(services.flatMap(({ environments }) => environments));
  return [...names].sort().map((environment) => ({ environment }));
}

/** What runs now in each of the places, and in their services. */
export async function releasesIn(ask: Ask, scope: readonly Scope[]): Promise<Release[]> {
  const snapshots = await mapLimit(AT_ONCE, scope, async ({ environment, service }) => {
    const { releases } = await snapshotOf(ask, { environment }, undefined);
    return releases.filter((one) => service === undefined || one.service === service);
  });
  return snapshots.flat();
}

async function freezesIn(ask: Ask, scope: readonly Scope[]): Promise<Answers["freezes"]> {
  const pages = await allPages((more) => call(ask, (client) => client.freezes({ limit: 100, ...more })));
  return pages
    .flatMap(({ freezes }) => freezes)
    .filter((freeze) =>
      scope.some(
        ({ environment, service }) =>
          environment === freeze.environment &&
          (service === undefined || freeze.service === null || freeze.service === service),
      ),
    );
}

/** Sources and the quarantine are of no place. */
async function sourcesOf(ask: Ask): Promise<Pick<Answers, "sources" | "keptAside" | "tokensEnding">> {
  const pages = await allPages((more) => call(ask, (client) => client.sources({ limit: 100, ...more })));
  const [{ keptAside, tokensEnding = [] }] = pages;
  return { sources: pages.flatMap(({ sources }) => sources), keptAside, tokensEnding };
}

const HELP = `
Drift, failed deployments and those under way for more than an hour, warnings, images that are gone, freezes, silent sources,
the quarantine, and tokens that end soon.

Examples:
  asof status
  asof status production

Exit codes:
  0  nothing is wrong
  1  something is, and printed
${EXIT_CODES}`;

export const statusCommand = (command: Command, io: Io): Command =>
  withAskOptions(command.argument("[what...]", "a place; default: everywhere"))
    .addHelpText("after", HELP)
    .action(async (words: string[]) => {
      const ask = await askFor(command, io);
      const scope = await scopeOf(ask, command, words);
      const [releases, freezes, sources] = await Promise.all([
        releasesIn(ask, scope),
        freezesIn(ask, scope),
        sourcesOf(ask),
      ]);
      const answer = wrongIn({ releases, freezes, ...sources }, ask);
      const lines = findingLines(answer, ask);
      const about = words.length === 0 ? "all places" : words.join(" ");
      await ask.print({
        answer,
        rows: findingRows(answer, ask),
        lines: [
          headLine(about, ask.now, frameOf(ask, undefined)),
          ...(lines.length === 0 ? [["  nothing is wrong, as far as the ledger was told"]] : lines),
        ],
      });
      io.end(lines.length === 0 ? EXIT.done : EXIT.no);
    });
