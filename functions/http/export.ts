/** The endpoint where auditors export the history: streamed in the order of recording, in constant memory. */
import { createHash, randomUUID } from "node:crypto";
import { stringify } from "csv-stringify/sync";
import { type Context, Hono } from "hono";
import type { Fact } from "../../schemas/fact.ts";
import { ExportQuestion } from "../../schemas/question.ts";
import { time } from "../../schemas/scalars.ts";
import { fingerprint } from "../ledger/canonical.ts";
import { exportFacts } from "../ledger/export.ts";
import { currentRequest } from "../ledger/request-context.ts";
import type { Ledger } from "./context.ts";
import { EndpointError } from "./problem.ts";
import { holder, query, stretch } from "./request.ts";

/** Fields that most facts have. A cell is empty if the fact lacks the field; the column `fact` holds the whole fact. */
const COLUMNS = [
  "recordedAt",
  "occurredAt",
  "kind",
  "source",
  "id",
  "reportedBy",
  "actor",
  "environment",
  "service",
  "repository",
  "digest",
  "tag",
  "database",
  "version",
  "statementHash",
] as const;

/** A fact in canonical form: the store returns its fields in canonical order. */
const canonicalText = (fact: Fact): string => JSON.stringify(fact);

function row(fact: Fact): string {
  const fields = new Map<string, unknown>(Object.entries(fact));
  const cells = COLUMNS.map((column) => {
    const value = fields.get(column);
    return typeof value === "string" ? value : "";
  });
  // A spreadsheet would run a cell that starts like a formula.
  return stringify([[...cells, canonicalText(fact)]], { escape_formulas: true });
}

const FORMATS = {
  ndjson: { type: "application/x-ndjson", head: "", line: (fact: Fact) => `${canonicalText(fact)}\n` },
  csv: {
    type: "text/csv; charset=utf-8; header=present",
    head: stringify([[...COLUMNS, "fact"]]),
    line: row,
  },
} as const;

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

async function* chunks(
  facts: AsyncIterable<readonly Fact[]>,
  format: (typeof FORMATS)[keyof typeof FORMATS],
) {
  const encoder = new TextEncoder();
  let text = format.head;
  for await (const some of facts) {
    for (const fact of some) {
      text += format.line(fact);
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

async function exportHistory(ledger: Ledger, c: Context): Promise<Response> {
  const { name } = await holder(ledger, c, "export");
  const asked = query(c, ExportQuestion);
  const now = ledger.now();
  const settled = new Date(now.getTime() - ledger.settleMs).toISOString();
  const { from, to } = await stretch(now, asked);
  const span = { from, to: to < settled ? to : settled };
  const facts = exportFacts(ledger.store, {
    ...span,
    ...(asked.reportedBy === undefined ? {} : { reportedBy: asked.reportedBy }),
    ...(asked.source === undefined ? {} : { source: asked.source }),
    ...(asked.cursor === undefined ? {} : { after: positionOf(asked.cursor) }),
  });
  const format = FORMATS[asked.format];
  const seen = { count: 0 };
  const id = currentRequest()?.id ?? randomUUID();
  const body = await startStream(
    ledger,
    chunks(counting(facts, seen), format),
    async ({ sha256, isWhole }) => {
      ledger.recorder?.record("exports", { ended: isWhole ? "whole" : "broken off" });
      const at = ledger.now().toISOString();
      // What was sent before an export broke off was disclosed, too.
      await ledger.jobs.put({ is: "record export", id, by: name, at, ...span, ...seen, sha256 });
    },
  );
  return new Response(body, { headers: { "Content-Type": format.type } });
}

export function exportEndpoint(ledger: Ledger): Hono {
  const app = new Hono();
  app.get("/v1/export", (c) => exportHistory(ledger, c));
  return app;
}
