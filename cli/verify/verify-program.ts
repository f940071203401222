#!/usr/bin/env node
/**
 * `asof verify` as a program of its own, in one file: `node asof-verify.mjs <log> --key <vkey>`. Its threads run this
 * file, too.
 */
import { isMainThread } from "node:worker_threads";
import { Command } from "commander";
import { processIo } from "../process.ts";
import { run } from "../run.ts";
import { verifyCommand } from "./verify.ts";

if (isMainThread) {
  const io = processIo();
  await run(process.argv.slice(2), io, (safe) =>
    verifyCommand(new Command("asof-verify"), safe, new URL(import.meta.url)),
  );
} else await import("./thread.ts");
