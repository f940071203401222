/** `asof wait`: ends when a commit or an image runs in a place. */
import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import type { Release } from "../../schemas/answers/release.ts";
import { isSameCommit } from "../../schemas/words/ids.ts";
import { UsageError } from "../error.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { Refused } from "../ledger/client.ts";
import { commitHere } from "./clone.ts";
import { type Ask, askFor, readingBy, withAskOptions } from "./options.ts";
import { call, frameOf } from "./question.ts";
import { releaseAt, type Selected } from "./release-history.ts";
import { headLine } from "./release-view.ts";
import { versionsOf } from "./version.ts";
import { durationOf } from "./when.ts";
import { artifactIn, isWhole, type What } from "./words.ts";
import { shortCommit, shortDigest } from "./words-for.ts";

type Wanted =
  | { readonly is: "commit"; readonly sha: string }
  | { readonly is: "image"; readonly digest: string };

/** Whether a release runs it. @param related digests of the same image, as far as the ledger knows them */
export function runs({ status, components }: Release, wanted: Wanted, related: readonly string[]): boolean {
  if (status !== "running") return false;
  if (wanted.is === "commit")
    return components.some(({ commit }) => commit !== null && isSameCommit(commit.sha, wanted.sha));
  return components.some(({ digest, reported }) =>
    [digest, reported].some((one) => one != null && (one.startsWith(wanted.digest) || related.includes(one))),
  );
}

/** The other digests of an image; none while the ledger knows nothing of it. */
async function relatedTo(ask: Ask, wanted: Wanted): Promise<readonly string[]> {
  if (wanted.is !== "image" || !isWhole(wanted.digest)) return [];
  try {
    return (await call(ask, (client) => client.artifact({ digest: wanted.digest }))).related;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return [];
    throw error;
  }
}

/** What is waited for: an image or a commit. A tag is the image that it points at now. */
async function wantedIn(ask: Ask, what: What | undefined, word: string): Promise<Wanted> {
  if (what?.is === "image" || what?.is === "commit") return what;
  if (what?.is === "tag") {
    const { digest } = await call(ask, (client) =>
      client.tag({ repository: what.repository, tag: what.tag }),
    );
    if (digest !== null) return { is: "image", digest };
  }
  const sha = await commitHere(word);
  if (sha !== undefined) return { is: "commit", sha };
  throw new UsageError(`${word}: give a commit, a digest, or a tag like ghcr.io/acme/web:1.4`);
}

async function questionOf(
  ask: Ask,
  command: Command,
  words: readonly string[],
): Promise<{ place: Selected; wanted: Wanted }> {
  const { environment, service, digest, commit } = ask.options;
  const exact: Wanted | undefined =
    digest === undefined
      ? commit === undefined
        ? undefined
        : { is: "commit", sha: commit }
      : { is: "image", digest };
  const last = words.at(-1);
  if (exact === undefined && last === undefined) return command.error("error: give a commit or a digest");
  const wanted = exact ?? (await wantedIn(ask, artifactIn(last ?? ""), last ?? ""));
  const rest = exact === undefined ? words.slice(0, -1) : words;
  if (environment !== undefined && service !== undefined) return { place: { environment, service }, wanted };
  if (rest.length === 0) return command.error("error: give a place like production/billing, too");
  const { what } = await readingBy(ask, command, rest, { only: "environments" });
  if (what.is !== "place" || what.service === undefined)
    throw new UsageError(`${rest.join(" ")}: give ENVIRONMENT/SERVICE`);
  return { place: { environment: what.environment, service: what.service }, wanted };
}

/** Between two looks: five times the first retry's pause. */
const PAUSE = 5;

/** Looks until it runs; undefined where the time is over. */
async function awaited(
  ask: Ask,
  io: Io,
  { place, wanted }: { place: Selected; wanted: Wanted },
  timeoutMs: number,
): Promise<{ readonly isThere: boolean; readonly release: Release }> {
  const end = io.now().getTime() + timeoutMs;
  const name = wanted.is === "commit" ? shortCommit(wanted.sha) : shortDigest(wanted.digest);
  let said: string | undefined;
  for (;;) {
    const [release, related] = await Promise.all([
      releaseAt(ask.ledger, place, undefined),
      relatedTo(ask, wanted),
    ]);
    if (runs(release, wanted, related)) return { isThere: true, release };
    if (io.now().getTime() >= end) return { isThere: false, release };
    const state = `${release.attempt?.status ?? ""} ${versionsOf(release)}`.trim();
    const until = ask.times.clock(new Date(end).toISOString());
    if (state !== said)
      io.err(`asof: ${place.environment}/${place.service}: ${state}; waiting for ${name} until ${until}`);
    said = state;
    await setTimeout(io.waitMs * PAUSE);
  }
}

const HELP = `
Examples:
  asof wait production/billing 91af5aa
  asof wait -e production -s acme/billing --digest "$DIGEST" --timeout 30m

Exit codes:
  0  it runs there
  1  it does not, and the time is over
${EXIT_CODES}`;

export const waitCommand = (command: Command, io: Io): Command =>
  withAskOptions(command.argument("[what...]", "a place, then a commit, a digest or a tag"))
    .option("--timeout <duration>", "how long, like 30s, 10m or 2h", "10m")
    .addHelpText("after", HELP)
    .action(async (words: string[]) => {
      const timeoutMs = durationOf("--timeout", String(command.opts().timeout));
      const ask = await askFor(command, io);
      const { isThere, release } = await awaited(ask, io, await questionOf(ask, command, words), timeoutMs);
      const place = `${release.service} · ${release.environment}`;
      await ask.print({
        answer: release,
        lines: [
          headLine(place, release.at, frameOf(ask, undefined)),
          [isThere ? "runs there: " : { text: "does not run there: ", tone: "red" }, versionsOf(release)],
        ],
      });
      io.end(isThere ? EXIT.done : EXIT.no);
    });
