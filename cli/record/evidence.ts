/** `asof record evidence`: a test, a scan, an approval of a commit or an image. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Option } from "commander";
import * as z from "zod";
import { present } from "../../functions/sources/payload.ts";
import { CliError, UsageError } from "../error.ts";
import { actorAndUrl, type RecordContext } from "./options.ts";
import type { Subcommand } from "./subcommand.ts";

const TYPES = ["test", "scan", "review", "approval", "sbom", "ticket"] as const;
const VERDICTS = ["passed", "failed", "approved", "rejected"] as const;

const maybe = z.string().optional();
const Options = z.looseObject({
  digest: maybe,
  type: z.enum(TYPES),
  verdict: z.enum(VERDICTS).optional(),
  sha256Of: maybe,
});

function hashOf(file: string): string {
  try {
    return createHash("sha256").update(readFileSync(file)).digest("hex");
  } catch (cause) {
    throw new CliError(`--sha256-of ${file}: cannot be read`, { cause });
  }
}

/** The image where one is given, else the commit. */
function subjectOf({ given, found }: RecordContext, digest: string | undefined): Record<string, string> {
  if (digest !== undefined && given.commit !== undefined) {
    throw new UsageError("give --commit or --digest: evidence belongs to one of them");
  }
  if (digest !== undefined) return { digest };
  if (found.sha === undefined) throw new UsageError("no commit was found: give --commit <sha> or --digest");
  return { commit: found.sha.value };
}

export const evidence: Subcommand = {
  name: "evidence",
  summary: "a test, a scan or an approval of this commit or of an image",
  help: `
Examples:
  asof record evidence --type test --verdict passed --sha256-of junit.xml
  asof record evidence --digest sha256:… --type scan --verdict failed --sha256-of trivy.json
What two persons say of one thing in one job needs an --id each: who said it is not part of an event's own id.`,
  options: (command) =>
    command
      .option("--digest <digest>", "the image that it is about (default: the commit)")
      .addOption(new Option("--type <type>", "its type").choices(TYPES).makeOptionMandatory())
      .addOption(new Option("--verdict <verdict>", "its result").choices(VERDICTS))
      .option("--sha256-of <file>", "a report; only its SHA-256 is recorded"),
  statements: (given, context) => {
    const { digest, type, verdict, sha256Of } = Options.parse(given);
    const sha256 = sha256Of === undefined ? undefined : hashOf(sha256Of);
    const data = {
      ...subjectOf(context, digest),
      type,
      ...present({ verdict, sha256 }),
      ...actorAndUrl(context),
    };
    return [{ kind: "evidence.attached", data }];
  },
};
