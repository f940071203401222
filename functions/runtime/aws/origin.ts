/** Behind CloudFront, a function answers only CloudFront, because its own address bypasses firewall and domain. */
import { timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { EndpointError } from "../../http/problem.ts";
import { sha256 } from "../../ledger/canonical.ts";
import { ORIGIN_HEADER } from "../config/origin-header.ts";
import { secretAs } from "./secret.ts";

const hashOf = (text: string): Buffer => Buffer.from(sha256(text));

/** Refuses requests that did not come through CloudFront. Lets all pass if no `ASOF_ORIGIN_SECRET` is set. */
export function behindOrigin(): MiddlewareHandler {
  const { ASOF_ORIGIN_SECRET: arn } = process.env;
  if (arn === undefined || arn === "") return (_, next) => next();
  const secret = secretAs(hashOf, arn);
  return async (c, next) => {
    const given = hashOf(c.req.header(ORIGIN_HEADER) ?? "");
    if (timingSafeEqual(given, await secret())) return next();
    throw new EndpointError("forbidden", "Send requests to the ledger's own address, not to a function's.");
  };
}
