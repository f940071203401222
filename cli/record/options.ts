/** The common options of `asof record`, and the context that they and the CI's variables give. */
import { type Command, Option } from "commander";
import * as z from "zod";
import { forgeUrl } from "../../functions/sources/git-remote.ts";
import { present } from "../../functions/sources/payload.ts";
import { UsageError } from "../error.ts";
import type { Io } from "../io.ts";
import { LedgerOptions, withLedgerOptions } from "../ledger/ledger.ts";
import { type CiContext, ciContext, type Field, type Found } from "./ci.ts";

const maybe = z.string().optional();

export const SubmitOptions = z.looseObject({
  ...LedgerOptions.shape,
  outbox: z.string(),
  strict: z.boolean().optional(),
  json: z.boolean().optional(),
  replay: z.boolean().optional(),
});
export type SubmitOptions = z.infer<typeof SubmitOptions>;

export const RecordOptions = z.looseObject({
  ...SubmitOptions.shape,
  dryRun: z.boolean().optional(),
  commit: maybe,
  repository: maybe,
  ref: maybe,
  runUrl: maybe,
  actor: maybe,
  environment: maybe,
  source: maybe,
  id: maybe,
  time: maybe,
});
export type RecordOptions = z.infer<typeof RecordOptions>;

/** Options of the ledger and the outbox. */
export const withSubmitOptions = (command: Command): Command =>
  withLedgerOptions(command)
    .addOption(
      new Option("--outbox <file>", "where events wait while the ledger cannot be reached").default(
        "asof-outbox.ndjson",
      ),
    )
    .option("--strict", "exit with 4 where the ledger cannot be reached")
    .option("--json", "print JSON, for programs");

/** Options that every statement has; most default to the CI's values. */
export const withRecordOptions = (command: Command): Command =>
  command
    .option("--dry-run", "print the events, and send nothing")
    .option("--commit <sha>", "the commit (default: the CI's)")
    .option("--repository <url>", "the commit's repository, as its forge shows it (default: the CI's)")
    .option("--ref <ref>", "the commit's branch or tag, like refs/heads/main (default: the CI's)")
    .option("--run-url <url>", "a link to this run, for people (default: the CI's)")
    .option("--actor <login>", "who did it: a login, no more (default: the CI's)")
    .option("--source <reference>", "the event's source (default: /cli/ and the CI's repository)")
    .option("--id <id>", "the event's id (default: derived from the run, the job and the content)")
    .option("--time <time>", "when it happened, RFC 3339 (default: now)");

/** The values in effect: the options, else the CI's. */
export interface RecordContext extends CiContext {
  readonly given: RecordOptions;
  /** The repository of this pipeline, whichever commit it reports about. */
  readonly home: string | undefined;
}

/** Options override the CI's values. A ref belongs to its commit: with --commit, the CI's ref does not apply. */
export function contextFrom(given: RecordOptions, { env }: Io): RecordContext {
  const context = ciContext(env);
  const { ref, ...others } = context.found;
  const repository =
    given.repository === undefined ? undefined : (forgeUrl(given.repository) ?? given.repository);
  const said: Record<Field, Found | undefined> = {
    sha: by("--commit", given.commit),
    repository: by("--repository", repository),
    ref: by("--ref", given.ref),
    url: by("--run-url", given.runUrl),
    actor: by("--actor", given.actor),
    environment: by("--environment", given.environment),
  };
  const itsRef = given.commit === undefined && ref !== undefined ? { ref } : {};
  const found = { ...others, ...itsRef, ...present(said) };
  const notes = given.commit === undefined ? context.notes : [];
  return { ...context, notes, found, given, home: context.found.repository?.value };
}
const by = (from: string, value: string | undefined): Found | undefined =>
  value === undefined ? undefined : { value, from };

/** The fields `actor` and `url` of a statement. */
export const actorAndUrl = ({ found }: RecordContext): Record<string, string> =>
  present({ actor: found.actor?.value, url: found.url?.value });

/** The commit, where one is given or detected. */
export const knownCommit = ({
  found: { sha, repository, ref },
}: RecordContext): Record<string, string> | undefined =>
  sha === undefined ? undefined : present({ repository: repository?.value, sha: sha.value, ref: ref?.value });

/** The commit with its repository. Throws a CliError that says how to give it. */
export function requiredCommit(context: RecordContext): Record<string, string> {
  const commit = knownCommit(context);
  if (commit === undefined) throw new UsageError("no commit was found: give --commit <sha>");
  if (commit.repository === undefined) {
    throw new UsageError("no repository was found: give --repository <url>");
  }
  return commit;
}
