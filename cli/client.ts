/** Calls of the ledger's API. Every failure is one line that says what to do. */
import type * as z from "zod";
import { type Read, readAnswer } from "../schemas/answer.ts";
import { CliError } from "./error.ts";
import type { Ledger } from "./ledger.ts";
import { type LedgerRequest, sendRequest } from "./request.ts";

/** The ledger refused the request. */
export class Refused extends CliError {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(`${status}: ${detail}`);
    this.status = status;
  }
}

/**
 * Sends a request and reads its answer.
 * @throws Refused, Unreachable, or a CliError where the address is not a ledger's
 */
export async function callLedger<T>(
  ledger: Ledger,
  schema: z.ZodType<T>,
  request: LedgerRequest,
): Promise<T> {
  const { status, json } = await sendRequest(ledger, request);
  const read = readAnswer(schema, status, json);
  if (read.is === "answer") return read.value;
  throw failureOf(ledger, status, read);
}

/** What an answer means that is not the expected one. */
export function failureOf({ url }: Ledger, status: number, read: Read<unknown>): CliError {
  if (status === 401) {
    return new Refused(401, "the token is missing or wrong: set ASOF_TOKEN or --token-file");
  }
  if (read.is === "problem") return new Refused(status, read.detail);
  return new CliError(`${url} answered ${status}, which is no answer of a ledger: check ASOF_URL or --url`);
}
