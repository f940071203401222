/**
 * Mentions of an image: the facts that name one of its digests, and those that name its tag or its commit instead. The
 * latter may have meant another image; the releases decide.
 */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { commitPrefix } from "../../ledger/access-patterns.ts";
import { byOrder, canonical } from "../../ledger/canonical.ts";
import { all, distinct, EVER, history } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { take } from "../../ledger/names/directories.ts";
import { namesOf } from "../../ledger/names/directory-names.ts";
import { allNames } from "../../ledger/names/name-pages.ts";
import { areSame, nameAt, namedBy, spansOf } from "../../ledger/names/renames.ts";
import type { Partition } from "../../ledger/store.ts";
import type { Question } from "../question.ts";
import { claimsAround, hasTasks } from "../release/rollout.ts";
import type { Family } from "./image-graph.ts";
import { movesOf, pointsAt } from "./tag-history.ts";

/** Maximum number of facts that one reading takes, the newest ones: one page. */
const FACTS_MAX = 1000;
/** Maximum number of tags, and of changes of one tag, that are followed. */
const TAGS_MAX = 100;
/** Each of them makes several requests at once. */
const TAGS_AT_ONCE = 4;

const KINDS = [
  "deployment.started",
  "deployment.succeeded",
  "deployment.failed",
  "deployment.removed",
  "deployment.observed",
  "task.observed",
] as const;
export type Ran = FactOf<(typeof KINDS)[number]>;
const kinds: ReadonlySet<string> = new Set(KINDS);
export const isRan = (fact: Fact): fact is Ran => kinds.has(fact.kind);

export interface Mentions {
  readonly facts: readonly Ran[];
  /** Whether there are more than were read. */
  readonly isCut: boolean;
}

const joined = (found: readonly Mentions[]): Mentions => ({
  facts: distinct(found.flatMap(({ facts }) => facts)),
  isCut: found.some(({ isCut }) => isCut),
});

interface Span {
  readonly from?: string;
  readonly to: string;
}

async function read(question: Question, partition: Partition, span: Span): Promise<Mentions> {
  const { taken, more } = await take(history(question, partition, { ...span, descending: true }), FACTS_MAX);
  return { facts: taken.filter(isRan), isCut: more };
}

/** The facts up to a moment that name any of these digests. */
async function mentionsOfDigests(
  question: Question,
  digests: readonly string[],
  to: string,
): Promise<Mentions> {
  const partitions = digests.flatMap((digest) =>
    (["deployed", "task"] as const).map((aspect) => ({ of: "digest", digest, aspect }) as const),
  );
  return joined(await mapLimit(AT_ONCE, partitions, (partition) => read(question, partition, { to })));
}

/** The facts about every digest of an image. Its family has those of the digests that can be pulled. */
async function factsOf(question: Question, { members, facts }: Family): Promise<Fact[]> {
  const missing = [...members].filter((digest) => !facts.has(digest));
  const more = await mapLimit(AT_ONCE, missing, (digest) =>
    all(question, { of: "digest", digest, aspect: "image" }),
  );
  return [...[...facts.values()].flat(), ...more.flat()];
}

const isMove = (fact: Fact): fact is FactOf<"artifact.pushed" | "artifact.deleted" | "artifact.restored"> =>
  fact.kind === "artifact.pushed" || fact.kind === "artifact.deleted" || fact.kind === "artifact.restored";

/** When a tag pointed at an image. */
async function spansOfTag(
  question: Question,
  { members }: Family,
  { repository, tag }: { repository: string; tag: string },
  to: string,
): Promise<{ spans: Span[]; isCut: boolean }> {
  const renames = await question.images.renames();
  const moves = movesOf(question, renames, { repository, at: EVER }, tag, to);
  const { taken, more } = await take(moves, TAGS_MAX);
  const oldestFirst = taken.toReversed().filter(isMove);
  const spans = oldestFirst.flatMap((move, n): Span[] => {
    const digest = pointsAt(move);
    if (digest === undefined || !members.has(digest)) return [];
    // Repositories that have one name now may have been two then.
    const here = namedBy(move, move.repository);
    const next = oldestFirst
      .slice(n + 1)
      .find((later) => areSame(renames, namedBy(later, later.repository), here));
    return [{ from: move.occurredAt, to: next?.occurredAt ?? to }];
  });
  return { spans, isCut: more };
}

/** Deployments and observations that name a tag while it pointed at the image, in its repository or in none. */
async function mentionsOfTags(
  question: Question,
  family: Family,
  facts: readonly Fact[],
  to: string,
): Promise<Mentions> {
  const renames = await question.images.renames();
  const tags = facts.flatMap((fact) =>
    (fact.kind === "artifact.pushed" || fact.kind === "artifact.restored") && fact.tag !== undefined
      ? [{ repository: nameAt(renames, namedBy(fact, fact.repository)), tag: fact.tag }]
      : [],
  );
  const followed = [...new Map(tags.map((one) => [`${one.repository}:${one.tag}`, one])).values()];
  const found = await mapLimit(
    TAGS_AT_ONCE,
    followed.slice(0, TAGS_MAX),
    async (tagged): Promise<Mentions> => {
      const former = spansOf(renames, { repository: tagged.repository, at: EVER });
      const repositories = [...new Set(former.map(({ name }) => name))];
      const [{ spans, isCut }, ...services] = await Promise.all([
        spansOfTag(question, family, tagged, to),
        ...repositories.map((repository) => allNames(question.store, { of: "described", repository })),
      ]);
      const partitions = [
        ...repositories.map((repository) => ({ of: "tagged", repository, tag: tagged.tag }) as const),
        ...services.flat().map(({ name: service }) => ({ of: "tagged", service, tag: tagged.tag }) as const),
      ];
      const readings = spans.flatMap((span) => partitions.map((partition) => ({ partition, span })));
      const found = await mapLimit(AT_ONCE / TAGS_AT_ONCE, readings, ({ partition, span }) =>
        read(question, partition, span),
      );
      return joined([...found, { facts: [], isCut }]);
    },
  );
  return joined([...found, { facts: [], isCut: followed.length > TAGS_MAX }]);
}

/** Deployments that name a commit which the image was built from. */
async function mentionsOfCommits(question: Question, facts: readonly Fact[], to: string): Promise<Mentions> {
  const shas = [...new Set(facts.flatMap((fact) => (fact.kind === "artifact.built" ? fact.commit.sha : [])))];
  const found = await mapLimit(AT_ONCE, shas, async (sha): Promise<Mentions> => {
    // A commit of configuration may be that of the image, too.
    const partitions = (["deployed", "configured"] as const).map(
      (aspect) => ({ of: "commit", prefix: commitPrefix(sha), aspect }) as const,
    );
    const { facts, isCut } = joined(await Promise.all(partitions.map((one) => read(question, one, { to }))));
    const own = facts.filter(
      (fact) => fact.kind === "deployment.succeeded" && isSameCommit(fact.commit?.sha ?? "?", sha),
    );
    return { facts: own, isCut };
  });
  return joined(found);
}

/** Deployments whose tasks ran the image: a deployer may report no digest. */
async function deploymentsOfTasks(question: Question, tasks: readonly Ran[], to: string): Promise<Mentions> {
  const deployments = new Map(
    tasks.flatMap(({ kind, deployment }) =>
      kind === "task.observed" && deployment !== undefined ? [[JSON.stringify(deployment), deployment]] : [],
    ),
  );
  const environments = new Set(tasks.map(({ environment }) => fold(environment)));
  const found = await mapLimit(AT_ONCE, [...deployments.values()], (deployment) =>
    read(question, { of: "deployment", deployment }, { to }),
  );
  const { facts, isCut } = joined(found);
  const own = facts.filter(
    (fact) => fact.kind === "deployment.succeeded" && environments.has(fold(fact.environment)),
  );
  return { facts: own, isCut };
}

/** The claims whose rollouts may show the image, by tasks of another deployment. */
async function claimsOfRollouts(question: Question, facts: readonly Ran[], to: string): Promise<Mentions> {
  const earliest = new Map<string, Ran>();
  for (const fact of facts.toSorted(byOrder).reverse())
    if (fact.service !== undefined) earliest.set(canonical([fact.kind, fact.deployment, fact.service]), fact);
  const found = await mapLimit(AT_ONCE, [...earliest.values()], async (fact): Promise<Mentions> => {
    const selector = { environment: fold(fact.environment), service: fold(fact.service ?? "") };
    if (!(await hasTasks(question, selector))) return { facts: [], isCut: false };
    const parts = namesOf(await allNames(question.store, { of: "service", ...selector }), "part");
    const partitions = [
      { of: "run", ...selector } as const,
      ...parts.map(({ name: components }) => ({ of: "part", ...selector, components }) as const),
    ];
    const around = claimsAround(fact.occurredAt);
    const span = { from: around.from, to: around.to < to ? around.to : to };
    return joined(await Promise.all(partitions.map((one) => read(question, one, span))));
  });
  const { facts: claims, isCut } = joined(found);
  return { facts: claims.filter(({ kind }) => kind === "deployment.succeeded"), isCut };
}

/**
 * The facts up to a moment that name the images of these families, by digest, tag, commit or tasks.
 *
 * Cost: one reading of at most 1,000 facts for each digest and commit; for each tag its changes, and one reading for each
 * repository or service that it was named for while it pointed at the image; one for each deployment of a task, and for the
 * claims around it. Six sequential round trips, seven where there are tasks.
 */
export async function mentionsOf(
  question: Question,
  families: readonly Family[],
  to: string,
): Promise<Mentions> {
  // Two sources may list an index differently: what the index holds by either may be the image that ran.
  const whole = await Promise.all(
    families.map(({ digest, pullable }) => question.images.family(pullable ?? digest)),
  );
  const images = [...new Map([...families, ...whole].map((one) => [one.digest, one])).values()];
  const digests = [...new Set(images.flatMap(({ members }) => [...members]))].sort();
  const [direct, ...indirect] = await Promise.all([
    mentionsOfDigests(question, digests, to),
    ...images.map(async (family) => {
      const facts = await factsOf(question, family);
      return joined(
        await Promise.all([
          mentionsOfTags(question, family, facts, to),
          mentionsOfCommits(question, facts, to),
        ]),
      );
    }),
  ]);
  const tasks = direct.facts.filter(({ kind }) => kind === "task.observed");
  const deployed = await deploymentsOfTasks(question, tasks, to);
  const rolledOut = await claimsOfRollouts(question, [...tasks, ...deployed.facts], to);
  return joined([direct, ...indirect, deployed, rolledOut]);
}
