#!/usr/bin/env node
/** Plain JavaScript, so that Node can start it: TypeScript is understood from the next import on. */
import { createInterface } from "node:readline/promises";
import { register } from "tsx/esm/api";

register();
const { main } = await import("./main.ts");

async function confirm(question) {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [yes/no] `)).trim());
  } finally {
    terminal.close();
  }
}

function interrupted() {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => controller.abort());
  return controller.signal;
}

await main(process.argv.slice(2), {
  env: process.env,
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  now: () => new Date(),
  waitMs: 1000,
  ...(process.stdin.isTTY ? { confirm } : {}),
  interrupted,
  end: (code) => {
    process.exitCode = code;
  },
});
