/** Runs an importer: sends what it finds in batches, shows progress, and prints the outcomes at the end. */
import * as z from "zod";
import { Statement } from "../../schemas/fact.ts";
import { faultsOf } from "../../schemas/scalars.ts";
import { CliError, Unreachable } from "../error.ts";
import { progressOn } from "../file/progress.ts";
import { EXIT, type Io } from "../io.ts";
import { callLedger } from "../ledger/client.ts";
import { type Ledger, LedgerOptions, ledgerFrom } from "../ledger/ledger.ts";
import type { Importer, ImportOptions } from "./importer.ts";
import { overview, type Totals, totals, unknowns } from "./totals.ts";

const RunOptions = z.looseObject({
  ...LedgerOptions.shape,
  since: z.iso.date({ error: "--since: must be a day like 2026-01-31" }).optional(),
  dryRun: z.boolean().optional(),
  json: z.boolean().optional(),
});

/** Statements and characters a request: a batch holds at most 500, and a body 1 MB. */
const BATCH = 200;
const BATCH_CHARACTERS = 500_000;
/** Requests at once. */
const IN_FLIGHT = 4;

/** Sends batches, a few at once: the order of arrival does not matter to a ledger. */
function sending(ledger: Ledger, sums: Totals) {
  const open = new Set<Promise<void>>();
  let failure: unknown;
  async function send(batch: readonly Statement[]): Promise<void> {
    try {
      const { outcomes } = await callLedger(ledger, (client) => client.record(batch));
      sums.add(outcomes);
    } catch (error) {
      failure ??= error;
    }
  }
  function rethrow(): void {
    if (failure !== undefined) throw failure;
  }
  return {
    async add(batch: readonly Statement[]): Promise<void> {
      if (open.size >= IN_FLIGHT) await Promise.race(open);
      rethrow();
      const sent = send(batch).finally(() => open.delete(sent));
      open.add(sent);
    },
    async end(): Promise<void> {
      await Promise.all(open);
      rethrow();
    },
  };
}

/** Collects statements into batches, each as large as a request may be. */
export function batching(take: (batch: readonly Statement[]) => Promise<void>) {
  let batch: Statement[] = [];
  let characters = 0;
  const flush = async () => {
    const full = batch;
    [batch, characters] = [[], 0];
    if (full.length > 0) await take(full);
  };
  return {
    async add(statement: Statement): Promise<void> {
      const size = JSON.stringify(statement).length;
      if (batch.length === BATCH || characters + size > BATCH_CHARACTERS) await flush();
      batch.push(statement);
      characters += size;
    },
    flush,
  };
}

const identityIn = z.object({ id: z.string().optional() }).catch({});

/** What an importer gives, taken in until it ends. */
interface Sink {
  readonly take: (statement: Statement) => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Sends to the ledger. */
function ledgerSink(ledger: Ledger, sums: Totals): Sink {
  const sender = sending(ledger, sums);
  const { add, flush } = batching(sender.add);
  return {
    take: add,
    async end() {
      await flush();
      await sender.end();
    },
  };
}

/** Shows what would be sent, and sends nothing. */
function drySink(sums: Totals, json: boolean, { out }: Io): Sink {
  const shown = overview();
  return {
    take(statement) {
      shown.add(statement);
      if (json) out(JSON.stringify(statement));
      sums.add([{ outcome: "recorded", id: statement.id }]);
      return Promise.resolve();
    },
    end() {
      for (const line of json ? [] : shown.lines()) out(line);
      return Promise.resolve();
    },
  };
}

/** Parses what an importer or observer made: what is no statement is counted as refused, and not sent. */
export function statementIn(made: object, sums: Totals): Statement | undefined {
  const parsed = Statement.safeParse(made);
  if (parsed.success) return parsed.data;
  const { id = "?" } = identityIn.parse(made);
  sums.add([{ outcome: "rejected", id, reason: faultsOf(parsed.error) }]);
  return undefined;
}

async function takeIn(made: object, since: string, sink: Sink, sums: Totals): Promise<void> {
  const statement = statementIn(made, sums);
  if (statement !== undefined && statement.occurredAt >= since) await sink.take(statement);
}

/** Runs an importer; returns the exit code. */
export async function runImport(importer: Importer, given: ImportOptions, io: Io): Promise<number> {
  const parsed = RunOptions.safeParse(given);
  if (!parsed.success) throw new CliError(faultsOf(parsed.error));
  const { since = "", dryRun = false, json = false } = parsed.data;
  const [sums, missing, progress] = [totals(), unknowns(), progressOn(io)];
  const sink = dryRun ? drySink(sums, json, io) : ledgerSink(ledgerFrom(parsed.data, io), sums);
  try {
    for await (const item of importer.items(given, io)) {
      progress(() => `${importer.name}: ${sums.line()}`);
      if (item.is === "unknown") missing.add(item.why, item.where);
      else if (item.is === "not sent")
        sums.add([{ outcome: item.outcome, id: item.where, reason: item.why }]);
      else await takeIn(item.statement, since, sink, sums);
    }
    await sink.end();
  } catch (error) {
    if (error instanceof Unreachable)
      io.err(`asof: ${sums.line()}; run it again to go on: what is recorded is a duplicate then`);
    throw error;
  }
  for (const fault of sums.faults()) io.err(`asof: ${fault}`);
  const print = json ? io.err : io.out;
  print(dryRun ? `would send ${sums.line().replace("recorded", "to record")}` : sums.line());
  print(missing.line());
  return sums.isComplete() ? EXIT.done : EXIT.no;
}
