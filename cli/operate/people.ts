/** `asof people`: lists the persons in the history, shows what is held about one, and erases one. */

import type { Command } from "commander";
import * as z from "zod";
import type { ErasureAnswer, HeldAnswer } from "../../schemas/answers/people.ts";
import { answerPages } from "../../schemas/words/answer-pages.ts";
import { CliError } from "../error.ts";
import { count, progressOn } from "../file/progress.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { callLedger } from "../ledger/client.ts";
import { type Ledger, LedgerOptions, ledgerFrom, withLedgerOptions } from "../ledger/ledger.ts";

const Options = z.looseObject({
  ...LedgerOptions.shape,
  json: z.boolean().optional(),
  yes: z.boolean().optional(),
  reason: z.string().default(""),
});

const HELP = `
  asof people list                                   # login, issuer, and how facts name it
  asof people show octocat                           # what is held about octocat
  asof people show octocat --json >octocat.json      # the same whole, to be handed over
  asof people erase octocat --reason "asked for"     # for good

All of them need the role admin. An erasure is about the login of every issuer. It takes salt and login out of the ledger,
and the login out of what was quarantined and what waits; then nobody can tell any more whom the facts name. They stay, and
so does that two of them name one person. It is recorded without the login. Texts, branches, URLs and names that hold the
login are listed, because they cannot be changed; docs/privacy.md says what else remains, and for how long.

Exit codes:
  0  done
  1  not confirmed: nobody was erased. An erasure that was interrupted is run again
${EXIT_CODES}`;

/** What is held about a login, from all pages. */
type Held = Omit<HeldAnswer, "next">;

async function heldAbout(io: Io, ledger: Ledger, login: string): Promise<Held> {
  const progress = progressOn(io);
  const held: Held = { persons: [], facts: [], quarantined: [] };
  const pages = answerPages((more) =>
    callLedger(ledger, (client) => client.heldAboutPerson({ login, ...more })),
  );
  for await (const page of pages) {
    held.persons = page.persons;
    held.facts.push(...page.facts);
    held.quarantined.push(...page.quarantined);
    progress(() => `reading the history: ${count(held.facts.length, "fact")} found`);
  }
  return held;
}

function* linesOf({ persons, facts, quarantined }: Held): Generator<string> {
  if (persons.length === 0) yield "nobody has this login";
  for (const { person, issuer } of persons) yield `${person}  by ${issuer}`;
  const naming = facts.filter(({ roles }) => roles.length > 0);
  yield `named in ${count(naming.length, "fact")}`;
  for (const { roles, fact } of naming)
    yield `  ${fact.occurredAt}  ${fact.kind}  ${roles.join(", ")}  ${fact.source} ${fact.id}`;
  yield* remaining({ facts, quarantined });
}

/** What an erasure leaves as it is. */
function* remaining({ facts, quarantined }: Pick<Held, "facts" | "quarantined">): Generator<string> {
  const holding = facts.filter(({ holds }) => holds.length > 0);
  if (holding.length > 0)
    yield `the login is in the text of ${count(holding.length, "fact")}, which cannot be changed:`;
  for (const { holds, fact } of holding)
    yield `  ${fact.occurredAt}  ${fact.kind}  ${holds.join(", ")}  ${fact.source} ${fact.id}`;
  for (const key of quarantined) yield `the login is in the quarantined item ${key}`;
}

async function list(io: Io, ledger: Ledger, json: boolean): Promise<void> {
  let listed = 0;
  for await (const { persons } of answerPages((more) =>
    callLedger(ledger, (client) => client.people(more)),
  )) {
    for (const one of persons)
      io.out(json ? JSON.stringify(one) : `${one.login}  by ${one.issuer}  ${one.person}`);
    listed += persons.length;
  }
  if (listed === 0 && !json) io.out("nobody");
}

async function requireConfirmation({ confirm }: Io, login: string, yes = false): Promise<void> {
  if (yes) return;
  if (confirm === undefined) throw new CliError("there is no terminal to ask for confirmation: give --yes");
  if (!(await confirm(`Erase ${login} for good?`))) throw new CliError("not confirmed: nobody was erased");
}

function* erasedLines({ persons, quarantined, jobs, holding }: ErasureAnswer): Generator<string> {
  yield persons.length === 0
    ? "nobody had this login; what an erasure had left is gone"
    : `erased: ${count(persons.length, "person", "persons")}`;
  if (quarantined > 0) yield `taken out of ${count(quarantined, "quarantined item")}`;
  if (jobs === null) yield "waiting jobs cannot be changed: they end within four days";
  else if (jobs > 0) yield `taken out of ${count(jobs, "waiting job")}`;
  for (const key of holding)
    yield `the login is still in the quarantined item ${key}: asof quarantine discard ${key}`;
}

const withJson = (command: Command): Command =>
  withLedgerOptions(command).option("--json", "print JSON, for programs");

function addList(parent: Command, io: Io): void {
  const summary = "lists the persons in the history";
  const command = withJson(parent.command("list").summary(summary).description(summary));
  command.action(async () => {
    const { json = false, ...given } = Options.parse(command.opts());
    await list(io, ledgerFrom(given, io), json);
    io.end(EXIT.done);
  });
}

function addShow(parent: Command, io: Io): void {
  const summary = "shows what is held about a person";
  const command = withJson(parent.command("show").summary(summary).description(summary));
  command.argument("<login>").action(async (login: string) => {
    const { json = false, ...given } = Options.parse(command.opts());
    const held = await heldAbout(io, ledgerFrom(given, io), login);
    for (const line of json ? [JSON.stringify(held)] : linesOf(held)) io.out(line);
    io.end(EXIT.done);
  });
}

function addErase(parent: Command, io: Io): void {
  const summary = "erases a person for good";
  const command = withJson(parent.command("erase").summary(summary).description(summary))
    .argument("<login>")
    .requiredOption("--reason <text>", "why; recorded in the history, so it must not hold the login")
    .option("--yes", "do not ask for confirmation");
  command.action(async (login: string) => {
    const { json = false, reason, yes, ...given } = Options.parse(command.opts());
    const ledger = ledgerFrom(given, io);
    const held = await heldAbout(io, ledger, login);
    for (const line of linesOf(held)) (json ? io.err : io.out)(line);
    await requireConfirmation(io, login, yes);
    const erased = await callLedger(ledger, (client) => client.erasePerson({ login, reason }));
    const remains = held.facts
      .filter(({ holds }) => holds.length > 0)
      .map(({ holds, fact: { source, id, kind } }) => ({ source, id, kind, fields: holds }));
    for (const line of json ? [JSON.stringify({ ...erased, remains })] : erasedLines(erased)) io.out(line);
    io.end(EXIT.done);
  });
}

export function peopleCommand(command: Command, io: Io): Command {
  for (const add of [addList, addShow, addErase]) add(command, io);
  return command.addHelpText("after", HELP);
}
