/** Calls of the ledger's API. Every failure is one line that says what to do. */
import type { LedgerClient, LedgerError } from "../../functions/adapters/api-client.ts";
import { CliError } from "../error.ts";
import { EXIT } from "../io.ts";
import type { Ledger } from "./ledger.ts";
import { sendRequest } from "./request.ts";

/** The exit code for an answer that is a problem: the question was wrong, the ledger does not know it, or it refused. */
const exitOf = (status: number): number =>
  status === 404 ? EXIT.unknown : [400, 413, 415, 422].includes(status) ? EXIT.usage : EXIT.denied;

/** The ledger refused the request. */
export class Refused extends CliError {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(`${status}: ${detail}`, { exit: exitOf(status) });
    this.status = status;
  }
}

/**
 * Calls the ledger, with retries.
 * @throws Refused, Unreachable, or a CliError where the address is not a ledger's
 */
export async function callLedger<T>(ledger: Ledger, call: (client: LedgerClient) => Promise<T>): Promise<T> {
  // Loaded with the first question, because it makes the schemas of all answers.
  const { clientOver, LedgerError } = await import("../../functions/adapters/api-client.ts");
  try {
    return await call(clientOver((request) => sendRequest(ledger, request)));
  } catch (error) {
    throw error instanceof LedgerError ? failureOf(ledger, error) : error;
  }
}

/** What an answer means that is not the expected one. */
export function failureOf(
  { url }: Ledger,
  { status, detail }: Pick<LedgerError, "status" | "detail">,
): CliError {
  if (status === 401) {
    return new Refused(
      401,
      "the token is missing or wrong: set ASOF_TOKEN or --token-file, or use asof login",
    );
  }
  if (detail !== undefined) return new Refused(status, detail);
  return new CliError(`${url} answered ${status}, which is no answer of a ledger: check ASOF_URL or --url`, {
    exit: EXIT.unreachable,
  });
}
