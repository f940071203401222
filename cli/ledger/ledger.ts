/** The ledger that a command uses: its address and the token to send. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import * as z from "zod";
import { url } from "../../schemas/scalars.ts";
import { UsageError } from "../error.ts";
import type { Io } from "../io.ts";
import { chosenContext } from "./contexts.ts";
import { identityFor } from "./identity.ts";

export interface Ledger {
  readonly url: string;
  readonly token: string | undefined;
  /** A token that nobody had to store: that of the CI job, or of a person who signed in. Asked for without `token`. */
  readonly identity?: () => Promise<string | undefined>;
  /** Milliseconds before the first retry; doubles with each retry. */
  readonly waitMs: number;
  /** Present where a person waits at a terminal. */
  readonly terminal?: Terminal;
}

/** Where a person is shown why an answer takes long. */
export interface Terminal {
  readonly print: (line: string) => void;
  readonly now: () => Date;
}

const maybe = z.string().optional();

export const LedgerOptions = z.looseObject({ url: maybe, tokenFile: maybe, context: maybe });
export type LedgerOptions = z.infer<typeof LedgerOptions>;

export const withLedgerOptions = (command: Command): Command =>
  command
    .option("--url <url>", "the ledger's address (default: $ASOF_URL, else http://127.0.0.1:8787)")
    .option("--token-file <file>", "a file that holds the token (default: $ASOF_TOKEN)")
    .option("--context <name>", "the ledger that asof context knows by this name (default: $ASOF_CONTEXT)");

const DEFAULT_URL = "http://127.0.0.1:8787";

function tokenFrom(file: string | undefined, env: Io["env"]): string | undefined {
  const [where, text] =
    file === undefined
      ? ["ASOF_TOKEN", env.ASOF_TOKEN]
      : [`--token-file ${file}`, textOf("--token-file", file)];
  const token = text?.trim();
  if (token === undefined || token === "") return undefined;
  // Never quoted: part of a token would end up in the log.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UsageError(`${where}: holds no token: a token is one word of printable ASCII`);
  return token;
}

/** The content of a file that an option names. Throws a CliError where it cannot be read. */
export function textOf(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`${option} ${file}: cannot be read`, { cause });
  }
}

/** The address, and the file of its token: from options, else variables, else the context. */
function locationOf(
  { url: given, tokenFile, context: named }: LedgerOptions,
  io: Io,
): { readonly address: string; readonly tokenFile: string | undefined } {
  const { ASOF_URL, ASOF_TOKEN } = io.env;
  const own = given ?? (named === undefined ? ASOF_URL : undefined);
  // The token of a context is sent to its own ledger alone.
  if (own !== undefined) return { address: own, tokenFile };
  const context = chosenContext(named, io);
  if (context === undefined) return { address: DEFAULT_URL, tokenFile };
  const isOwn = named !== undefined || (ASOF_TOKEN ?? "") === "";
  return { address: context.url, tokenFile: tokenFile ?? (isOwn ? context.tokenFile : undefined) };
}

/**
 * The ledger of the options, else of the environment, else of the context. Throws a CliError where the address is invalid.
 * @param schema what the address must satisfy
 */
export function ledgerFrom(options: LedgerOptions, io: Io, schema: z.ZodType<string> = url): Ledger {
  const { env, waitMs, isAttended, err, now } = io;
  const { address, tokenFile } = locationOf(options, io);
  const parsed = schema.safeParse(address);
  if (!parsed.success) {
    throw new UsageError(
      `${options.url === undefined ? "ASOF_URL" : "--url"}: ${parsed.error.issues[0]?.message}`,
    );
  }
  const terminal = { print: (line: string) => err(`asof: ${line}`), now };
  return {
    url: address,
    token: tokenFrom(tokenFile, env),
    identity: identityFor(address, io),
    waitMs,
    ...(isAttended ? { terminal } : {}),
  };
}
