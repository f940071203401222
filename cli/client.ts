/** What a command asks of the ledger, or asks it to do; whatever is wrong becomes one line that says what to do. */
import type * as z from "zod";
import { readAnswer } from "../schemas/answer.ts";
import { CliError } from "./error.ts";
import type { Ledger } from "./ledger.ts";
import { type LedgerRequest, sendRequest } from "./request.ts";

/** The ledger understood, and says no. */
export class Refused extends CliError {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(`${status}: ${detail}`);
    this.status = status;
  }
}

/** Throws Refused, or a CliError where no ledger is there, or Unreachable. */
export async function callLedger<T>(
  ledger: Ledger,
  schema: z.ZodType<T>,
  request: LedgerRequest,
): Promise<T> {
  const { status, json } = await sendRequest(ledger, request);
  if (status === 401) {
    throw new Refused(401, "the token is missing or wrong: set ASOF_TOKEN or --token-file");
  }
  const read = readAnswer(schema, status, json);
  switch (read.is) {
    case "answer":
      return read.value;
    case "problem":
      throw new Refused(status, read.detail);
    case "other":
      throw new CliError(`${ledger.url} answers ${status}, as no ledger does: check ASOF_URL or --url`);
  }
}
