/** Tokens as lines of a file, hashed: `asof token` writes them, and the server reads them again and again. */
import { parseTokens, type Token } from "./authority.ts";
import { GRANTS } from "./grants.ts";

/** The file's name in the ledger's folder. */
export const TOKEN_FILE = "tokens";

/** The tokens of a file, one a line; empty lines and those that begin with # are left out. Throws an Error that names the line. */
export const tokensIn = (text: string): Token[] =>
  text.split("\n").flatMap((line, n) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    try {
      return parseTokens(line);
    } catch (error) {
      throw new Error(`line ${n + 1}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });

/** One token as `ASOF_TOKENS` and the file have it. */
export function lineOf(token: Token): string {
  const grants = GRANTS.flatMap((grant) => {
    const values = token[grant];
    return values === undefined ? [] : [`${grant}=${values.join("|")}`];
  });
  const ends = token.expires === undefined ? [] : [`expires=${token.expires}`];
  return [token.role, token.name, `sha256=${token.hash}`, ...grants, ...ends].join(":");
}

/** How long before its end a token is warned of. */
const SOON_MS = 14 * 86_400_000;

/** The tokens that end within two weeks and have not ended, by name. */
export function endingSoon(tokens: readonly Token[], now: Date): { name: string; expires: string }[] {
  const today = now.toISOString().slice(0, 10);
  const soon = new Date(now.getTime() + SOON_MS).toISOString().slice(0, 10);
  return tokens.flatMap(({ name, expires }) =>
    expires !== undefined && expires >= today && expires <= soon ? [{ name, expires }] : [],
  );
}
