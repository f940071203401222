/** Downloads from a running ledger. */
import * as z from "zod";
import { addressOf, authorizationOf } from "../../functions/adapters/api-request.ts";
import * as http from "../../functions/adapters/http-client.ts";
import { FACTS_HEADER, readAnswer } from "../../schemas/read-answer.ts";
import { CliError } from "../error.ts";
import { failureOf } from "../ledger/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { unreachable } from "../ledger/request.ts";

export interface RemoteBackup {
  /** How many facts it must hold at least. */
  readonly facts: number;
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

const Headers = z.object({ facts: z.coerce.number(), bytes: z.coerce.number() });

/**
 * The body of an answer as it comes, for what is too large for one piece.
 * @throws Unreachable, Refused, or a CliError where the address is not a ledger's
 */
export async function streamed(
  ledger: Ledger,
  path: string,
  method: "GET" | "POST" = "GET",
): Promise<{ readonly headers: globalThis.Headers; readonly chunks: AsyncIterable<Uint8Array> }> {
  const headers = authorizationOf({ ...ledger, token: ledger.token ?? (await ledger.identity?.()) });
  try {
    const request = { method, headers, redirect: "manual" } as const;
    const answer = await http.download(addressOf(ledger, path), request);
    if (answer.status === 200) return answer;
    const all: Uint8Array[] = [];
    for await (const chunk of answer.chunks) all.push(chunk);
    const read = readAnswer(z.never(), answer.status, http.parsed(Buffer.concat(all).toString("utf8")));
    const detail = read.is === "problem" ? read.detail : undefined;
    throw failureOf(ledger, { status: answer.status, detail });
  } catch (error) {
    throw error instanceof http.NoAnswer ? unreachable(ledger, error) : error;
  }
}

/** @throws what `streamed` throws */
export async function requestBackup(ledger: Ledger): Promise<RemoteBackup> {
  const { headers, chunks } = await streamed(ledger, "/v1/backups", "POST");
  const read = Headers.safeParse({
    facts: headers.get(FACTS_HEADER),
    bytes: headers.get("content-length"),
  });
  if (!read.success) throw new CliError(`${ledger.url} answered without a backup: check ASOF_URL or --url`);
  return { ...read.data, chunks };
}
