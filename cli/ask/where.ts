/** `asof where`: where an image or a commit runs, also inside of a later commit. */
import type { Command } from "commander";
import { memoised } from "../../functions/ledger/loader.ts";
import type { Release } from "../../schemas/answers/release.ts";
import { CliError, UsageError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { commitHere, isAncestor, repositoryHere, servicesHere } from "./clone.ts";
import { forgeOf, isAncestorBy } from "./forge.ts";
import { type Ask, askedBy, askFor, type View, withAskOptions } from "./options.ts";
import { call, frameOf } from "./question.ts";
import { releaseAt } from "./release-history.ts";
import { headLine } from "./release-view.ts";
import { viewOf } from "./show.ts";
import { columns, type Line } from "./style.ts";
import { versionsOf } from "./version.ts";
import { shortCommit } from "./words-for.ts";

/** Whether a release contains a commit, as far as this clone and its forge know. */
type Contains = "yes" | "no" | "unknown";

type Ancestry = (sha: string, of: string) => Promise<boolean | undefined>;

/** By this clone; where it lacks a commit, by the forge of its repository. */
function ancestryOf(ask: Ask, { env }: Io): Ancestry {
  const forge = memoised(async () => {
    const repository = await repositoryHere();
    if (repository === undefined) return undefined;
    const { forges } = await call(ask, (client) => client.whoami());
    return forgeOf(repository, forges, env);
  });
  return async (sha, of) => {
    const here = await isAncestor(sha, of);
    if (here !== undefined) return here;
    const asked = await forge();
    return asked && isAncestorBy(asked, sha, of);
  };
}

async function contains(release: Release, sha: string, isBefore: Ancestry): Promise<Contains> {
  const running = release.components.flatMap(({ commit }) => commit?.sha ?? []);
  if (release.status !== "running") return "no";
  if (running.length === 0) return "unknown";
  const answers = await Promise.all(running.map((one) => isBefore(sha, one)));
  if (answers.includes(true)) return "yes";
  return answers.includes(undefined) ? "unknown" : "no";
}

const WORDS: Record<Contains, Line> = {
  yes: [{ text: "runs there", tone: "bold" }],
  no: [{ text: "not there", tone: "dim" }],
  unknown: [{ text: "unknown: neither this clone nor its forge has the commit that runs", tone: "amber" }],
};

/** A commit of this clone, followed through its descendants; undefined where the ledger has no service of this clone. */
async function commitView(ask: Ask, io: Io, sha: string): Promise<View | undefined> {
  const own = await servicesHere(await ask.services());
  if (own.length === 0) return undefined;
  const places = own.flatMap(({ service, environments }) =>
    environments.map((environment) => ({ environment, service })),
  );
  const isBefore = ancestryOf(ask, io);
  const found = await Promise.all(
    places.map(async (place) => {
      const release = await releaseAt(ask.ledger, place, undefined);
      return { ...place, release, contains: await contains(release, sha, isBefore) };
    }),
  );
  const rows = found.map((one): Line[] => [
    [`${one.environment}/${one.service}`],
    [versionsOf(one.release)],
    [
      one.release.components
        .flatMap(({ commit }) => (commit === null ? [] : shortCommit(commit.sha)))
        .join(", "),
    ],
    WORDS[one.contains],
  ]);
  return {
    answer: {
      sha,
      places: found.map(({ release: { status, since }, ...place }) => ({ ...place, status, since })),
    },
    lines: [headLine(`commit ${shortCommit(sha)}`, ask.now, frameOf(ask, undefined)), ...columns(rows, "  ")],
  };
}

const EXACT: Line = [
  { text: "exact matches only: in its clone, asof where follows a commit through later ones", tone: "dim" },
];

const HELP = `
A commit of the clone in this folder (HEAD, a branch, a tag) is followed: where a later commit runs that contains it. What
the clone lacks is asked of its forge, with GITHUB_TOKEN or GITLAB_TOKEN, if the ledger's operator lists the forge's host.
Outside of its clone, only the very commit or image counts.

Examples:
  asof where HEAD
  asof where 91af5aa
  asof where production/billing`;

async function whereOf(ask: Ask, io: Io, command: Command, words: readonly string[]): Promise<View> {
  const [word, ...others] = words;
  if (word !== undefined && others.length === 0) {
    const sha = await commitHere(word);
    const view = sha === undefined ? undefined : await commitView(ask, io, sha);
    if (view !== undefined) return view;
  }
  const asked = await askedBy(ask, command, words, { only: "environments" });
  if (asked.what.is === "group" || (asked.what.is === "place" && asked.what.service === undefined))
    throw new UsageError("name an image, a commit, a tag, or ENVIRONMENT/SERVICE");
  if (asked.what.is === "commit") {
    const view = await viewOf(ask, asked);
    return { ...view, lines: [...view.lines, EXACT] };
  }
  if (asked.what.is !== "place") return viewOf(ask, asked);
  const { environment, service = "" } = asked.what;
  const release = await releaseAt(ask.ledger, { environment, service }, asked.at, ask.tz);
  const digest = release.components.find((one) => one.digest !== null)?.digest ?? undefined;
  if (digest === undefined)
    throw new CliError(`${environment}/${service}: the digest of what runs there is unknown`, {
      exit: EXIT.unknown,
    });
  return viewOf(ask, { what: { is: "image", digest }, at: undefined });
}

export const whereCommand = (command: Command, io: Io): Command =>
  withAskOptions(command.argument("[what...]", "an image, a commit, a tag, or a place"))
    .addHelpText("after", HELP)
    .action(async (words: string[]) => {
      const ask = await askFor(command, io);
      await ask.print(await whereOf(ask, io, command, words));
      io.end(EXIT.done);
    });
