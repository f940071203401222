#!/usr/bin/env node
/** The program `asof`. */
import { main } from "./main.ts";
import { processIo } from "./process.ts";

await main(process.argv.slice(2), processIo());
