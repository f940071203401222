/** `asof import`: records what happened before the ledger existed. */
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { addSubcommands, type Entry } from "../loaded-parts.ts";
import type { Importer } from "./importer.ts";
import { runImport } from "./runner.ts";

const IMPORTERS: readonly Entry<Importer>[] = [
  {
    name: "git",
    summary:
      "what a repository of manifests declared: Kustomize, Helm values, manifests, Compose, Argo CD, Flux",
    load: async () => (await import("./git.ts")).git,
  },
  {
    name: "github",
    summary: "GitHub's deployments, pull requests with reviews, workflow runs, container images",
    load: async () => (await import("./github.ts")).github,
  },
  {
    name: "gitlab",
    summary: "GitLab's deployments, merge requests with approvals, registry tags",
    load: async () => (await import("./gitlab.ts")).gitlab,
  },
  {
    name: "oci",
    summary: "the images that registries hold: tags, digests, platforms, commits",
    load: async () => (await import("./oci.ts")).oci,
  },
  {
    name: "ecr",
    summary: "the images that Amazon ECR holds, with the times of their pushes",
    load: async () => (await import("./ecr.ts")).ecr,
  },
  {
    name: "ecs",
    summary: "deployments of Amazon ECS's services of the last 90 days",
    load: async () => (await import("./ecs.ts")).ecs,
  },
  {
    name: "kubernetes",
    summary: "what a cluster still knows: rollouts, Helm's releases, Argo CD's and Flux's histories",
    load: async () => (await import("./kubernetes.ts")).kubernetes,
  },
  {
    name: "csv",
    summary: "a table of deployments, pushes or anything else: exports of other tools, and spreadsheets",
    load: async () => (await import("./csv.ts")).csv,
  },
];

const ABOUT = `
Facts get the times of the past and a source below /import/. A second run records nothing twice, so a run that broke off
is resumed by running it again. What a live sender reports of the same deployment or push wins, and the import stands
beside it. The token comes from ASOF_TOKEN or --token-file, and needs the role writer.

Try every import with --dry-run first: facts can never be erased. The last line says what could not be known.

Exit codes:
  0  everything is recorded, or was before
  1  something was refused: the first reasons are printed
  2  the command line is invalid
  4  the ledger cannot be reached: run it again to go on`;

const importerCommand = (command: Command, importer: Importer, io: Io): Command =>
  command.option("--since <day>", "only what happened since then, like 2026-01-31").action(async () => {
    const options = { ...command.opts(), args: command.args };
    const printed = importer.print?.(options);
    if (printed === undefined) io.end(await runImport(importer, options, io));
    else io.out(printed.trimEnd());
  });

/** Completes the importer that the arguments name, so that no other is loaded. */
export async function importCommand(command: Command, io: Io, args: readonly string[]): Promise<Command> {
  command
    .description("Brings the past into the ledger, from where it is still known.")
    .addHelpText("after", ABOUT);
  await addSubcommands(command, IMPORTERS, args, (subcommand, importer) =>
    importerCommand(subcommand, importer, io),
  );
  return command;
}
