/** The client of a time-stamping authority over HTTP (RFC 3161, 3.4). */
import { NoTimestamp, type TimestampAuthority } from "../seal/anchor.ts";
import { NoAnswer } from "./http-client.ts";

const TIMEOUT_MS = 20_000;

/** @param url where it takes requests: `http`, too, for the answer is signed */
export const timestampAuthority =
  (url: string): TimestampAuthority =>
  async (request) => {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/timestamp-query" },
        body: Uint8Array.from(request),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const body = Buffer.from(await response.arrayBuffer());
      if (response.ok) return body;
      throw new NoTimestamp(`the authority at ${new URL(url).host} answered ${response.status}`);
    } catch (error) {
      throw error instanceof NoTimestamp ? error : new NoAnswer(error, TIMEOUT_MS);
    }
  };
