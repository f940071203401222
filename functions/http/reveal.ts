/** Replaces pseudonyms of people by their logins in answers. */
import type { MiddlewareHandler } from "hono";
import { revealed } from "../ledger/people/people.ts";
import type { Ledger } from "./context.ts";

const JSON_TYPE = /^application\/(problem\+)?json\b/;

/** Middleware that shows logins in every JSON answer, including problems. An export stays as it is stored. */
export const revealing =
  ({ people }: Ledger): MiddlewareHandler =>
  async (c, next) => {
    await next();
    const { status, headers } = c.res;
    if (!JSON_TYPE.test(headers.get("content-type") ?? "")) return;
    const text = await revealed(people, await c.res.text());
    // Without this, Hono would merge the headers of the old response into the new one.
    c.res = undefined;
    c.res = new Response(text, { status, headers });
  };
