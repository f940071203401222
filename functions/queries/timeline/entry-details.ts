/** Adds to timeline entries what their own fact lacks: the evidence of the deployment, and the commit of its images. */
import type { TimelineEntry } from "../../../schemas/answer.ts";
import { alsoImported } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { evidenceOfDeployments } from "../evidence.ts";
import { buildsOf, commitOf } from "../images/image-graph.ts";
import type { Question } from "../question.ts";

type Known = Omit<Question, "at">;

/** The commit that all images of an entry come from; nothing if it is unknown, or they come from several. */
async function commitOfImages(
  { images }: Known,
  { components = [] }: TimelineEntry,
): Promise<Pick<TimelineEntry, "commit" | "committedAt">> {
  const families = await Promise.all(
    components.map(({ digest }) => (digest === undefined ? undefined : images.family(digest))),
  );
  const commits = new Map(
    families
      .flatMap((family) => (family === undefined ? [] : commitOf(family).commits))
      .map((one) => [one.sha, one]),
  );
  const [sha, ...others] = commits.keys();
  if (sha === undefined || others.length > 0) return {};
  const builds = families.flatMap((family) => (family === undefined ? [] : buildsOf(family)));
  const committedAt = builds.find(({ commit }) => commit.sha === sha && commit.committedAt !== undefined)
    ?.commit.committedAt;
  return { commit: sha, ...(committedAt === undefined ? {} : { committedAt }) };
}

async function describe(known: Known, entry: TimelineEntry): Promise<TimelineEntry> {
  // Entries of what ran at the start come from releases, which are described already.
  if (entry.what === "running" || entry.deployment === undefined) return entry;
  const [evidence, commit, imported] = await Promise.all([
    evidenceOfDeployments(known, [entry.deployment]),
    entry.commit === undefined ? commitOfImages(known, entry) : {},
    alsoImported(known, { of: "deployment", deployment: entry.deployment }, entry.fact),
  ]);
  return {
    ...entry,
    ...commit,
    ...(evidence.length === 0 ? {} : { evidence }),
    ...(imported.length === 0 ? {} : { alsoReported: imported }),
  };
}

/** Cost: one request for each deployment of the page, and one or two for each image whose deployment names no commit. */
export const described = (known: Known, entries: readonly TimelineEntry[]): Promise<TimelineEntry[]> =>
  mapLimit(AT_ONCE, entries, (entry) => describe(known, entry));
