/** The commands of `asof`. The code of a command is loaded when the command line names it. */
import { Command } from "commander";
import type { Io } from "./io.ts";

/** Adds a command's description, options and action. */
type Complete = (command: Command, io: Io, args: readonly string[]) => Command | Promise<Command>;

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Complete>;
}

/** The folder of the package's programs; of sources, the one that the build makes. */
const programs = (): URL => new URL(import.meta.url.endsWith(".ts") ? "../dist/" : "./", import.meta.url);

const COMMANDS: readonly Entry[] = [
  {
    name: "show",
    summary: "shows what runs, or ran: a place, an image, a commit or a tag, at any moment",
    load: async () => (await import("./ask/show.ts")).showCommand,
  },
  {
    name: "log",
    summary: "lists what happened in a place",
    load: async () => (await import("./ask/log.ts")).logCommand,
  },
  {
    name: "diff",
    summary: "compares two places, or two moments of one",
    load: async () => (await import("./ask/diff.ts")).diffCommand,
  },
  {
    name: "why",
    summary: "lists what changed before something broke, nearest first",
    load: async () => (await import("./ask/why.ts")).whyCommand,
  },
  {
    name: "where",
    summary: "says where an image or a commit runs",
    load: async () => (await import("./ask/where.ts")).whereCommand,
  },
  {
    name: "status",
    summary: "lists all that is wrong, everywhere or in a place",
    load: async () => (await import("./ask/status.ts")).statusCommand,
  },
  {
    name: "drift",
    summary: "says where something else runs than was deployed",
    load: async () => (await import("./ask/drift.ts")).driftCommand,
  },
  {
    name: "wait",
    summary: "ends when a commit or an image runs in a place",
    load: async () => (await import("./ask/wait.ts")).waitCommand,
  },
  {
    name: "watch",
    summary: "prints what happens in a place, as it is reported",
    load: async () => (await import("./ask/watch.ts")).watchCommand,
  },
  {
    name: "open",
    summary: "opens the page at a place and a time",
    load: async () => (await import("./ask/open.ts")).openCommand,
  },
  {
    name: "record",
    summary: "reports to the ledger what a pipeline did",
    load: async () => (await import("./record/command.ts")).recordCommand,
  },
  {
    name: "import",
    summary: "brings the past into the ledger: from git, a table, a registry or a forge",
    load: async () => (await import("./import/command.ts")).importCommand,
  },
  {
    name: "observe",
    summary: "reports what really runs: in a cluster, once or as it changes",
    load: async () => (await import("./observe/observers.ts")).observeCommand,
  },
  {
    name: "migrations",
    summary: "reports to the ledger which migrations a database has",
    load: async () => (await import("./migrations/migrations.ts")).migrationsCommand,
  },
  {
    name: "plan",
    summary: "shows the steps that run an earlier release again",
    load: async () => (await import("./plan/plan.ts")).planCommand,
  },
  {
    name: "redeploy",
    summary: "requests that an earlier release runs again, and waits for the result",
    load: async () => (await import("./plan/redeploy.ts")).redeployCommand,
  },
  {
    name: "rollback",
    summary: "requests that the release before runs again: redeploy PLACE~1",
    load: async () => (await import("./plan/redeploy.ts")).rollbackCommand,
  },
  {
    name: "freeze",
    summary: "freezes an environment or a service: the gate refuses deployments",
    load: async () => (await import("./operate/operate.ts")).freezeCommand,
  },
  {
    name: "unfreeze",
    summary: "ends a freeze, or lets one image through",
    load: async () => (await import("./operate/operate.ts")).unfreezeCommand,
  },
  {
    name: "mark",
    summary: "marks an image as good or bad",
    load: async () => (await import("./operate/operate.ts")).markCommand,
  },
  {
    name: "note",
    summary: "notes what else was changed: a flag, a secret, infrastructure, data",
    load: async () => (await import("./operate/operate.ts")).noteCommand,
  },
  {
    name: "gate",
    summary: "says whether an image may be deployed, and by which evidence",
    load: async () => (await import("./ask/gate.ts")).gateCommand,
  },
  {
    name: "rename",
    summary: "reports that a service or an environment has another name",
    load: async () => (await import("./operate/rename.ts")).renameCommand,
  },
  {
    name: "audit",
    summary: "reports every change of a period, who approved it, and what the controls find",
    load: async () => (await import("./audit/audit.ts")).auditCommand,
  },
  {
    name: "execute",
    summary: "carries out redeployments on this machine",
    load: async () => (await import("./execute/execute.ts")).executeCommand,
  },
  {
    name: "login",
    summary: "signs you in at a ledger, so that other commands need no token",
    load: async () => (await import("./ledger/login.ts")).loginCommand,
  },
  {
    name: "context",
    summary: "names the ledgers that you use, and chooses one",
    load: async () => (await import("./ledger/context.ts")).contextCommand,
  },
  {
    name: "token",
    summary: "makes tokens, and lists and revokes those in a ledger's folder",
    load: async () => (await import("./operate/token.ts")).tokenCommand,
  },
  {
    name: "names",
    summary: "shows each sender's own names, what they stand for, and tries other naming rules",
    load: async () => (await import("./operate/names.ts")).namesCommand,
  },
  {
    name: "sources",
    summary: "lists who reports, when each was last heard, and which are silent",
    load: async () => (await import("./operate/sources.ts")).sourcesCommand,
  },
  {
    name: "quarantine",
    summary: "shows what the ledger could not record, and has it taken again",
    load: async () => (await import("./operate/quarantine.ts")).quarantineCommand,
  },
  {
    name: "export",
    summary: "writes the history into a file, for auditors",
    load: async () => {
      const { exportCommand } = await import("./export/export.ts");
      return (command, io) => exportCommand(command, io, programs());
    },
  },
  {
    name: "people",
    summary: "lists the persons in the history, shows what is held about one, and erases one",
    load: async () => (await import("./operate/people.ts")).peopleCommand,
  },
  {
    name: "dispute",
    summary: "says that a fact is wrong: it stays, and answers that rest on it warn",
    load: async () => (await import("./operate/dispute.ts")).disputeCommand,
  },
  {
    name: "review",
    summary: "records what the review of a change found, after it took effect",
    load: async () => (await import("./operate/review.ts")).reviewCommand,
  },
  {
    name: "backup",
    summary: "copies a ledger into one file, also while it runs",
    load: async () => (await import("./file/backup.ts")).backupCommand,
  },
  {
    name: "check",
    summary: "checks the ledger's file on this machine",
    load: async () => (await import("./file/check.ts")).checkCommand,
  },
  {
    name: "verify",
    summary: "checks a sealed log, or the proof of one fact, offline and with your own key",
    load: async () => {
      const { verifyCommand } = await import("./verify/verify.ts");
      // In the package, threads are started from the file beside this program.
      return (command, io) => verifyCommand(command, io, new URL("asof-verify.mjs", programs()));
    },
  },
  {
    name: "restore",
    summary: "makes a ledger's folder out of a backup",
    load: async () => (await import("./file/restore.ts")).restoreCommand,
  },
  {
    name: "copy",
    summary: "copies one ledger into another, between a file and DynamoDB",
    load: async () => (await import("./file/copy.ts")).copyCommand,
  },
  {
    name: "completion",
    summary: "prints what completes commands and names in bash, zsh or fish",
    load: async () => (await import("./completion/completion.ts")).completionCommand,
  },
  {
    name: "mcp",
    summary: "answers an assistant's questions (Model Context Protocol); reads only",
    load: async () => (await import("./mcp/mcp.ts")).mcpCommand,
  },
  {
    name: "serve",
    summary: "runs a ledger on this machine",
    load: async () => (await import("./serve.ts")).serveCommand,
  },
];

/** The groups of help, and the commands of each; a command in none of them is for running a ledger. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "Ask:": ["show", "where", "log", "diff", "why", "status", "drift", "wait", "watch", "open"],
  "Act:": ["plan", "redeploy", "rollback", "gate", "freeze", "unfreeze", "mark", "note"],
  "Report:": ["record", "migrations", "execute", "check"],
  "History:": ["export", "verify", "audit", "people", "import", "observe", "dispute", "review"],
  "Run:": [],
};

const groupOf = (name: string): string =>
  Object.entries(GROUPS).find(([, names]) => names.includes(name))?.[0] ?? "Run:";

/** In the order of the groups. */
const ORDER = Object.values(GROUPS).flat();
const rankOf = ({ name }: Entry): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

/** Every command; complete are those whose name is among the arguments, so that `asof help plan` works, too. */
export function commandsFor(args: readonly string[], io: Io): Promise<Command[]> {
  return Promise.all(
    COMMANDS.toSorted((a, b) => rankOf(a) - rankOf(b)).map(async ({ name, summary, load }) => {
      const command = new Command(name).summary(summary).description(summary).helpGroup(groupOf(name));
      return args.includes(name) ? (await load())(command, io, args) : command;
    }),
  );
}
