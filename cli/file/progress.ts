/** Progress of long work, for a person at a terminal. */
import type { Io } from "../io.ts";

const EVERY_MS = 2000;

/** Prints a line at most every two seconds, and none without a terminal. */
export function progressOn({ isAttended, err, now }: Io): (line: () => string) => void {
  let printedMs = now().getTime();
  return (line) => {
    const nowMs = now().getTime();
    if (!isAttended || nowMs - printedMs < EVERY_MS) return;
    printedMs = nowMs;
    err(`asof: ${line()}`);
  };
}

const NUMBER = new Intl.NumberFormat("en");
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${NUMBER.format(n)} ${n === 1 ? one : many}`;

const MEGABYTES = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
export const size = (bytes: number): string =>
  bytes < 100_000 ? `${NUMBER.format(bytes)} bytes` : `${MEGABYTES.format(bytes / 1e6)} MB`;
