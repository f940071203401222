/** What a command asks of the ledger, or asks it to do; whatever is wrong becomes one line that says what to do. */
import * as z from "zod";
import { Problem } from "../schemas/answer.ts";
import type { Ledger } from "./ledger.ts";
import { type Request, reach } from "./reaching.ts";
import { Complaint } from "./record/event.ts";

/** The ledger understood, and says no. */
export class Refused extends Complaint {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(`${status}: ${detail}`);
    this.status = status;
  }
}

const Told = z.looseObject(Problem.shape);

/** Throws Refused, or a Complaint where no ledger is there, or Unreachable. */
export async function ask<T>(ledger: Ledger, schema: z.ZodType<T>, request: Request): Promise<T> {
  const { status, json } = await reach(ledger, request);
  if (status === 401) {
    throw new Refused(401, "the token is missing or wrong: set ASOF_TOKEN or --token-file");
  }
  const answer = status >= 200 && status < 300 ? schema.safeParse(json) : undefined;
  if (answer?.success === true) return answer.data;
  const detail = Told.safeParse(json).data?.detail;
  if (answer !== undefined || detail === undefined) {
    throw new Complaint(`${ledger.url} answers ${status}, as no ledger does: check ASOF_URL or --url`);
  }
  throw new Refused(status, detail);
}
