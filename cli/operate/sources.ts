/** `asof sources`: who reports to the ledger, when each was last heard, and which are silent. */
import type { Command } from "commander";
import type { Sources } from "../../schemas/answers/sources.ts";
import { allPages } from "../../schemas/words/answer-pages.ts";
import { type Ask, askFor, withPrintOptions } from "../ask/options.ts";
import { call, frameOf } from "../ask/question.ts";
import { headLine } from "../ask/release-view.ts";
import { columns, type Line } from "../ask/style.ts";
import { counted, spanBetween } from "../ask/words-for.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";

type Reporting = Sources["sources"][number];

function rowOf({ source, lastRecordedAt, facts, silent }: Reporting, { now }: Ask): Line[] {
  return [
    [silent === true ? { text: "?", tone: "amber" } : { text: " " }],
    [source],
    [
      `${silent === true ? "silent for" : "heard"} ${spanBetween(lastRecordedAt, now)}${silent === true ? "" : " ago"}`,
    ],
    [{ text: `${counted(facts.week, "fact")} in 7 days`, tone: "dim" }],
  ];
}

const HELP = `
A source is silent if it reports nothing for longer than its own longest usual pause, or than ASOF_SILENT_AFTER says.

Examples:
  asof sources
  asof sources -o json

Exit codes:
  0  no source is silent
  1  one is, and is marked
${EXIT_CODES}`;

export const sourcesCommand = (command: Command, io: Io): Command =>
  withPrintOptions(command)
    .addHelpText("after", HELP)
    .action(async () => {
      const ask = await askFor(command, io);
      const pages = await allPages((more) => call(ask, (client) => client.sources({ limit: 100, ...more })));
      const answer = pages.flatMap(({ sources }) => sources);
      const silent = answer.filter((one) => one.silent === true).length;
      await ask.print({
        answer,
        lines: [
          headLine("sources", ask.now, frameOf(ask, undefined)),
          ...columns(
            answer.map((one) => rowOf(one, ask)),
            "  ",
          ),
          [`${counted(answer.length, "source")}, ${silent} silent`],
        ],
      });
      io.end(silent === 0 ? EXIT.done : EXIT.no);
    });
