/** `asof record service`: who owns a service, whom to call, and what is known of it. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { present } from "../../functions/sources/payload.ts";
import { CliError } from "../error.ts";
import { textOf } from "../ledger/ledger.ts";
import { hasSections, ownersOf } from "./codeowners.ts";
import { actorAndUrl, type RecordContext } from "./options.ts";
import type { Subcommand } from "./subcommand.ts";

const maybe = z.string().optional();
const Options = z.looseObject({
  service: z.string(),
  owner: maybe,
  contact: maybe,
  codeowners: z.union([z.string(), z.literal(true)]).optional(),
  path: z.string(),
  images: z.array(z.string()),
  database: z.array(z.string()),
  deployTool: maybe,
  onlyIn: z.array(z.string()),
});
type Options = z.infer<typeof Options>;

/** Where forges look for it, in their order. */
const FILES = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

function fileOf(given: string | true): string {
  const found = given === true ? FILES.find((file) => existsSync(file)) : given;
  if (found === undefined)
    throw new CliError(`--codeowners: there is none of ${FILES.join(", ")}; name the file`);
  return found;
}

/** A path from the root of the repository, with a slash at its end where it is a folder. */
function pathOf(given: string): string {
  const path = join(given)
    .replace(/^[./\\]+$/, "")
    .replaceAll("\\", "/")
    .replace(/^\//, "");
  const isFolder =
    path === "" || path.endsWith("/") || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder && path !== "" && !path.endsWith("/") ? `${path}/` : path;
}

/** The team that owns a path. Persons are no owners: a description can never be erased. */
function teamOf({ codeowners, path }: Options, { run }: RecordContext): string | undefined {
  if (codeowners === undefined) return undefined;
  const file = fileOf(codeowners);
  const text = textOf("--codeowners", file);
  const isGitLab = run?.provider === "gitlab-ci" || file.startsWith(".gitlab") || hasSections(text);
  const owners = ownersOf(text, pathOf(path), isGitLab ? "gitlab" : "github");
  const team = owners.find((owner) => /^@[^@\s]+\/[^@\s]+$/.test(owner));
  if (team !== undefined) return team.slice(1);
  const why = owners.length === 0 ? `nobody owns ${path}` : `${path} is owned by persons, and by no team`;
  throw new CliError(`${file}: ${why}: give --owner`);
}

const several = (value: string, before: string[]): string[] => [...before, value];

export const service: Subcommand = {
  name: "service",
  summary: "who owns a service, whom to call, and what is known of it",
  help: `
Examples:
  asof record service --service acme/billing --codeowners --path services/billing --contact "#billing-oncall"
  asof record service --service acme/billing --owner team-billing --images ghcr.io/acme/billing --database billing

The newest description counts, whole: give everything that is known.
--codeowners reads .github/CODEOWNERS, CODEOWNERS, docs/CODEOWNERS or .gitlab/CODEOWNERS, by the rules of its forge: the last line
that matches --path wins. The owner is the first team of it, like acme/team-billing.`,
  options: (command) =>
    command
      .requiredOption("--service <name>", "the service, like acme/billing")
      .option("--owner <name>", "the team that owns it (default: that of --codeowners)")
      .option("--contact <text>", "whom to call, like #billing-oncall")
      .option(
        "--codeowners [file]",
        "take the owner from a CODEOWNERS file (default: where forges look for it)",
      )
      .option("--path <path>", "the service's path in the repository, for --codeowners", ".")
      .option("--images <repository>", "a repository of its images; repeatable", several, [])
      .option("--database <name>", "a database that it uses; repeatable", several, [])
      .option("--deploy-tool <name>", "what deploys it, like kubernetes")
      .option(
        "--only-in <environment>",
        "an environment that this is about; repeatable (default: all)",
        several,
        [],
      ),
  statements: (given, context) => {
    const options = Options.parse(given);
    const { contact, deployTool, images, database, onlyIn } = options;
    const data = {
      service: options.service,
      ...present({
        owner: options.owner ?? teamOf(options, context),
        contact,
        repository: context.found.repository?.value,
        deployTool,
      }),
      ...(images.length === 0 ? {} : { images }),
      ...(database.length === 0 ? {} : { databases: database }),
      ...(onlyIn.length === 0 ? {} : { environments: onlyIn }),
      ...actorAndUrl(context),
    };
    return [{ kind: "service.described", data }];
  },
};
