/** Downloads a backup from a running ledger. */
import * as z from "zod";
import { addressOf, authorizationOf } from "../../functions/adapters/api-client.ts";
import * as http from "../../functions/adapters/http-client.ts";
import { FACTS_HEADER, readAnswer } from "../../schemas/read-answer.ts";
import { failureOf } from "../client.ts";
import { CliError } from "../error.ts";
import type { Ledger } from "../ledger.ts";
import { unreachable } from "../request.ts";

export interface RemoteBackup {
  /** How many facts it must hold at least. */
  readonly facts: number;
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

const Headers = z.object({ facts: z.coerce.number(), bytes: z.coerce.number() });

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString("utf8");
}

/** @throws Unreachable, Refused, or a CliError where the address is not a ledger's */
export async function requestBackup(ledger: Ledger): Promise<RemoteBackup> {
  const request = {
    method: "POST",
    headers: authorizationOf({ ...ledger, token: ledger.token ?? (await ledger.identity?.()) }),
    redirect: "manual",
  } as const;
  try {
    const { status, headers, chunks } = await http.download(addressOf(ledger, "/v1/backups"), request);
    if (status !== 200) {
      const read = readAnswer(z.never(), status, http.parsed(await textOf(chunks)));
      throw failureOf(ledger, { status, detail: read.is === "problem" ? read.detail : undefined });
    }
    const read = Headers.safeParse({
      facts: headers.get(FACTS_HEADER),
      bytes: headers.get("content-length"),
    });
    if (!read.success) throw new CliError(`${ledger.url} answered without a backup: check ASOF_URL or --url`);
    return { ...read.data, chunks };
  } catch (error) {
    throw error instanceof http.NoAnswer ? unreachable(ledger, error) : error;
  }
}
