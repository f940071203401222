/** The commands of `asof`. The code of a command is loaded when the command line names it. */
import { Command } from "commander";
import type { Io } from "./io.ts";

/** Adds a command's description, options and action. */
type Complete = (command: Command, io: Io) => Command;

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Complete>;
}

const COMMANDS: readonly Entry[] = [
  {
    name: "record",
    summary: "reports to the ledger what a pipeline did",
    load: async () => (await import("./record/command.ts")).recordCommand,
  },
  {
    name: "migrations",
    summary: "reports to the ledger which migrations a database has",
    load: async () => (await import("./migrations.ts")).migrationsCommand,
  },
  {
    name: "plan",
    summary: "shows the steps that run an earlier release again",
    load: async () => (await import("./plan.ts")).planCommand,
  },
  {
    name: "redeploy",
    summary: "requests that an earlier release runs again, and waits for the result",
    load: async () => (await import("./redeploy.ts")).redeployCommand,
  },
  {
    name: "execute",
    summary: "carries out redeployments on this machine",
    load: async () => (await import("./execute.ts")).executeCommand,
  },
  {
    name: "login",
    summary: "signs you in at a ledger, so that other commands need no token",
    load: async () => (await import("./login.ts")).loginCommand,
  },
  {
    name: "token",
    summary: "makes tokens, and lists and revokes those in a ledger's folder",
    load: async () => (await import("./token.ts")).tokenCommand,
  },
  {
    name: "backup",
    summary: "copies a ledger into one file, also while it runs",
    load: async () => (await import("./backup.ts")).backupCommand,
  },
  {
    name: "check",
    summary: "checks the ledger's file on this machine",
    load: async () => (await import("./check.ts")).checkCommand,
  },
  {
    name: "restore",
    summary: "makes a ledger's folder out of a backup",
    load: async () => (await import("./restore.ts")).restoreCommand,
  },
  {
    name: "copy",
    summary: "copies one ledger into another, between a file and DynamoDB",
    load: async () => (await import("./copy.ts")).copyCommand,
  },
  {
    name: "serve",
    summary: "runs a ledger on this machine",
    load: async () => (await import("./serve.ts")).serveCommand,
  },
];

/** Every command; complete are those whose name is among the arguments, so that `asof help plan` works, too. */
export function commandsFor(args: readonly string[], io: Io): Promise<Command[]> {
  return Promise.all(
    COMMANDS.map(async ({ name, summary, load }) => {
      const command = new Command(name).summary(summary).description(summary);
      return args.includes(name) ? (await load())(command, io) : command;
    }),
  );
}
