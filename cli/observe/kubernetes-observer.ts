#!/usr/bin/env node
/**
 * `asof observe kubernetes` as a program of its own, with the same words on the command line. It loads nothing that this
 * command does not need, so that a pod of it needs less memory.
 */
import { Command } from "commander";
import { processIo } from "../process.ts";
import { programOf, run } from "../run.ts";
import { observeWith } from "./command.ts";
import { kubernetes } from "./kubernetes.ts";

const args = process.argv.slice(2);
const { name, summary } = kubernetes;
const observe = observeWith([{ name, summary, load: () => Promise.resolve(kubernetes) }]);

await run(args, processIo(), async (io) => programOf([await observe(new Command("observe"), io, args)]));
