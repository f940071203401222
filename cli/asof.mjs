#!/usr/bin/env node
/** Plain JavaScript, because Node starts it: TypeScript is loaded from the next import on. */
import { register } from "tsx/esm/api";

register();
const [{ main }, { processIo }] = await Promise.all([import("./main.ts"), import("./process.ts")]);
await main(process.argv.slice(2), processIo());
