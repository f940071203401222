/** The limit of a request's body. */
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { problem } from "./problem.ts";
import { MAX_BODY_BYTES } from "./request.ts";

const tooLarge = () =>
  problem("too large", `A body may hold at most ${MAX_BODY_BYTES} bytes. Send fewer events at once.`);
const counted = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge });

/**
 * Refuses a body that is too large, by its Content-Length. Only without that header are the bytes counted as they
 * arrive: the HTTP adapter then has to make a `Request` with a stream, which adds a tenth to the cost of recording.
 */
export const limited: MiddlewareHandler = async (c, next) => {
  const length = c.req.header("content-length");
  if (length === undefined || c.req.header("transfer-encoding") !== undefined) return counted(c, next);
  return Number(length) > MAX_BODY_BYTES ? tooLarge() : next();
};
