/** `asof drift`: where something else runs than was deployed. */
import type { Command } from "commander";
import type { Release } from "../../schemas/release.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { frameOf } from "./asking.ts";
import { type Ask, askFor, withAskOptions } from "./options.ts";
import { driftWords, headLine } from "./release-view.ts";
import { releasesIn, scopeOf } from "./status.ts";
import { columns, type Line } from "./style.ts";
import { counted, spanBetween } from "./words-for.ts";

function rowOf(release: Release, { times, now }: Ask): Line[] {
  const { environment, service, drift, seenAt } = release;
  const place = `${environment}/${service}`;
  if (drift !== null)
    return [[{ text: "!", tone: "amber" }], [place], [{ text: driftWords(drift, times), tone: "amber" }]];
  return seenAt == null
    ? [["?"], [place], [{ text: "nobody reports what runs there", tone: "dim" }]]
    : [["="], [place], [`as deployed, seen ${spanBetween(seenAt, now)} ago`]];
}

const HELP = `
Examples:
  asof drift production
  asof drift production/billing

Exit codes:
  0  nothing drifts, as far as anybody looked
  1  something does, and is printed
${EXIT_CODES}`;

export const driftCommand = (command: Command, io: Io): Command =>
  withAskOptions(command.argument("[what...]", "a place; default: everywhere"))
    .addHelpText("after", HELP)
    .action(async (words: string[]) => {
      const ask = await askFor(command, io);
      const found = await releasesIn(ask, await scopeOf(ask, command, words));
      const running = found.filter(({ status }) => status === "running");
      const drifting = running.filter(({ drift }) => drift !== null);
      const unseen = running.filter(({ drift, seenAt }) => drift === null && seenAt == null);
      const seen = running.length - drifting.length - unseen.length;
      await ask.print({
        answer: running,
        lines: [
          headLine(words.length === 0 ? "all places" : words.join(" "), ask.now, frameOf(ask, undefined)),
          ...columns(
            running.map((one) => rowOf(one, ask)),
            "  ",
          ),
          [
            `${counted(drifting.length, "service")} ${drifting.length === 1 ? "drifts" : "drift"}, ${seen} as deployed, ${unseen.length} not observed`,
          ],
        ],
      });
      io.end(drifting.length === 0 ? EXIT.done : EXIT.no);
    });
