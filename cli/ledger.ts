/** The ledger that a command speaks to: where it is, and whose token is shown to it. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import * as z from "zod";
import { url } from "../schemas/scalars.ts";
import { CliError } from "./error.ts";
import type { Io } from "./io.ts";

export interface Ledger {
  readonly url: string;
  readonly token: string | undefined;
  /** The first wait between two tries; it doubles. */
  readonly waitMs: number;
  /** Absent where nobody waits at a terminal for the answer. */
  readonly person?: Person;
}

/** Somebody at a terminal, who is told why an answer does not come. */
export interface Person {
  readonly tell: (line: string) => void;
  readonly now: () => Date;
}

const maybe = z.string().optional();

export const LedgerOptions = z.looseObject({ url: maybe, tokenFile: maybe });
export type LedgerOptions = z.infer<typeof LedgerOptions>;

export const withLedgerOptions = (command: Command): Command =>
  command
    .option("--url <url>", "the ledger's address (default: $ASOF_URL, else http://127.0.0.1:8787)")
    .option("--token-file <file>", "a file that holds the token (default: $ASOF_TOKEN)");

const DEFAULT_URL = "http://127.0.0.1:8787";

function tokenFrom(file: string | undefined, env: Io["env"]): string | undefined {
  const [where, text] =
    file === undefined
      ? ["ASOF_TOKEN", env.ASOF_TOKEN]
      : [`--token-file ${file}`, textOf("--token-file", file)];
  const token = text?.trim();
  if (token === undefined || token === "") return undefined;
  // Never quoted: a half of it would be in the log.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new CliError(`${where}: holds no token: it must be one word of ASCII`);
  return token;
}

/** What stands in a file that an option names. Throws a CliError where it cannot be read. */
export function textOf(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CliError(`${option} ${file}: cannot be read`, { cause });
  }
}

/**
 * The ledger that is meant. Throws a CliError where its address is none.
 * @param schema what is asked of its address
 */
export function ledgerFrom(given: LedgerOptions, io: Io, schema: z.ZodType<string> = url): Ledger {
  const { env, waitMs, isAttended, err, now } = io;
  const address = given.url ?? env.ASOF_URL ?? DEFAULT_URL;
  const parsed = schema.safeParse(address);
  if (!parsed.success) {
    throw new CliError(
      `${given.url === undefined ? "ASOF_URL" : "--url"}: ${parsed.error.issues[0]?.message}`,
    );
  }
  const person = { tell: (line: string) => err(`asof: ${line}`), now };
  return {
    url: address,
    token: tokenFrom(given.tokenFile, env),
    waitMs,
    ...(isAttended ? { person } : {}),
  };
}
