/** `asof record`: says to the ledger what a pipeline did. */
import { Command } from "commander";
import type { Io } from "../io.ts";
import { build, push } from "./build.ts";
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
import type { Subcommand } from "./subcommand.ts";
import { replay, submit } from "./submit.ts";

const SUBCOMMANDS: readonly Subcommand[] = [build, push, deploy, migration, evidence];

const ABOUT = `
What it needs it finds in GitHub Actions, GitLab CI, Bitbucket Pipelines, CircleCI, Jenkins, Azure Pipelines and
CodeBuild: commit, repository, ref, run, actor, and the environment where the CI knows it. It prints what it found,
and where. Options count more than what was found; --dry-run sends nothing.

The token comes from ASOF_TOKEN or --token-file, and needs the role writer.

Where the ledger cannot be reached, the event waits in the outbox, and the pipeline goes on:
  asof record --replay        # sends what waits; what the ledger refuses goes to asof-outbox.refused.ndjson

Exit codes:
  0  recorded, recorded before, or (without --strict) waiting in the outbox
  1  refused: one line says why. With a wrong token or address the event waits in the outbox
  2  the command cannot be understood
  4  with --strict: the ledger cannot be reached, and the event waits in the outbox (do not run the command again,
     which would say it twice: use --replay)`;

function addSubcommand(record: Command, speaker: Subcommand, io: Io): void {
  const command = record.command(speaker.name).summary(speaker.summary).description(speaker.summary);
  withRecordOptions(speaker.options(command))
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", speaker.help)
    .action(async () => {
      const options: unknown = command.optsWithGlobals();
      const given = RecordOptions.parse(options);
      if (given.replay === true) command.error("error: --replay stands alone, without a command");
      const context = contextFrom(given, io);
      io.end(await submit(io, context, await speaker.speak(options, context, io)));
    });
}

export function recordCommand(io: Io): Command {
  const record = new Command("record")
    .summary("says to the ledger what a pipeline did")
    .description("Says to the ledger what a pipeline did: built, pushed, deployed, migrated, checked.");
  for (const speaker of SUBCOMMANDS) addSubcommand(record, speaker, io);
  return withSubmitOptions(record)
    .option("--replay", "send what waits in the outbox")
    .addHelpText("after", ABOUT)
    .action(async (options: unknown) => {
      const given = SubmitOptions.parse(options);
      if (given.replay !== true) record.help({ error: true });
      io.end(await replay(io, given));
    });
}
