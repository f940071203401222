/** Reads the file of policies that decide which OIDC tokens are accepted. */
import { Identities } from "../../ledger/authority/identities.ts";
import { textOf } from "./files.ts";
import { ConfigurationError, parse } from "./secrets.ts";

const VARIABLE = "ASOF_IDENTITIES";

/**
 * The policies in a file; undefined if no file is set. Throws a ConfigurationError.
 * @param read parses the file's text, as YAML or as JSON
 */
export function identitiesFrom(
  { [VARIABLE]: file }: NodeJS.ProcessEnv,
  read: (text: string) => unknown,
): Identities | undefined {
  if (file === undefined || file === "") return undefined;
  const text = textOf(VARIABLE, file);
  let value: unknown;
  try {
    value = read(text);
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new ConfigurationError(`${VARIABLE}: ${file} cannot be read: ${why}`);
  }
  return parse(VARIABLE, Identities, value);
}
