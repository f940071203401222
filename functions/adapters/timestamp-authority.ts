/** The client of a time-stamping authority over HTTP (RFC 3161, 3.4). */
import { NoTimestamp, type TimestampAuthority } from "../seal/anchor.ts";
import { NoAnswer, responseTo } from "./http-client.ts";

const TIMEOUT_MS = 20_000;

/** @param url where it takes requests: `http`, too, for the answer is signed */
export const timestampAuthority =
  (url: string): TimestampAuthority =>
  async (request) => {
    const response = await responseTo(url, {
      method: "POST",
      headers: { "Content-Type": "application/timestamp-query" },
      body: Uint8Array.from(request),
      redirect: "follow",
      timeoutMs: TIMEOUT_MS,
    });
    const body = await response.arrayBuffer().catch((error: unknown) => {
      throw new NoAnswer(error, TIMEOUT_MS);
    });
    if (response.ok) return Buffer.from(body);
    throw new NoTimestamp(`the authority at ${new URL(url).host} answered ${response.status}`);
  };
