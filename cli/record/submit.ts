/** Submits statements: makes events of them, shows and sends them, and stores unsent ones in the outbox. */
import type { Kind } from "../../schemas/fact.ts";
import { EXIT, type Io } from "../io.ts";
import { type Ledger, ledgerFrom } from "../ledger/ledger.ts";
import { type Delivery, deliver } from "./deliver.ts";
import { type Event, eventOf, sourceOf } from "./event.ts";
import type { RecordContext, SubmitOptions } from "./options.ts";
import { append, drop, parseEvent, refusedFile, take } from "./outbox.ts";

export interface NewStatement {
  readonly kind: Kind;
  readonly data: Record<string, unknown>;
}

interface Result {
  readonly event: Event;
  readonly sent: Delivery;
}

const isWaiting = ({ sent }: Result): boolean => sent.is === "unreachable" || sent.is === "denied";

/** Sends events in order. Once the ledger is unreachable, the rest is not tried. */
async function deliverAll(ledger: Ledger, events: readonly Event[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const event of events) {
    const last = results.at(-1)?.sent;
    // After a denied event the next is tried: the token may be allowed to report it.
    results.push({ event, sent: last?.is === "unreachable" ? last : await deliver(ledger, event) });
  }
  return results;
}

function exitOf(results: readonly Result[], strict: boolean | undefined): number {
  const ends = new Set(results.map(({ sent }) => sent.is));
  if (ends.has("refused") || ends.has("denied")) return EXIT.denied;
  return ends.has("unreachable") && strict === true ? EXIT.unreachable : EXIT.done;
}

const identityOf = ({ type, source, id, time }: Event) => ({ type, source, id, time });

function resultJson({ event, sent }: Result): object {
  if (sent.is !== "accepted") {
    const outcome = sent.is === "refused" ? "refused" : "waiting";
    return { ...identityOf(event), outcome, reason: sent.reason };
  }
  const { is, ...answer } = sent;
  return { ...identityOf(event), ...answer };
}

/** Prints a line for each accepted or refused event, and one for all that wait. */
function report({ out, err }: Io, results: readonly Result[], outbox: string): void {
  for (const { event, sent } of results) {
    if (sent.is === "accepted")
      out(`${sent.outcome} ${event.type} ${event.id}${sent.reason === undefined ? "" : `: ${sent.reason}`}`);
    if (sent.is === "refused") err(`asof: ${event.type} was refused: ${sent.reason}`);
  }
  const waiting = results.filter(isWaiting);
  const [first] = waiting;
  if (first === undefined || first.sent.is === "accepted") return;
  const many = waiting.length === 1 ? "1 event waits" : `${waiting.length} events wait`;
  err(`asof: ${first.sent.reason}; ${many} in ${outbox}: send with asof record --replay`);
}

/** Stores waiting events in the outbox. If it cannot be written, prints them: an event must not be lost. */
function storeWaiting({ err }: Io, outbox: string, results: readonly Result[]): boolean {
  const lines = results.filter(isWaiting).map(({ event }) => JSON.stringify(event));
  try {
    append(outbox, lines);
    return true;
  } catch (error) {
    err(
      `asof: ${outbox} cannot be written (${error instanceof Error ? error.message : String(error)}); keep these lines:`,
    );
    for (const line of lines) err(line);
    return false;
  }
}

const LABELS: Readonly<Record<string, string>> = { sha: "commit", url: "run" };

function showFound({ out }: Io, { found, notes }: RecordContext): void {
  for (const [field, { value, from }] of Object.entries(found)) {
    out(`${(LABELS[field] ?? field).padEnd(12)} ${value}  (${from})`);
  }
  for (const note of notes) out(`note: ${note}`);
}

/** Submits statements; returns the exit code. Throws a CliError where one is invalid. */
export async function submit(
  io: Io,
  context: RecordContext,
  statements: readonly NewStatement[],
): Promise<number> {
  const { given, run, home } = context;
  const identity = {
    source: given.source ?? sourceOf(home, run),
    time: given.time ?? io.now().toISOString(),
    isClock: given.time === undefined,
    run,
  };
  const events = statements.map(({ kind, data }, n) => {
    // The given id is the first event's; further ones derive theirs from it.
    const same = statements.slice(1, n).filter((one) => one.kind === kind).length;
    const further = same === 0 ? kind : `${kind}/${same + 1}`;
    const id = given.id === undefined || n === 0 ? given.id : `${given.id}/${further}`;
    return eventOf(kind, data, { ...identity, id });
  });
  return submitEvents(io, context, events);
}

/** Submits events; returns the exit code. */
export async function submitEvents(
  io: Io,
  context: RecordContext,
  events: readonly Event[],
): Promise<number> {
  const { given, found, notes } = context;
  if (given.json !== true) showFound(io, context);
  if (given.dryRun === true) {
    io.out(JSON.stringify(given.json === true ? { found, notes, events } : events, null, 2));
    return EXIT.done;
  }
  const results = await deliverAll(ledgerFrom(given, io), events);
  const isStored = storeWaiting(io, given.outbox, results);
  if (given.json === true) io.out(JSON.stringify({ found, notes, results: results.map(resultJson) }));
  report(given.json === true ? { ...io, out: () => undefined } : io, results, given.outbox);
  return isStored ? exitOf(results, given.strict) : EXIT.no;
}

/** Sends the outbox; returns the exit code. Refused events move to a file of their own, with the reason. */
export async function replay(io: Io, given: SubmitOptions): Promise<number> {
  const { outbox } = given;
  const ledger = ledgerFrom(given, io);
  const { files, lines } = take(outbox);
  const broken = lines.filter((line) => parseEvent(line) === undefined);
  const results = await deliverAll(
    ledger,
    lines.flatMap((line) => parseEvent(line) ?? []),
  );
  const refused = [
    ...broken.map((line) => ({ reason: "is not an event", line })),
    ...results.flatMap(({ event, sent }) => (sent.is === "refused" ? [{ reason: sent.reason, event }] : [])),
  ];
  append(
    refusedFile(outbox),
    refused.map((one) => JSON.stringify(one)),
  );
  append(
    outbox,
    results.filter(isWaiting).map(({ event }) => JSON.stringify(event)),
  );
  drop(files);
  if (given.json === true)
    io.out(JSON.stringify({ results: results.map(resultJson), broken: broken.length }));
  report(given.json === true ? { ...io, out: () => undefined } : io, results, outbox);
  if (refused.length > 0) io.err(`asof: ${refused.length} refused: see ${refusedFile(outbox)}`);
  return refused.length > 0 ? EXIT.denied : exitOf(results, given.strict);
}
