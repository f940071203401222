/** `asof record`: reports to the ledger what a pipeline did. */
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { build, push } from "./build.ts";
import { change, incident } from "./change-and-incident.ts";
import { deploy } from "./deploy.ts";
import { evidence } from "./evidence.ts";
import { migration } from "./migration.ts";
import {
  contextFrom,
  RecordOptions,
  SubmitOptions,
  withRecordOptions,
  withSubmitOptions,
} from "./options.ts";
import { service } from "./service.ts";
import type { Subcommand } from "./subcommand.ts";
import { replay, submit } from "./submit.ts";

const SUBCOMMANDS: readonly Subcommand[] = [
  build,
  push,
  deploy,
  migration,
  evidence,
  service,
  change,
  incident,
];

const ABOUT = `
In GitHub Actions, GitLab CI, Bitbucket Pipelines, CircleCI, Jenkins, Azure Pipelines and CodeBuild it detects commit,
repository, ref, run, actor, and the environment where the CI has one. It prints what it detected, and in which variable.
Options override what was detected; --dry-run sends nothing.

The token comes from ASOF_TOKEN or --token-file, and needs the role writer.

While the ledger cannot be reached, events wait in the outbox and the pipeline goes on:
  asof record --replay        # sends the outbox; refused events go to asof-outbox.refused.ndjson

Exit codes:
  0  recorded, recorded before, or (without --strict) waiting in the outbox
  1  it cannot be reported: a registry knows no such tag, or the outbox cannot be written
  2  the command line is invalid
  4  with --strict: the ledger cannot be reached, and the event waits in the outbox (use --replay; running the command
     again could report it twice)
  5  refused: one line says why. With a wrong token or address the event waits in the outbox`;

function addSubcommand(record: Command, subcommand: Subcommand, io: Io): void {
  const command = record.command(subcommand.name).summary(subcommand.summary).description(subcommand.summary);
  withRecordOptions(subcommand.options(command))
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", subcommand.help)
    .action(async () => {
      const options: unknown = command.optsWithGlobals();
      const parsed = RecordOptions.parse(options);
      if (parsed.replay === true) command.error("error: --replay takes no command");
      const context = contextFrom(parsed, io);
      io.end(await submit(io, context, await subcommand.statements(options, context, io)));
    });
}

export function recordCommand(record: Command, io: Io): Command {
  record.description(
    "Reports to the ledger what a pipeline built, pushed, deployed, migrated, checked or described, and what else happened.",
  );
  for (const subcommand of SUBCOMMANDS) addSubcommand(record, subcommand, io);
  return withSubmitOptions(record)
    .option("--replay", "send the events in the outbox")
    .addHelpText("after", ABOUT)
    .action(async (options: unknown) => {
      const parsed = SubmitOptions.parse(options);
      if (parsed.replay !== true) record.help({ error: true });
      io.end(await replay(io, parsed));
    });
}
