/** `asof quarantine`: lists quarantined events, submits them again, or discards them. */
import type { Command } from "commander";
import * as z from "zod";
import type { LedgerClient } from "../../functions/adapters/api-client.ts";
import type { Quarantine } from "../../schemas/answers/quarantine.ts";
import { CliError } from "../error.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { callLedger, Refused } from "../ledger/client.ts";
import { LedgerOptions, ledgerFrom, withLedgerOptions } from "../ledger/ledger.ts";

const Options = z.looseObject({
  ...LedgerOptions.shape,
  json: z.boolean().optional(),
  cursor: z.string().optional(),
  reason: z.string().optional(),
});
type Options = z.infer<typeof Options>;

const HELP = `
  asof quarantine list                # newest first: key, time, reason
  asof quarantine show KEY            # one, whole
  asof quarantine retry KEY           # after its cause was fixed; it is reported by your token
  asof quarantine discard KEY --reason "a test"

list and show need a token that may ask; with one that is bound, or a writer's, they show what it reported itself. retry
and discard need the role admin.

Exit codes:
  0  done
  1  what was retried is still wrong, and stays in the quarantine: one line says why
${EXIT_CODES}`;

/** Without control characters: reasons quote what senders wrote. */
const plain = (text: string): string => text.replaceAll(/\p{Cc}+/gu, " ");

function* lines({ entries, next }: Quarantine): Generator<string> {
  for (const { key, at, why, reason, door, reportedBy } of entries)
    yield plain(`${key}  ${at}  ${why} at ${door}, from ${reportedBy}: ${reason}`);
  if (entries.length === 0) yield "nothing";
  if (next !== null) yield `more: asof quarantine list --cursor ${next}`;
}

interface Action {
  readonly name: string;
  readonly summary: string;
  readonly takesKey: boolean;
  readonly options: (command: Command) => Command;
  /** The answer, and its lines for a person. */
  readonly run: (client: LedgerClient, key: string, options: Options) => Promise<[object, Iterable<string>]>;
}

const asIs = (command: Command): Command => command;

const ACTIONS: readonly Action[] = [
  {
    name: "list",
    summary: "lists what is quarantined, newest first",
    takesKey: false,
    options: (command) => command.option("--cursor <cursor>", "the next page, as the previous one names it"),
    run: async (client, _, { cursor }) => {
      const page = await client.quarantine(cursor === undefined ? {} : { cursor });
      return [page, lines(page)];
    },
  },
  {
    name: "show",
    summary: "shows one, whole, as JSON",
    takesKey: true,
    options: asIs,
    run: async (client, key) => {
      const item = await client.quarantinedItem(key);
      return [item, [JSON.stringify(item, null, 2)]];
    },
  },
  {
    name: "retry",
    summary: "has one taken again",
    takesKey: true,
    options: asIs,
    run: async (client, key) => {
      const answer = await client.retryQuarantined(key);
      return [
        answer,
        answer.outcomes.map(({ outcome, reason = "" }) => plain(`${outcome} ${reason}`.trim())),
      ];
    },
  },
  {
    name: "discard",
    summary: "takes one out for good",
    takesKey: true,
    options: (command) => command.requiredOption("--reason <text>", "why; the ledger's log keeps it"),
    run: async (client, key, { reason = "" }) => [
      await client.discardQuarantined(key, { reason }),
      [`discarded ${key}`],
    ],
  },
];

function addAction(parent: Command, { name, summary, takesKey, options, run }: Action, io: Io): void {
  const command = parent.command(name).summary(summary).description(summary);
  if (takesKey) command.argument("<key>", "as `asof quarantine list` shows it");
  withLedgerOptions(options(command))
    .option("--json", "print JSON, for programs: the ledger's answer")
    .action(async () => {
      const given = Options.parse(command.opts());
      const [key = ""] = command.args;
      const ledger = ledgerFrom(given, io);
      const [answer, shown] = await callLedger(ledger, (client) => run(client, key, given)).catch(
        (error: unknown) => {
          // It is still wrong: the command line is not.
          throw error instanceof Refused && error.status === 422 ? new CliError(error.message) : error;
        },
      );
      for (const line of given.json === true ? [JSON.stringify(answer)] : shown) io.out(line);
      io.end(EXIT.done);
    });
}

export function quarantineCommand(command: Command, io: Io): Command {
  for (const action of ACTIONS) addAction(command, action, io);
  return command.addHelpText("after", HELP);
}
