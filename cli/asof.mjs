#!/usr/bin/env node
/** Plain JavaScript, so that Node can start it: TypeScript is understood from the next import on. */
import { register } from "tsx/esm/api";

register();
const { main } = await import("./main.ts");
await main(process.argv.slice(2), {
  env: process.env,
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  now: () => new Date(),
  waitMs: 1000,
  end: (code) => {
    process.exitCode = code;
  },
});
