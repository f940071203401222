/** `asof serve`: the server, as a command. */
import type { Command } from "commander";
import { installed } from "./optional-packages.ts";

const HELP = `
Configured by environment variables; all data is in one folder:
  ASOF_DATA    the folder (default: .asof)
  ASOF_HOST    the address to listen on (default: 127.0.0.1)
  ASOF_PORT    the port to listen on (default: 8787)
  ASOF_TOKENS  the tokens, as role:name:token (default: one with the role admin, made at the first start)
The README lists the others. SIGINT and SIGTERM stop it after the running requests.`;

export const serveCommand = (command: Command): Command =>
  command.addHelpText("after", HELP).action(async () => {
    // In the package it is a file of its own, beside this program.
    const { run } = await installed(
      () => import("../functions/runtime/server/server.ts"),
      "the server is not beside this program; install the whole package: npm install --global asof",
    );
    await run();
  });
