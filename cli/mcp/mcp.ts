/** `asof mcp`: the ledger's questions for an assistant, over standard input and output. */
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { LedgerOptions, ledgerFrom, withLedgerOptions } from "../ledger/ledger.ts";
import { mcpServer } from "./server.ts";

const HELP = `
An assistant starts it as a server of the Model Context Protocol, for example with this configuration:
  { "mcpServers": { "asof": { "command": "asof", "args": ["mcp"], "env": { "ASOF_URL": "…", "ASOF_TOKEN": "…" } } } }

It only reads. Give it a token of the role reader: the assistant sees what that token may see.`;

export const mcpCommand = (command: Command, io: Io): Command =>
  withLedgerOptions(command)
    .addHelpText("after", HELP)
    .action(async () => {
      const ledger = ledgerFrom(LedgerOptions.parse(command.opts()), io);
      // The process ends when the client closes standard input.
      await mcpServer(ledger).connect(new StdioServerTransport());
    });
