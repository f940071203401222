/** The one place where answers are given the logins of whom they name. */
import type { MiddlewareHandler } from "hono";
import { revealed } from "../ledger/people.ts";
import type { Ledger } from "./context.ts";

const JSON_TYPE = /^application\/(problem\+)?json\b/;

/** Shows logins in every JSON answer, problems among them. An export stays as it is stored. */
export const revealing =
  ({ people }: Ledger): MiddlewareHandler =>
  async (c, next) => {
    await next();
    const { status, headers } = c.res;
    if (!JSON_TYPE.test(headers.get("content-type") ?? "")) return;
    const text = await revealed(people, await c.res.text());
    // Without this the old answer's headers would be merged into the new one's.
    c.res = undefined;
    c.res = new Response(text, { status, headers });
  };
