/** The options of every command that asks: what and when, in which zone, and how the answer is printed. */
import { type Command, Option } from "commander";
import * as z from "zod";
import { memoised } from "../../functions/ledger/loader.ts";
import { nearestOf } from "../../functions/ledger/names/nearest-names.ts";
import { partsOfTag } from "../../schemas/scalars.ts";
import { CliError, UsageError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { type Ledger, LedgerOptions, ledgerFrom, withLedgerOptions } from "../ledger/ledger.ts";
import { groupsAmong, knownServices, type Services } from "./names.ts";
import { type Line, render, type Style } from "./style.ts";
import { timeOf, timeReader } from "./when.ts";
import { exactOptions, quoted, type Reading, readingsOf, type What } from "./words.ts";
import { type Times, timesIn } from "./words-for.ts";

export const OUTPUTS = ["table", "json", "csv", "yaml"] as const;

const maybe = z.string().optional();
const Options = z.looseObject({
  ...LedgerOptions.shape,
  environment: maybe,
  group: maybe,
  service: maybe,
  digest: maybe,
  commit: maybe,
  tag: maybe,
  at: maybe,
  back: z.coerce.number().int().min(0).default(0),
  tz: maybe,
  output: z.enum(OUTPUTS).default("table"),
  json: z.boolean().optional(),
  ascii: z.boolean().optional(),
  sealed: z.boolean().optional(),
});
export type AskOptions = z.infer<typeof Options>;

/** Adds the options that say exactly what the words would. */
export const withAskOptions = (command: Command): Command =>
  withPrintOptions(command)
    .option("-e, --environment <name>", "exactly this environment")
    .option("-g, --group <name>", "exactly this group of environments")
    .option("-s, --service <name>", "exactly this service")
    .option("--digest <digest>", "exactly this image")
    .option("--commit <sha>", "exactly this commit")
    .option("--tag <repository:tag>", "exactly this tag")
    .option("--at <when>", "when")
    .option("--back <n>", "so many releases before");

export const withPrintOptions = (command: Command): Command =>
  withLedgerOptions(command)
    .option("--tz <zone>", "the time zone of times (default: $TZ, else this machine's)")
    .addOption(
      new Option("-o, --output <form>", "table, or the ledger's answer as JSON, YAML or CSV").choices(
        OUTPUTS,
      ),
    )
    .addOption(new Option("--json", "the same as -o json").hideHelp())
    .option("--ascii", "no characters beyond ASCII");

/** One run of a command that asks. */
export interface Ask {
  readonly ledger: Ledger;
  readonly options: AskOptions;
  readonly now: string;
  readonly tz: string;
  readonly times: Times;
  /** Characters a line. */
  readonly width: number;
  /** The same where a terminal shows them; elsewhere a row of a table stays one line, for programs that read lines. */
  readonly room: number;
  /** Reads words of a time; undefined if they are none. */
  readonly read: (words: string) => string | undefined;
  /** The services that the ledger knows, read once. */
  readonly services: () => Promise<Services>;
  readonly print: (view: View) => Promise<void>;
  /** Shows lines to a person beside the answer: on standard error where programs read the answer. */
  readonly tell: (lines: readonly Line[]) => void;
}

/** An answer: what the ledger said, and lines for people. */
export interface View {
  readonly answer: unknown;
  /** The lines of CSV, where they are not the answer's own list. */
  readonly rows?: readonly object[];
  readonly lines: readonly Line[];
}

/** The views of several places, one below the other. The answer of one place is its own. */
export function sideBySide(views: readonly View[]): View {
  const [first] = views;
  return {
    answer: views.length === 1 ? first?.answer : views.map(({ answer }) => answer),
    lines: views.flatMap(({ lines }, n) => [...(n === 0 ? [] : [[]]), ...lines]),
  };
}

const WIDTH = 80;
const widthIn = ({ columns }: Io, elsewhere: number): number =>
  columns === undefined ? elsewhere : Math.max(40, Math.min(columns, 160));

const isZone = (tz: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: tz }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
};

export function zoneOf({ tz }: { readonly tz?: string | undefined }, { env }: Io): string {
  if (tz !== undefined && !isZone(tz))
    throw new UsageError(`--tz: ${tz} is no time zone, like Europe/Berlin`);
  const given = tz ?? env.TZ ?? "";
  return given !== "" && isZone(given) ? given : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

const styleOf = ({ ascii }: AskOptions, { env, columns }: Io): Style => {
  const isTerminal = columns !== undefined && env.TERM !== "dumb";
  return { color: isTerminal && (env.NO_COLOR ?? "") === "", links: isTerminal, ascii: ascii === true };
};

const PLAIN: Style = { color: false, links: false, ascii: false };
const isTable = ({ output, json }: AskOptions): boolean => output === "table" && json !== true;

async function print(
  { output, json }: AskOptions,
  style: Style,
  { out, styled = out }: Io,
  { answer, lines, rows }: View,
): Promise<void> {
  if (output === "json" || json === true) return out(JSON.stringify(answer));
  if (output === "yaml") return out((await import("yaml")).stringify(answer).trimEnd());
  if (output === "csv") return out((await import("./csv.ts")).csvOf(rows ?? answer));
  for (const line of lines) styled(render(line, style));
}

export async function askFor(command: Command, io: Io): Promise<Ask> {
  const options = Options.parse(command.opts());
  const tz = zoneOf(options, io);
  const now = io.now();
  const style = styleOf(options, io);
  const ledger = ledgerFrom(options, io);
  return {
    ledger,
    options,
    now: now.toISOString(),
    tz,
    times: timesIn(tz, now.toISOString()),
    width: widthIn(io, WIDTH),
    room: widthIn(io, Number.POSITIVE_INFINITY),
    read: await timeReader({ now, tz }),
    services: memoised(() => knownServices(ledger)),
    print: (view) => print(options, style, io, view),
    tell: (lines) => {
      const { out, err, styled = out } = io;
      const [write, form] = isTable(options) ? [styled, style] : [err, PLAIN];
      for (const line of lines) write(render(line, form));
    },
  };
}

/** Whether neither words nor options name what is asked about. */
export const isAboutNothing = ({ options }: Pick<Ask, "options">, words: readonly string[]): boolean =>
  words.length === 0 &&
  (["environment", "group", "digest", "commit", "tag"] as const).every((one) => options[one] === undefined);

/** What was asked, with the time as the ledger takes it; undefined: now. */
export interface Asked {
  readonly what: What;
  readonly at: string | undefined;
}

/** The reading that options name; undefined without any. */
function exactly({ environment, group, service, digest, commit, tag, back }: AskOptions): What | undefined {
  const ofService = service === undefined ? {} : { service };
  if (environment !== undefined) return { is: "place", environment, ...ofService, back };
  if (group !== undefined) return { is: "group", group, ...ofService };
  if (digest !== undefined) return { is: "image", digest };
  if (commit !== undefined) return { is: "commit", sha: commit };
  if (tag === undefined) return undefined;
  const { repository = "", ...named } = partsOfTag(tag);
  if (repository === "")
    throw new UsageError(`--tag: ${tag} must be a repository and a tag, like ghcr.io/acme/web:1.4`);
  return { is: "tag", repository, tag: named.tag };
}

const commandOf = (name: string, reading: Reading): string =>
  ["asof", name, ...exactOptions(reading).map(quoted)].join(" ");

/**
 * What the words or the options name. Throws a CliError where they name nothing, or several things.
 * @param only what a place may be: an environment that has the name of a group, too, is the environment then
 */
export async function askedBy(
  { options, ...ask }: Ask,
  command: Command,
  words: readonly string[],
  { only }: { readonly only?: "environments" } = {},
): Promise<Asked> {
  const time = (when: string | undefined) => (when === undefined ? undefined : timeOf(ask.read, when));
  const exact = exactly(options);
  if (exact !== undefined) {
    if (words.length > 0 && options.at !== undefined)
      throw new UsageError(`${words.join(" ")}: --at names the time already`);
    return { what: exact, at: time(options.at ?? (words.length === 0 ? undefined : words.join(" "))) };
  }
  const reading = await readingBy(ask, command, words, { only });
  return { what: reading.what, at: time(options.at ?? reading.when) };
}

/** The one thing that the words name. Throws a CliError where they name nothing, or several things. */
export async function readingBy(
  { ledger, read, services }: Pick<Ask, "ledger" | "read" | "services">,
  command: Command,
  words: readonly string[],
  { only }: { readonly only?: "environments" | undefined } = {},
): Promise<Reading> {
  const [known, groups] = await Promise.all([
    services(),
    only === undefined ? groupsAmong(ledger, words) : [],
  ]);
  const readings = readingsOf(words, { services: known, groups }, (when) => read(when) !== undefined);
  const [reading, ...others] = readings;
  if (reading === undefined) throw new CliError(unknownWords(words, known), { exit: EXIT.unknown });
  if (others.length > 0) {
    const commands = readings.map((one) => `  ${commandOf(command.name(), one)}`);
    throw new UsageError([`${words.join(" ")} may mean several things:`, ...commands].join("\n"));
  }
  return reading;
}

/** Whether the day or the month comes first depends on who wrote it. */
const AMBIGUOUS = /\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b/;

function unknownWords(words: readonly string[], services: Services): string {
  const text = words.join(" ");
  const date = AMBIGUOUS.exec(text)?.[0];
  if (date !== undefined) return `${date}: day or month first? Write the date like 2026-10-22`;
  const names = services.flatMap(({ service, environments }) =>
    environments.flatMap((environment) => [environment, `${environment}/${service}`]),
  );
  const like = nearestOf(text.replace(/[~@].*$/s, ""), names);
  const hint =
    like.length === 0
      ? "asof show without words lists what there is"
      : `did you mean ${like.map(quoted).join(", ")}?`;
  return `${text}: the ledger knows no such place, image, commit or tag at such a time; ${hint}`;
}
