/** `asof freeze`, `unfreeze`, `mark` and `note`: what operators do to a place or an image. */
import type { Command } from "commander";
import * as z from "zod";
import type { LedgerClient } from "../../functions/adapters/api-client.ts";
import { time } from "../../schemas/scalars.ts";
import { type Ask, askFor, readingBy, withPrintOptions } from "../ask/options.ts";
import { call } from "../ask/question.ts";
import { releaseAt } from "../ask/release-history.ts";
import { durationOf } from "../ask/when.ts";
import { artifactIn, isWhole } from "../ask/words.ts";
import { CliError, UsageError } from "../error.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { anyPlaceToChange, confirmed, requireExact } from "./change.ts";

const maybe = z.string().optional();
const Options = z.looseObject({
  yes: z.boolean().optional(),
  create: z.literal(true).optional(),
  reason: maybe,
  from: maybe,
  until: maybe,
  allowRollbacks: z.literal(true).optional(),
  silenceAlerts: z.literal(true).optional(),
  digest: maybe,
  type: z.string().default("change"),
  link: maybe,
});
type Options = z.infer<typeof Options>;

const withChangeOptions = (command: Command): Command =>
  withPrintOptions(command)
    .option("--yes", "do not ask; then only exact names count")
    .option("--create", "accept a name that the ledger does not know yet");

const withPlaceOptions = (command: Command): Command =>
  withChangeOptions(command)
    .option("-e, --environment <name>", "exactly this environment")
    .option("-s, --service <name>", "exactly this service");

type Outcomes = Awaited<ReturnType<LedgerClient["freeze"]>>;

/** Something to be done, in words with full names. */
interface Deed {
  readonly words: string;
  readonly send: (client: LedgerClient) => Promise<Outcomes>;
}

/** Shows what it is about to do, asks where the names came from words, does it, and prints what became of it. */
async function perform(
  command: Command,
  io: Io,
  deedOf: (ask: Ask, options: Options) => Promise<Deed>,
): Promise<void> {
  const options = Options.parse(command.opts());
  requireExact(command, io, options);
  const ask = await askFor(command, io);
  const { words, send } = await deedOf(ask, options);
  ask.tell([[words]]);
  if (command.args.length > 0) await confirmed(io, options, "Do this?", "nothing was recorded");
  const answer = await call(ask, send);
  await ask.print({ answer, lines: answer.outcomes.map(({ outcome }) => [outcome]) });
  io.end(EXIT.done);
}

const inPlace = ({ environment, service }: { environment: string; service?: string }): string =>
  service === undefined ? environment : `${service} in ${environment}`;

const given = <T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  JSON.parse(JSON.stringify(values));

/** A time: RFC 3339, or a duration from now. Throws a CliError for anything else. */
function timeFrom(option: string, text: string | undefined, { now }: Ask): string | undefined {
  if (text === undefined) return undefined;
  const exact = time.safeParse(text);
  if (exact.success) return exact.data;
  if (/^\d{4}-/.test(text))
    throw new UsageError(
      `${option}: ${text} must be like 2026-11-27T18:00:00Z, or a duration from now like 2h`,
    );
  return new Date(Date.parse(now) + durationOf(option, text)).toISOString();
}

const CODES = `
Exit codes:
  0  recorded
${EXIT_CODES}`;

const FREEZE_HELP = `
Examples:
  asof freeze production --reason "the audit" --until 2h
  asof freeze -e production -s acme/billing --reason "the audit" --allow-rollbacks
  asof freeze production --reason "new database" --from 2026-12-05T22:00:00Z --until 2026-12-06T02:00:00Z --silence-alerts
${CODES}`;

export const freezeCommand = (command: Command, io: Io): Command =>
  withPlaceOptions(command.argument("[place...]", "an environment, or ENVIRONMENT/SERVICE"))
    .requiredOption("--reason <text>", "why; it is recorded in the history")
    .option("--from <time>", "when it begins: RFC 3339, or from now like 2h (default: at once)")
    .option("--until <time>", "its last moment (default: until it is ended)")
    .option("--allow-rollbacks", "let redeployments through that operators request")
    .option("--silence-alerts", "planned maintenance: silence the alerts of the place until then, too")
    .addHelpText("after", FREEZE_HELP)
    .action(() =>
      perform(command, io, async (ask, options) => {
        const place = await anyPlaceToChange(command, ask);
        const { reason = "", allowRollbacks, silenceAlerts, create } = options;
        const from = timeFrom("--from", options.from, ask);
        const until = timeFrom("--until", options.until, ask);
        const when = [
          from === undefined ? "" : ` from ${ask.times.zoned(from)}`,
          until === undefined ? "" : ` until ${ask.times.zoned(until)}`,
        ].join("");
        return {
          words: `freeze ${inPlace(place)}${when}${silenceAlerts === true ? ", and silence its alerts" : ""}: ${reason}`,
          send: (client) =>
            client.freeze({
              ...place,
              ...given({ from, until, allowRollbacks, silenceAlerts, create }),
              reason,
            }),
        };
      }),
    );

const UNFREEZE_HELP = `
Examples:
  asof unfreeze production --reason "the audit is over"
  asof unfreeze -e production -s acme/billing --digest "$DIGEST"     # lets this image through; the freeze stays
${CODES}`;

export const unfreezeCommand = (command: Command, io: Io): Command =>
  withPlaceOptions(command.argument("[place...]", "an environment, or ENVIRONMENT/SERVICE"))
    .option("--reason <text>", "why; it is recorded in the history")
    .option("--digest <digest>", "let only this image through")
    .addHelpText("after", UNFREEZE_HELP)
    .action(() =>
      perform(command, io, async (ask, { reason, digest, create }) => {
        const place = await anyPlaceToChange(command, ask);
        const what = digest === undefined ? "end the freeze of" : `let ${digest} through the freeze of`;
        return {
          words: `${what} ${inPlace(place)}${reason === undefined ? "" : `: ${reason}`}`,
          send: (client) => client.endFreeze({ ...place, ...given({ reason, digest, create }) }),
        };
      }),
    );

const NOTE_HELP = `
Examples:
  asof note "vat_eu off -> on" -e production -s acme/billing --type flag
  asof note "a larger database" -e production --type infrastructure --link https://wiki.acme.example/42
${CODES}`;

export const noteCommand = (command: Command, io: Io): Command =>
  withPlaceOptions(command.argument("<title>", "what changed, in one line"))
    .option("--type <type>", "flag, secret, infrastructure, data, or a word of your own", "change")
    .option("--link <url>", "a page about it")
    .addHelpText("after", NOTE_HELP)
    .action(async (title: string) => {
      const { type, link: url, create } = Options.parse(command.opts());
      const ask = await askFor(command, io);
      const { environment, service } = ask.options;
      if (environment === undefined) return command.error("error: give --environment, and perhaps --service");
      const place = { environment, ...given({ service }) };
      ask.tell([[`note of ${inPlace(place)}: ${type} ${title}`]]);
      const answer = await call(ask, (client) =>
        client.note({ ...place, type, title, ...given({ url, create }) }),
      );
      await ask.print({ answer, lines: answer.outcomes.map(({ outcome }) => [outcome]) });
      io.end(EXIT.done);
    });

/** The image that words name: a digest, a tag, or a place that runs one. */
async function imageIn(command: Command, ask: Ask, words: readonly string[]): Promise<[string, string]> {
  const [word = "", ...others] = words;
  const what = others.length === 0 ? artifactIn(word) : undefined;
  if (what?.is === "image" && isWhole(what.digest)) return [what.digest, ""];
  if (what?.is === "tag") {
    const { digest } = await call(ask, (client) => client.tag(what));
    if (digest === null) throw new CliError(`${word}: points at no image`, { exit: EXIT.unknown });
    return [digest, ` (${word})`];
  }
  const named = await readingBy(ask, command, words, { only: "environments" });
  if (named.what.is !== "place" || named.what.service === undefined)
    throw new UsageError(`${words.join(" ")}: give a whole digest, a tag, or ENVIRONMENT/SERVICE`);
  const { environment, service } = named.what;
  const { components } = await releaseAt(ask.ledger, { environment, service }, undefined);
  const [one, ...more] = components.flatMap(({ digest }) => digest ?? []);
  if (one === undefined || more.length > 0)
    throw new CliError(
      `${environment}/${service} runs ${more.length + 1} images, or unknown ones: give a digest`,
    );
  return [one, ` (runs as ${service} in ${environment})`];
}

const VERDICTS = ["good", "bad"] as const;

const MARK_HELP = `
Examples:
  asof mark production/billing bad --reason "invoices are empty"
  asof mark --digest "$DIGEST" good
${CODES}`;

export const markCommand = (command: Command, io: Io): Command =>
  withChangeOptions(command.argument("<what...>", "an image, a tag or a place, then good or bad"))
    .option("--digest <digest>", "exactly this image")
    .option("--reason <text>", "why; it is recorded in the history")
    .addHelpText("after", MARK_HELP)
    .action(async (words: string[]) => {
      const options = Options.parse(command.opts());
      const verdict = VERDICTS.find((one) => one === words.at(-1));
      if (verdict === undefined) return command.error("error: end with good or bad");
      const rest = words.slice(0, -1);
      const isExact = options.digest !== undefined;
      if (isExact === rest.length > 0) return command.error("error: name one image, in words or by --digest");
      if (!isExact) requireExact(command, io, options);
      const ask = await askFor(command, io);
      const [digest, from] = isExact ? [options.digest ?? "", ""] : await imageIn(command, ask, rest);
      ask.tell([[`mark ${digest}${from} as ${verdict}`]]);
      if (!isExact) await confirmed(io, options, "Do this?", "nothing was recorded");
      const { reason, create } = options;
      const answer = await call(ask, (client) =>
        client.mark({ digest, verdict, ...given({ reason, create }) }),
      );
      await ask.print({ answer, lines: answer.outcomes.map(({ outcome }) => [outcome]) });
      io.end(EXIT.done);
    });
