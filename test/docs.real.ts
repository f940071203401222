/** The commands of README and docs/ once more, with the `curl` that the pages name. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run as runDemo } from "./demo.ts";
import { PAGES } from "./docs/pages.ts";
import { programsIn, runCommands, type Shell } from "./docs/shell.ts";
import { cleanUp, newFolder, startLedger } from "./local/process.ts";
import { CLI } from "./programs.ts";

const folder = newFolder();
let shell: Shell;

beforeAll(async () => {
  const { address, token } = await startLedger(join(folder, ".asof"));
  await runDemo({ address, token, day: new Date().toISOString().slice(0, 10), print: () => undefined });
  shell = { folder, address, programs: programsIn(folder, { asof: CLI }) };
});
afterAll(cleanUp);

it.each(PAGES.filter(({ blocks }) => blocks.some(({ language }) => language === "sh")))(
  "the commands of $path are carried out, and the ledger refuses none",
  async (page) => {
    expect(await runCommands(page, shell)).not.toContain("urn:asof:problem");
  },
);
