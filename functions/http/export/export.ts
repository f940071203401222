/** The endpoint where auditors export the history: streamed in the order of recording, in constant memory. */
import { createHash, randomUUID } from "node:crypto";
import { Hono } from "hono";
import type * as z from "zod";
import type { Fact } from "../../../schemas/fact.ts";
import { ExportQuestion } from "../../../schemas/questions/export-question.ts";
import { BY_HEADER, OTHERS_HEADER } from "../../../schemas/read-answer.ts";
import { time } from "../../../schemas/scalars.ts";
import { type Grants, isBound } from "../../ledger/authority/grants.ts";
import { seenBy } from "../../ledger/authority/seen-by.ts";
import { fingerprint } from "../../ledger/canonical.ts";
import { type ByTime, type Filter, filteredFacts } from "../../ledger/export/export-filter.ts";
import type { Reads } from "../../ledger/loader.ts";
import { currentRequest } from "../../ledger/request-context.ts";
import { positionsIn } from "../../seal/positions.ts";
import type { Ledger } from "../context.ts";
import { EndpointError } from "../problem.ts";
import { holder, query, stretch } from "../request.ts";

/** How facts are written. Stored facts have their fields in canonical order. */
interface Format {
  readonly type: string;
  readonly head: string;
  readonly line: (fact: Fact, index: number | undefined) => string;
  /** Where facts stand in the sealed log. Absent: the format does not show it. */
  readonly positionOf?: (fact: Fact) => Promise<number | undefined>;
}

async function formatOf(
  { sealedLog }: Ledger,
  { format, excel }: z.output<typeof ExportQuestion>,
): Promise<Format> {
  if (format === "ndjson")
    return { type: "application/x-ndjson", head: "", line: (fact) => `${JSON.stringify(fact)}\n` };
  const { exportTable } = await import("../../ledger/export/export-table.ts");
  const { head, row } = exportTable(excel === true);
  const table = { type: "text/csv; charset=utf-8; header=present", head, line: row };
  return sealedLog === undefined ? table : { ...table, positionOf: positionsIn(sealedLog) };
}

const CURSOR = /^(\S+) (\S+) (.+)$/s;

/** The position at which an earlier export broke off, from its last line. */
function positionOf(cursor: string): { recordedAt: string; fingerprint: string } {
  const [, written, source, id] = CURSOR.exec(cursor) ?? [];
  const recordedAt = time.safeParse(written).data;
  if (recordedAt === undefined || source === undefined || id === undefined) {
    throw new EndpointError(
      "rejected",
      "cursor: must be the recordedAt, source and id of the last line received, joined by spaces",
    );
  }
  return { recordedAt, fingerprint: fingerprint({ source, id }) };
}

const CHUNK_CHARACTERS = 64 * 1024;

async function* chunks(facts: AsyncIterable<readonly Fact[]>, format: Format) {
  const encoder = new TextEncoder();
  let text = format.head;
  for await (const some of facts) {
    const indexes = format.positionOf === undefined ? [] : await Promise.all(some.map(format.positionOf));
    for (const [n, fact] of some.entries()) {
      text += format.line(fact, indexes[n]);
      if (text.length < CHUNK_CHARACTERS) continue;
      yield encoder.encode(text);
      text = "";
    }
  }
  if (text !== "") yield encoder.encode(text);
}

/**
 * Reads the first chunk before the response begins, so that an early error still gets a proper answer. A later error
 * breaks the stream off and is logged.
 */
async function startStream(
  { log }: Ledger,
  stream: AsyncGenerator<Uint8Array>,
  ended: (sent: { readonly sha256: string; readonly isWhole: boolean }) => Promise<void>,
): Promise<ReadableStream<Uint8Array>> {
  const first = await stream.next();
  const hash = createHash("sha256");
  let isWhole = false;
  async function* whole() {
    try {
      for (let next = first; next.done !== true; next = await stream.next()) {
        hash.update(next.value);
        yield next.value;
      }
      isWhole = true;
    } catch (error) {
      log.error("an export broke off", { reason: error instanceof Error ? error.message : String(error) });
      throw error;
    } finally {
      await ended({ sha256: hash.digest("hex"), isWhole });
    }
  }
  return ReadableStream.from(whole());
}

/** Passes facts on, and counts them. */
async function* counting(facts: AsyncIterable<readonly Fact[]>, seen: { count: number }) {
  for await (const some of facts) {
    seen.count += some.length;
    yield some;
  }
}

/** How many facts of the span go by its other time. Only an export without facts counts them. */
async function countByOther(store: Reads, by: ByTime, filter: Filter, extent: Span): Promise<number> {
  const seen = { count: 0 };
  const other = by === "recordedAt" ? "occurredAt" : "recordedAt";
  for await (const _ of counting(filteredFacts(store, other, filter, extent), seen));
  return seen.count;
}

type Span = Parameters<typeof filteredFacts>[3];

/** The export that a question asks for, as an answer whose body is streamed. Its end is recorded as a fact. */
export async function exportFor(
  ledger: Ledger,
  who: Grants & { readonly name: string },
  asked: z.output<typeof ExportQuestion>,
): Promise<Response> {
  const { name } = who;
  const now = ledger.now();
  const until = new Date(now.getTime() - ledger.settleMs).toISOString();
  const { from, to } = await stretch(now, asked);
  const { by, cursor, reportedBy, source } = asked;
  const store = isBound(who) ? seenBy(ledger.store, who) : ledger.store;
  const extent = {
    from,
    to,
    until,
    ...(reportedBy === undefined ? {} : { reportedBy }),
    ...(source === undefined ? {} : { source }),
    ...(cursor === undefined ? {} : { after: positionOf(cursor) }),
  };
  const facts = filteredFacts(store, by, asked, extent);
  const format = await formatOf(ledger, asked);
  const seen = { count: 0 };
  const id = currentRequest()?.id ?? randomUUID();
  const body = await startStream(
    ledger,
    chunks(counting(facts, seen), format),
    async ({ sha256, isWhole }) => {
      ledger.recorder?.record("exports", { ended: isWhole ? "whole" : "broken off" });
      const at = ledger.now().toISOString();
      const span = { from, to: by === "recordedAt" && until < to ? until : to };
      // What was sent before an export broke off was disclosed, too.
      await ledger.jobs.put({ is: "record export", id, by: name, at, ...span, ...seen, sha256 });
    },
  );
  // Without any fact the first chunk is the last, and all facts are read.
  const others =
    seen.count > 0 || cursor !== undefined ? undefined : await countByOther(store, by, asked, extent);
  return new Response(body, {
    headers: {
      "Content-Type": format.type,
      [BY_HEADER]: by,
      ...(others === undefined ? {} : { [OTHERS_HEADER]: String(others) }),
    },
  });
}

export function exportEndpoint(ledger: Ledger): Hono {
  const app = new Hono();
  app.get("/v1/export", async (c) => {
    const who = await holder(ledger, c, "export");
    return exportFor(ledger, who, query(c, ExportQuestion));
  });
  return app;
}
