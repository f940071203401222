/** Runs an observer, once or until it is interrupted. Each look sends what is not recorded yet. */
import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import type { Statement } from "../../schemas/fact.ts";
import { faultsOf } from "../../schemas/scalars.ts";
import { durationOf } from "../ask/when.ts";
import { CliError, Unreachable, UsageError } from "../error.ts";
import { count, progressOn } from "../file/progress.ts";
import { batching } from "../import/runner.ts";
import { overview, type Totals, totals, unknowns } from "../import/totals.ts";
import { EXIT, type Io } from "../io.ts";
import { callLedger } from "../ledger/client.ts";
import { type Ledger, LedgerOptions, ledgerFrom } from "../ledger/ledger.ts";
import { seen } from "./observed-totals.ts";
import type { Observed, ObserveOptions, Observer } from "./observer.ts";

const RunOptions = z.looseObject({
  ...LedgerOptions.shape,
  every: z.string().optional(),
  watch: z.boolean().optional(),
  dryRun: z.boolean().optional(),
  json: z.boolean().optional(),
});

/** Between two looks of a watch at most; sooner if something changes. */
const WATCH_MS = 60_000;
/** After a change and before the look, so that one rollout is not many looks. */
const SETTLE_MS = 1000;
/** Where statements go: to the ledger, or, in a dry run, to standard output. Throws Unreachable; the rest waits then. */
type Take = (statements: readonly Statement[], taken: (batch: readonly Statement[]) => void) => Promise<void>;

const toLedger =
  (ledger: Ledger, sums: Totals): Take =>
  async (statements, taken) => {
    const { add, flush } = batching(async (batch) => {
      const { outcomes } = await callLedger(ledger, (client) => client.record(batch));
      sums.add(outcomes);
      taken(batch);
    });
    for (const statement of statements) await add(statement);
    await flush();
  };

const toOutput =
  ({ out }: Io, sums: Totals, isJson: boolean): Take =>
  (statements, taken) => {
    const shown = overview();
    for (const statement of statements) {
      shown.add(statement);
      if (isJson) out(JSON.stringify(statement));
      sums.add([{ outcome: "recorded", id: statement.id }]);
    }
    for (const line of isJson ? [] : shown.lines()) out(line);
    taken(statements);
    return Promise.resolve();
  };

/** The pause between looks in milliseconds; undefined: one look. */
function pauseOf({ every, watch }: z.infer<typeof RunOptions>): number | undefined {
  if (every === undefined) return watch === true ? WATCH_MS : undefined;
  const ms = durationOf("--every", every);
  if (ms < 1000) throw new UsageError("--every: must be at least 1s");
  return ms;
}

/** Whether the ledger or the place may come back: everything that still stands then is looked up again. */
const mayPass = (error: Error): boolean =>
  error instanceof Unreachable ||
  (error instanceof CliError &&
    (error.exit === undefined || error.exit === EXIT.no || error.exit === EXIT.unreachable));

/** Waits for the next look: for the pause, or until the place tells a change. */
async function nextLook({ changed }: Observed, pauseMs: number, signal: AbortSignal): Promise<void> {
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const pause = setTimeout(pauseMs, undefined, { signal: either }).catch(() => undefined);
  const change = changed?.(either).then(() =>
    setTimeout(Math.min(SETTLE_MS, pauseMs), undefined, { signal: either }).catch(() => undefined),
  );
  await Promise.race([pause, ...(change === undefined ? [] : [change])]);
  ended.abort();
}

/** Runs an observer; returns the exit code. Throws Unreachable where a single look cannot be recorded. */
export async function runObserver(observer: Observer, given: ObserveOptions, io: Io): Promise<number> {
  const parsed = RunOptions.safeParse(given);
  if (!parsed.success) throw new UsageError(faultsOf(parsed.error));
  const { dryRun = false, json = false } = parsed.data;
  const pauseMs = pauseOf(parsed.data);
  const [sums, missing, progress] = [totals(), unknowns(), progressOn(io)];
  // Report at once why a request is retried, even if no terminal is attached.
  const ledger = () => ledgerFrom(parsed.data, { ...io, isAttended: io.isAttended || pauseMs !== undefined });
  const take = dryRun ? toOutput(io, sums, json) : toLedger(ledger(), sums);
  const signal = pauseMs === undefined ? new AbortController().signal : io.interrupted();
  const state = seen(sums, missing);
  const place = observer.open(given, io, signal);
  const print = json ? io.err : io.out;
  const told = { faults: 0, unknown: "" };

  async function once(): Promise<void> {
    // What waits is sent also while the place cannot be read.
    const failure: unknown = await state.takeIn(place.look()).catch((error: unknown) => error);
    await take([...state.waiting.values()], state.recorded);
    if (!dryRun && state.waiting.size === 0) place.recorded?.();
    if (failure !== undefined) throw failure;
  }
  /** Says what is new: a watch ends late, or never. */
  function report(): void {
    for (const fault of sums.faults().slice(told.faults)) io.err(`asof: ${fault}`);
    told.faults = sums.faults().length;
    const line = missing.line();
    if (pauseMs !== undefined && line !== told.unknown) io.err(`asof: ${line}`);
    told.unknown = line;
  }
  async function looked(): Promise<void> {
    try {
      await once();
    } catch (error) {
      if (pauseMs === undefined || !(error instanceof Error) || !mayPass(error)) throw error;
      const waits = state.waiting.size === 0 ? "" : `; ${count(state.waiting.size, "statement")} wait`;
      io.err(`asof: ${error.message}${waits}; it is tried again`);
    }
    progress(() => `${observer.name}: ${sums.line()}`);
    report();
  }

  await looked();
  while (pauseMs !== undefined && !signal.aborted) {
    await nextLook(place, pauseMs, signal);
    if (!signal.aborted) await looked();
  }
  if (state.waiting.size > 0)
    missing.add(`whether ${count(state.waiting.size, "statement")} reached the ledger`, undefined);
  print(dryRun ? `would send ${sums.line().replace("recorded", "to record")}` : sums.line());
  print(missing.line());
  return sums.isComplete() ? EXIT.done : EXIT.no;
}
