/** `asof names`: each sender's own names, what they stand for and by which rule; and the effect of changed rules. */
import type { Command } from "commander";
import * as z from "zod";
import { namesBy, Rules } from "../../functions/ledger/names/naming-rules.ts";
import type { NameRow } from "../../schemas/answers/names.ts";
import { faultsOf } from "../../schemas/scalars.ts";
import { allPages } from "../../schemas/words/answer-pages.ts";
import { askFor, withPrintOptions } from "../ask/options.ts";
import { call, frameOf } from "../ask/question.ts";
import { headLine } from "../ask/release-view.ts";
import { columns, type Line, widthOf, wrapped } from "../ask/style.ts";
import { counted } from "../ask/words-for.ts";
import { UsageError } from "../error.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { textOf } from "../ledger/ledger.ts";

const Options = z.looseObject({ rules: z.string().optional() });

type Named = NameRow["named"];

/** A row, and what other rules would give. */
interface Tried extends NameRow {
  readonly would?: Named;
}

function rulesIn(file: string): Rules {
  let json: unknown;
  try {
    json = JSON.parse(textOf("--rules", file));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--rules ${file}: is no JSON`);
  }
  const parsed = Rules.safeParse(json);
  if (!parsed.success) throw new UsageError(`--rules ${file}: ${faultsOf(parsed.error)}`);
  return parsed.data;
}

/** What the rules would give for a row's names. A rule names only what a statement has, and groups environments. */
export function wouldBe(rules: Rules, { source, vendor, sent }: NameRow): Named {
  const { names } = namesBy(rules, { source, vendor, ...sent });
  const fitting = Object.entries(names).filter(
    ([field]) => field in sent || (field === "group" && sent.environment !== undefined),
  );
  return { ...sent, ...Object.fromEntries(fitting) };
}

const FIELDS = ["group", "environment", "service", "component", "database", "repository"] as const;

const isSame = (one: Named, other: Named): boolean => FIELDS.every((field) => one[field] === other[field]);

const words = (named: Named): string =>
  FIELDS.flatMap((field) => (named[field] === undefined ? [] : [`${field} ${named[field]}`])).join(", ");

const verdictOf = ({ named, rules }: Tried): Line =>
  rules.length === 0
    ? [{ text: "no rule", tone: "dim" }]
    : [`→ ${words(named)} `, { text: `rule ${rules.join(", ")}`, tone: "dim" }];

const wouldOf = ({ would }: Tried): Line =>
  would === undefined ? [] : [{ text: `would be ${words(would)}`, tone: "amber" }];

/** For programs: a line for each name. */
const rowsOf = (rows: readonly Tried[]): Line[] =>
  columns(
    rows.map((row) => [[row.source], [words(row.sent)], verdictOf(row), wouldOf(row)]),
    "  ",
  );

/** A name in one line of a terminal, or with what it stands for below. */
function rowLines(row: Tried, room: number): Line[] {
  const below = [row.rules.length === 0 ? [] : verdictOf(row), wouldOf(row)].filter(
    (part) => part.length > 0,
  );
  const line = [`  ${words(row.sent)}`, ...below.flatMap((part) => ["  ", ...part])];
  if (widthOf(line) <= room) return [line];
  return [
    ...wrapped([`  ${words(row.sent)}`], room, 4),
    ...below.flatMap((part) => wrapped(["    ", ...part], room, 6)),
  ];
}

function sourceLine(source: string, rows: readonly Tried[]): Line {
  const own = rows.filter((row) => row.source === source);
  const unmapped = own.filter(({ rules }) => rules.length === 0).length;
  const note = unmapped === 0 ? "" : `  ${unmapped === own.length ? "" : `${unmapped} with `}no rule`;
  return [
    { text: source, tone: "bold" },
    { text: note, tone: "dim" },
  ];
}

/** The names of each source, below it. */
function linesOf(rows: readonly Tried[], room: number): Line[] {
  if (!Number.isFinite(room)) return rowsOf(rows);
  return rows.flatMap((row, n): Line[] => [
    ...(row.source === rows[n - 1]?.source ? [] : [sourceLine(row.source, rows)]),
    ...rowLines(row, room),
  ]);
}

const HELP = `
The names of the newest facts of each source, as the sender gives them; those without a rule keep them. With --rules, those that
another list of rules would name otherwise: facts that are recorded already keep their names.

Examples:
  asof names
  asof names --rules rules.json

Exit codes:
  0  shown
${EXIT_CODES}`;

export const namesCommand = (command: Command, io: Io): Command =>
  withPrintOptions(command)
    .option("--rules <file>", "try these naming rules: a file like that of ASOF_RULES")
    .addHelpText("after", HELP)
    .action(async () => {
      const ask = await askFor(command, io);
      const { rules: file } = Options.parse(command.opts());
      const rules = file === undefined ? undefined : rulesIn(file);
      const pages = await allPages((more) => call(ask, (client) => client.names({ limit: 100, ...more })));
      const known = pages.flatMap(({ names }) => names);
      const tried = (row: NameRow): Tried[] => {
        const would = wouldBe(rules ?? [], row);
        return isSame(would, row.named) ? [] : [{ ...row, would }];
      };
      const rows: readonly Tried[] = rules === undefined ? known : known.flatMap(tried);
      const unmapped = known.filter((row) => row.rules.length === 0).length;
      const end =
        rules === undefined
          ? `${counted(known.length, "name")}, ${unmapped} without a rule`
          : `${counted(rows.length, "name")} of ${known.length} would be another`;
      await ask.print({
        answer: rows,
        lines: [headLine("names", ask.now, frameOf(ask, undefined)), ...linesOf(rows, ask.room), [end]],
      });
      io.end(EXIT.done);
    });
