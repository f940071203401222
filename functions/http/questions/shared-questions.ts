/**
 * Questions on paths that also record. Behind CloudFront a path belongs to one function, whatever the method, so the
 * function that records answers them, too.
 */
import { Hono } from "hono";
import type { Ledger } from "../context.ts";
import { revealing } from "../reveal.ts";

export const SHARED_PATHS = ["/v1/freezes", "/v1/redeployments"] as const;

export function sharedQuestions(ledger: Ledger): Hono {
  const app = new Hono();
  for (const path of SHARED_PATHS) {
    app.use(path, revealing(ledger));
    // Loaded lazily: the function's other requests need no questions.
    app.get(path, async (c) => (await import("./queries.ts")).answerQuestion(ledger, path, c));
  }
  return app;
}
