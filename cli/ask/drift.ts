/** `asof drift`: where something else runs than was deployed. */
import type { Command } from "commander";
import { AT_ONCE, mapLimit } from "../../functions/ledger/map-limit.ts";
import { DRIFT_STATES, type PlaceDrift } from "../../schemas/answers/drift.ts";
import { allPages } from "../../schemas/words/answer-pages.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { type Ask, askFor, withAskOptions } from "./options.ts";
import { call, frameOf } from "./question.ts";
import { driftWords, headLine } from "./release-view.ts";
import { type Scope, scopeOf } from "./status.ts";
import { columns, type Line, wrapped } from "./style.ts";
import { counted, shortDigest, spanBetween } from "./words-for.ts";

const SIGNS = {
  drifting: { text: "!", tone: "amber" },
  undeployed: { text: "!", tone: "amber" },
  unobserved: { text: "?" },
  "as deployed": { text: "=" },
} as const;

async function driftIn(ask: Ask, scope: readonly Scope[]): Promise<PlaceDrift[]> {
  const found = await mapLimit(AT_ONCE, scope, async ({ environment, service }) => {
    const pages = await allPages((more) =>
      call(ask, (client) => client.drift({ environment, limit: 100, ...more })),
    );
    return pages
      .flatMap(({ services }) => services)
      .filter((one) => service === undefined || one.service === service);
  });
  return found.flat();
}

function wordsOf({ state, drift, seenAt }: PlaceDrift, { times, now }: Ask): Line {
  if (drift !== null) return [{ text: driftWords(drift, times), tone: "amber" }];
  if (state === "as deployed" && seenAt !== null)
    return [`as deployed, seen ${spanBetween(seenAt, now)} ago`];
  return [{ text: DRIFT_STATES[state], tone: state === "undeployed" ? "amber" : "dim" }];
}

const imageOf = ({
  component,
  digest,
}: {
  readonly component: string;
  readonly digest: string | null;
}): string => `${component} ${digest === null ? "of an unknown image" : shortDigest(digest)}`;

/** What differs, with its evidence, below the row of the place. */
function evidenceOf({ undeployed, missing }: PlaceDrift, { times, room }: Ask): Line[] {
  const runs = undeployed.map((one) => {
    const since = one.since === null ? "" : ` since ${times.time(one.since)}`;
    return `${imageOf(one)} runs${since}, not deployed (${one.fact.source} ${one.fact.id})`;
  });
  const lacks = missing.map((one) => {
    const by = one.deployedBy === null ? "" : ` by ${one.deployedBy}`;
    const when = times.time(one.deployedAt);
    return `${imageOf(one)} deployed ${when}${by}, does not run (${one.fact.source} ${one.fact.id})`;
  });
  return [...runs, ...lacks].flatMap((text) => wrapped([{ text: `    ${text}`, tone: "dim" }], room, 6));
}

/** Rows of one table, each with the lines below it. */
const rowsOf = (places: readonly PlaceDrift[], ask: Ask): Line[] =>
  columns(
    places.map((one) => [[SIGNS[one.state]], [`${one.environment}/${one.service}`], wordsOf(one, ask)]),
    "  ",
  ).flatMap((line, n) => [line, ...(places[n] === undefined ? [] : evidenceOf(places[n], ask))]);

const HELP = `
Examples:
  asof drift production
  asof drift production/billing

Exit codes:
  0  nothing drifts, as far as anybody looked
  1  something does, or runs without having been deployed, and is printed
${EXIT_CODES}`;

export const driftCommand = (command: Command, io: Io): Command =>
  withAskOptions(command.argument("[what...]", "a place; default: everywhere"))
    .addHelpText("after", HELP)
    .action(async (words: string[]) => {
      const ask = await askFor(command, io);
      const answer = await driftIn(ask, await scopeOf(ask, command, words));
      const numberOf = (state: PlaceDrift["state"]) => answer.filter((one) => one.state === state).length;
      const [drifting, undeployed] = [numberOf("drifting"), numberOf("undeployed")];
      await ask.print({
        answer,
        lines: [
          headLine(words.length === 0 ? "all places" : words.join(" "), ask.now, frameOf(ask, undefined)),
          ...rowsOf(answer, ask),
          [
            `${counted(drifting, "service")} ${drifting === 1 ? "drifts" : "drift"}, ${numberOf("as deployed")} as deployed, ${numberOf("unobserved")} not observed, ${undeployed} never deployed`,
          ],
        ],
      });
      io.end(drifting + undeployed === 0 ? EXIT.done : EXIT.no);
    });
