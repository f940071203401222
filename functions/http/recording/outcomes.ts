/** Turns the outcome of one event into the response to its request. */
import type { Context } from "hono";
import type { Received } from "../../ledger/ingest/ingest.ts";
import { problem } from "../problem.ts";

const STATUS = { recorded: 201, duplicate: 200, ignored: 202, deferred: 202 } as const;

/** The outcome of a single event is the outcome of the request. A refusal is a problem that carries the outcome. */
export function answerOne(c: Context, [one]: readonly Received[]): Response {
  if (one === undefined) return c.json({ outcomes: [] }, 200);
  const outcomes = [one.said];
  const { outcome, reason = "" } = one.said;
  switch (outcome) {
    case "recorded":
    case "duplicate":
    case "ignored":
    case "deferred":
      return c.json({ outcomes }, STATUS[outcome]);
    case "conflict":
      return problem(
        "conflict",
        `${reason}. This one was quarantined; if it is another event, send it under another id.`,
        { outcomes },
      );
    case "rejected":
      return problem(one.forbidden ? "forbidden" : "rejected", reason, { outcomes });
  }
}
