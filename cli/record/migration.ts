/** `asof record migration`: a database's schema changed. */
import { Option } from "commander";
import * as z from "zod";
import { present } from "../../functions/sources/payload.ts";
import { UsageError } from "../error.ts";
import { environmentOf } from "./deploy.ts";
import { parseImage } from "./image.ts";
import { actorAndUrl, knownCommit, type RecordContext } from "./options.ts";
import type { Subcommand } from "./subcommand.ts";

const maybe = z.string().optional();
const trilean = z.enum(["true", "false", "unknown"]).optional();
const Options = z.looseObject({
  database: z.string(),
  version: z.string(),
  status: z.enum(["applied", "reverted", "failed"]),
  tool: maybe,
  service: maybe,
  image: maybe,
  reversible: trilean,
  oldCodeRuns: trilean,
  losesData: trilean,
});

const TRILEAN = { true: true, false: false, unknown: "unknown" } as const;
const trileanOf = (given: keyof typeof TRILEAN | undefined) =>
  given === undefined ? undefined : TRILEAN[given];

/** The digest of the image that ran it: the image holds the down script. */
export function digestFrom(image: string | undefined): string | undefined {
  if (image === undefined || /^sha\d+:/.test(image)) return image;
  const { digest } = parseImage(image);
  if (digest === undefined)
    throw new UsageError("--image: must name a digest: sha256:… or ghcr.io/acme/billing@sha256:…");
  return digest;
}

/** This run's commit, unless an image ran it: another commit may have built that image. */
const commitFor = (context: RecordContext, image: string | undefined): Record<string, string> | undefined =>
  image !== undefined && context.given.commit === undefined ? undefined : knownCommit(context);

const trileanOption = (flags: string, description: string): Option =>
  new Option(`${flags} <answer>`, description).choices(["true", "false", "unknown"]);

export const migration: Subcommand = {
  name: "migration",
  summary: "a migration was applied to a database, was reverted, or failed",
  help: `
Example:
  asof record migration --environment production --database billing --version 20261120_add_iban \\
    --tool flyway --reversible true --old-code-runs true --loses-data false`,
  options: (command) =>
    command
      .option("--environment <name>", "the environment (default: the CI's)")
      .requiredOption("--database <name>", "the database")
      .requiredOption("--version <version>", "the migration, as its tool names it")
      .addOption(
        new Option("--status <status>", "how it went")
          .choices(["applied", "reverted", "failed"])
          .default("applied"),
      )
      .option("--tool <name>", "the tool that ran it, like flyway")
      .option("--service <name>", "the service whose database it is")
      .option("--image <digest>", "the image that ran it, by its digest")
      .addOption(trileanOption("--reversible", "whether it can be reverted"))
      .addOption(trileanOption("--old-code-runs", "whether the previous release runs on the new schema"))
      .addOption(trileanOption("--loses-data", "whether reverting it loses data")),
  statements: (given, context) => {
    const { database, version, status, tool, service, ...options } = Options.parse(given);
    const image = digestFrom(options.image);
    const answers = {
      reversible: trileanOf(options.reversible),
      oldCodeRuns: trileanOf(options.oldCodeRuns),
      losesData: trileanOf(options.losesData),
    };
    const data = {
      environment: environmentOf(context),
      database,
      version,
      ...present({ tool, service, image }),
      ...present(answers),
      ...present({ commit: commitFor(context, image) }),
      ...actorAndUrl(context),
    };
    return [{ kind: `migration.${status}`, data }];
  },
};
