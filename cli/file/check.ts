/** `asof check`: checks a ledger's file. */
import type { Command } from "commander";
import * as z from "zod";
import { openReader } from "../../functions/adapters/sqlite/database.ts";
import { EXIT, type Io } from "../io.ts";
import { checkAll, fileIn, withDataOption, withStoreFaults } from "./ledger-file.ts";
import { count } from "./progress.ts";

const Options = z.looseObject({ data: z.string().optional(), json: z.boolean().optional() });

const HELP = `
It runs SQLite's integrity check, compares every fact with its hash, and every index entry and name with what the facts
require. The ledger may run meanwhile.

Exit codes:
  0  nothing is wrong
  1  something is wrong, and printed; or the file cannot be read
  2  the command line is invalid`;

export function checkCommand(command: Command, io: Io): Command {
  return withDataOption(command)
    .option("--json", "print JSON, for programs")
    .addHelpText("after", HELP)
    .action(async () => {
      const { data, json } = Options.parse(command.opts());
      const file = fileIn(data, io);
      const { facts, findings } = await withStoreFaults(async () => {
        const database = openReader(file);
        try {
          return await checkAll(io, database);
        } finally {
          database.close();
        }
      });
      if (json === true) io.out(JSON.stringify({ file, facts, findings }));
      else {
        for (const { what, why } of findings) io.out(`${what}: ${why}`);
        const result = findings.length === 0 ? "nothing is wrong" : count(findings.length, "finding");
        io.out(`${file}: ${count(facts, "fact")}, ${result}`);
      }
      io.end(findings.length === 0 ? EXIT.done : EXIT.no);
    });
}
