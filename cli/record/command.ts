/** `asof record`: says to the ledger what a pipeline did. */
import { Command } from "commander";
import type { World } from "../io.ts";
import { build, push } from "./build.ts";
import { deploy } from "./deploy.ts";
import { evidence } from "./evidence.ts";
import { migration } from "./migration.ts";
import { Given, known, Sending, withGiven, withSending } from "./options.ts";
import type { Speaker } from "./subcommand.ts";
import { replay, say } from "./submit.ts";

const SPEAKERS: readonly Speaker[] = [build, push, deploy, migration, evidence];

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

function speaking(record: Command, speaker: Speaker, world: World): void {
  const command = record.command(speaker.name).summary(speaker.summary).description(speaker.summary);
  withGiven(speaker.options(command))
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", speaker.help)
    .action(async () => {
      const options: unknown = command.optsWithGlobals();
      const given = Given.parse(options);
      if (given.replay === true) command.error("error: --replay stands alone, without a command");
      const around = known(given, world);
      world.end(await say(world, around, await speaker.speak(options, around, world)));
    });
}

export function recordCommand(world: World): Command {
  const record = new Command("record")
    .summary("says to the ledger what a pipeline did")
    .description("Says to the ledger what a pipeline did: built, pushed, deployed, migrated, checked.");
  for (const speaker of SPEAKERS) speaking(record, speaker, world);
  return withSending(record)
    .option("--replay", "send what waits in the outbox")
    .addHelpText("after", ABOUT)
    .action(async (options: unknown) => {
      const given = Sending.parse(options);
      if (given.replay !== true) record.help({ error: true });
      world.end(await replay(world, given));
    });
}
