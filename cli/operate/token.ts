/** `asof token`: makes tokens, and lists and revokes those in a ledger's folder. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import * as z from "zod";
import { writeWhole } from "../../functions/adapters/folder/whole-file.ts";
import {
  hasEnded,
  holderName,
  newToken,
  parseTokens,
  ROLES,
  type Token,
} from "../../functions/ledger/authority/authority.ts";
import { GRANTS } from "../../functions/ledger/authority/grants.ts";
import { lineOf, TOKEN_FILE, tokensIn } from "../../functions/ledger/authority/token-lines.ts";
import { sha256 } from "../../functions/ledger/canonical.ts";
import { faultsOf } from "../../schemas/scalars.ts";
import { CliError, UsageError } from "../error.ts";
import { onDisk } from "../file/disk.ts";
import type { Io } from "../io.ts";

const maybe = z.string().optional();
const NewOptions = z.looseObject({
  role: z.string(),
  name: z.string(),
  grants: z.array(z.string()).default([]),
  expires: maybe,
  data: maybe,
  json: z.boolean().optional(),
});
type NewOptions = z.infer<typeof NewOptions>;
const Options = z.looseObject({ data: maybe, json: z.boolean().optional() });

const HELP = `
Examples:
  asof token new --role writer --name ci --grants environments=staging sources=/cli/github.com/acme
  asof token new --role reader --name dashboards --expires 90d --data /var/lib/asof

The token is printed once; the ledger keeps only its hash. With --data the line goes into the ledger's folder, where the
running ledger reads it within ten seconds; without it, put the printed line into ASOF_TOKENS, or into the secret on AWS.
A writer without sources may report for those under /ci/<name>.`;

const DAYS = /^(\d{1,4})d$/;

/** The last day: a date, or so many days from now. */
function lastDay(given: string, { now }: Io): string {
  const days = DAYS.exec(given)?.[1];
  return days === undefined
    ? given
    : new Date(now().getTime() + Number(days) * 86_400_000).toISOString().slice(0, 10);
}

function onlyOne([token]: readonly Token[]): Token {
  if (token === undefined) throw new Error("holds no token");
  return token;
}

/** The token as the ledger would read its line. Throws a CliError that names what is invalid. */
function parsedLine(line: string): Token {
  // Both separate tokens: what follows would be another one.
  if (/[,\r\n]/.test(line))
    throw new UsageError("names and grants hold no comma and no line break; nothing was made");
  try {
    return onlyOne(parseTokens(line));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^entry \d+: /, "") : String(error);
    throw new UsageError(`${reason}; nothing was made`);
  }
}

function newLine({ role, name, grants, expires }: NewOptions, token: string, io: Io): string {
  const named = holderName.safeParse(name);
  if (!named.success) throw new UsageError(`--name: ${faultsOf(named.error)}`);
  const hasSources = grants.some((grant) => grant.startsWith("sources="));
  const own = role === "writer" && !hasSources ? [`sources=/ci/${name}`] : [];
  const ends = expires === undefined ? [] : [`expires=${lastDay(expires, io)}`];
  const line = [role, name, `sha256=${sha256(token)}`, ...own, ...grants, ...ends].join(":");
  const read = parsedLine(line);
  if (hasEnded(read, io.now())) throw new UsageError(`expires: ${read.expires} is over; nothing was made`);
  return lineOf(read);
}

function textIn(folder: string): string {
  if (!existsSync(folder)) throw new UsageError(`--data ${folder}: there is no such folder`);
  const file = join(folder, TOKEN_FILE);
  return onDisk(file, () => (existsSync(file) ? readFileSync(file, "utf8") : ""));
}

function tokensOf(folder: string): Token[] {
  try {
    return tokensIn(textIn(folder));
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      `${join(folder, TOKEN_FILE)}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Whole: a running ledger reads the file again and again. */
function write(folder: string, text: string): void {
  const file = join(folder, TOKEN_FILE);
  onDisk(file, () => writeWhole(file, text));
}

function make(options: NewOptions, io: Io): void {
  const token = newToken();
  const line = newLine(options, token, io);
  const { data, json } = options;
  if (data !== undefined) {
    tokensOf(data);
    const before = textIn(data);
    write(data, `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${line}\n`);
  }
  if (json === true) io.out(JSON.stringify({ token, line }));
  else {
    io.out(token);
    io.err(
      `asof: this is shown once. ${data === undefined ? "For ASOF_TOKENS:" : `Added to ${join(data, TOKEN_FILE)}:`}`,
    );
    io.err(line);
  }
}

/** The first digits of the hash: they tell tokens of one name apart, and reveal nothing. */
const shortId = ({ hash }: Token): string => hash.slice(0, 12);

const folderOf = (data: string | undefined, { env }: Io): string => data ?? (env.ASOF_DATA || ".asof");

function list(options: z.infer<typeof Options>, io: Io): void {
  const shown = tokensOf(folderOf(options.data, io)).map((token) => {
    const { hash, ...holder } = token;
    return { id: shortId(token), ...holder, ended: hasEnded(token, io.now()) };
  });
  if (options.json === true) {
    io.out(JSON.stringify({ tokens: shown }));
    return;
  }
  for (const { id, role, name, ended, expires, ...grants } of shown) {
    const ends = expires === undefined ? "does not end" : `${ended ? "ended" : "ends"} ${expires}`;
    const bound = Object.entries(grants).map(([grant, values]) => `${grant}=${[values].flat().join("|")}`);
    io.out([id, role, name, ends, ...bound].join("  "));
  }
}

function revoke(which: string, options: z.infer<typeof Options>, io: Io): void {
  const folder = folderOf(options.data, io);
  const found = tokensOf(folder).filter((token) => token.name === which || shortId(token) === which);
  const [token] = found;
  if (token === undefined)
    throw new CliError(`${join(folder, TOKEN_FILE)} has no token ${which}: see asof token list`);
  if (found.length > 1)
    throw new UsageError(
      `${which} is the name of ${found.length} tokens: give one's id, ${found.map(shortId).join(" or ")}`,
    );
  const lines = textIn(folder).split("\n");
  const kept = lines.filter((line) => !line.includes(`:sha256=${token.hash}`));
  write(folder, kept.join("\n"));
  io.out(`revoked: ${shortId(token)} ${token.name}. A running ledger refuses it within ten seconds.`);
}

const withData = (command: Command): Command =>
  command.option("--data <folder>", "the ledger's folder (default: $ASOF_DATA, else .asof)");

export function tokenCommand(command: Command, io: Io): Command {
  const create = command
    .command("new")
    .description("makes a token, prints it once, and the line with its hash")
    .addOption(new Option("--role <role>", "what it may do").choices([...ROLES]).makeOptionMandatory())
    .requiredOption("--name <name>", "by this name its facts are known (`reportedBy`)")
    .option("--grants <grant...>", `what it is bound to: ${GRANTS.join("=…, ")}=…, several values apart by |`)
    .option("--expires <date>", "its last day (UTC): 2027-02-28, or 90d from now")
    .option("--data <folder>", "add it to the tokens in this folder of a ledger")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", HELP);
  create.action(() => make(NewOptions.parse(create.opts()), io));

  const listed = withData(
    command.command("list").description("the tokens in the ledger's folder, without secrets"),
  ).option("--json", "print JSON, for programs");
  listed.action(() => list(Options.parse(listed.opts()), io));

  const revoked = withData(
    command
      .command("revoke")
      .description("takes a token out of the ledger's folder")
      .argument("<token>", "its name, or its id from list"),
  );
  revoked.action((which: string) => revoke(which, Options.parse(revoked.opts()), io));
  return command.addHelpText("after", "\nTokens in ASOF_TOKENS, or in the secret on AWS, are revoked there.");
}
