/** `asof import git`: what the commits of a repository of manifests declared to run. */
import { writeFileSync } from "node:fs";
import * as z from "zod";
import { forgeUrl } from "../../functions/sources/git-remote.ts";
import { CliError } from "../error.ts";
import type { Io } from "../io.ts";
import { type Blobs, blobsOf, commitsOf, type GitCommit, gitOutput } from "./git/log.ts";
import { FILE, type Paths, pathsIn, placesBy } from "./git/paths.ts";
import { fileOf, proposed } from "./git/propose.ts";
import { statementOf } from "./git/statements.ts";
import { following } from "./git/targets.ts";
import { growingTree } from "./git/tree.ts";
import { type Importer, type Item, unknown } from "./importer.ts";

const Options = z.looseObject({
  args: z.array(z.string()),
  ref: z.string(),
  repository: z.string().optional(),
  paths: z.string(),
  dryRun: z.boolean().optional(),
});
type Options = z.infer<typeof Options>;

/** Commits whose contents are loaded together. */
const CHUNK = 500;

async function* chunked(commits: AsyncGenerator<GitCommit>): AsyncGenerator<GitCommit[]> {
  let chunk: GitCommit[] = [];
  for await (const commit of commits) {
    chunk.push(commit);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

async function repositoryOf(folder: string, given: string | undefined): Promise<string> {
  const remote = given ?? (await gitOutput(folder, "remote", "get-url", "origin").catch(() => "")).trim();
  const url = remote === "" ? undefined : forgeUrl(remote);
  if (url === undefined)
    throw new CliError("the repository's web address is unknown: give --repository https://…");
  return url;
}

/** The rules of the file; in a dry run without one, proposed ones, which it then holds. */
async function rulesFor({ paths: file, ref, dryRun }: Options, folder: string, blobs: Blobs, io: Io) {
  const known = pathsIn(file);
  if (known !== undefined) return known;
  if (dryRun !== true)
    throw new CliError(
      `${file} is not there, which says which paths are of which environment and service: --dry-run proposes it`,
    );
  const { tree, load, apply } = growingTree(blobs);
  const listed = await gitOutput(folder, "ls-tree", "-r", "-z", ref);
  const changes = listed.split("\0").flatMap((line) => {
    const [about = "", path] = line.split("\t");
    const [mode = "", , blob] = about.split(" ");
    return path === undefined || !mode.startsWith("100") ? [] : [{ path, blob }];
  });
  await load(changes);
  apply(changes);
  const rules = proposed(tree);
  if (rules === undefined)
    throw new CliError(
      `no path of ${ref} names an environment: write ${file}, like {paths: [{path: "{environment}/{service}/**"}]}`,
    );
  writeFileSync(file, fileOf(rules), { flag: "wx" });
  io.err(`asof: wrote ${file}: read it, and run this again`);
  for (const { path } of rules.paths) io.err(`asof:   ${path}`);
  return rules;
}

/** A repository of manifests, and how to read it. */
interface Origin {
  readonly folder: string;
  readonly ref: string;
  readonly repository: string;
  readonly rules: Paths;
  readonly blobs: Blobs;
}

async function* declared({ folder, ref, repository, rules, blobs }: Origin): AsyncGenerator<Item> {
  const isShallow = (await gitOutput(folder, "rev-parse", "--is-shallow-repository")).trim() === "true";
  const { tree, load, apply, forget } = growingTree(blobs);
  const follow = following(tree, placesBy(rules));
  let [n, last] = [0, ""];

  function* of(commit: GitCommit): Generator<Item> {
    const changes = commit.changes.filter(({ path, blob }) => tree.blob(path) !== blob);
    apply(changes);
    const { targets, unknown: missing } = follow(changes.map(({ path }) => path));
    for (const { why, where } of missing) yield unknown(why, `${where} at ${commit.sha.slice(0, 7)}`);
    if (commit.at < last) yield unknown("a commit's time is before that of the commit before it", commit.sha);
    // Where a clone is shallow, its first commit seems to bring everything.
    const isSeen = n > 0 || !isShallow;
    for (const target of isSeen ? targets : [])
      yield { is: "statement", statement: statementOf(target, commit, repository, n) };
    last = commit.at;
    n += 1;
  }

  if (isShallow) yield unknown("what was declared before the first commit of a shallow clone");
  for await (const commits of chunked(commitsOf(folder, ref))) {
    await load(commits.flatMap(({ changes }) => changes));
    for (const commit of commits) yield* of(commit);
    forget();
  }
  yield unknown("whether, and when, each commit was applied");
}

export const git: Importer = {
  name: "git",
  summary: "what a repository of manifests declared",
  help: `
Examples:
  asof import git ../deploy --dry-run        # proposes ${FILE}, and shows what would be recorded
  asof import git ../deploy

Each commit on the branch that changed what an environment declares of a service is a deployment of that configuration,
at the committer's time: images of Kustomize (with bases and overlays), Helm values, plain manifests and Compose files,
versions of charts, Argo CD Applications and Flux HelmReleases. A merge counts when it was merged. No commit proves that it
was applied, so the facts say declared: true, and answers that rest on them alone warn. Nothing is fetched: pull first.`,
  options: (command) =>
    command
      .argument("[folder]", "the clone (default: this folder)")
      .option("--ref <ref>", "the branch that is deployed", "HEAD")
      .option("--repository <url>", "its web address (default: that of the remote origin)")
      .option("--paths <file>", "which paths are of which environment and service", FILE),
  async *items(given, io) {
    const options = Options.parse(given);
    const { args, ref } = options;
    const [folder = "."] = args;
    if (ref.startsWith("-")) throw new CliError("--ref: must be a branch or a commit");
    const top = (await gitOutput(folder, "rev-parse", "--show-toplevel")).trim();
    const blobs = blobsOf(top);
    try {
      const rules = await rulesFor(options, top, blobs, io);
      const repository = await repositoryOf(top, options.repository ?? rules.repository);
      yield* declared({ folder: top, ref, repository, rules, blobs });
    } finally {
      blobs.close();
    }
  },
};
