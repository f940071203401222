/** Finds the image that a plan names by digest, tag, version or commit, even one that ran elsewhere or never. */

import type { Release } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import type { Blocker } from "../../../schemas/plan.ts";
import type { ImageQuery } from "../../../schemas/questions/image-query.ts";
import { fold, partsOfTag } from "../../../schemas/scalars.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { commitPrefix } from "../../ledger/access-patterns.ts";
import { newestFirst } from "../../ledger/canonical.ts";
import { all, EVER, history } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { allKnownNames, take } from "../../ledger/names/directories.ts";
import { areSame, nameAt, namedBy } from "../../ledger/names/renames.ts";
import { type Built, buildsOfCommit } from "../../queries/images/builds-of-commit.ts";
import { pushesProving } from "../../queries/images/image-graph.ts";
import { tag as tagAnswer } from "../../queries/images/tag.ts";
import type { Question, Selector } from "../../queries/question.ts";
import { type Description, ownImagesOf } from "../../queries/service-description.ts";
import { currentRelease, LAST } from "./current-release.ts";

/** A deployment that names a tag or a commit whose image no other fact names. */
interface Deployed {
  readonly environment: string;
  readonly at: string;
}

/** What one or several selectors mean: these images, or else this deployment. */
interface Meaning {
  /** In words: `tag 1.4.2 of ghcr.io/acme/billing`. */
  readonly what: string;
  /** One digest for each image. */
  readonly digests: readonly string[];
  readonly deployed?: Deployed | undefined;
  /** Why there is no image. */
  readonly why?: string;
}

export type NamedImage =
  | { readonly is: "image"; readonly digest: string }
  | { readonly is: "deployment"; readonly deployed: Deployed }
  | { readonly is: "blocked"; readonly blocker: Blocker }
  | { readonly is: "contradiction"; readonly message: string };

/** A service in an environment, with what is known of it. */
export interface Subject {
  readonly selector: Selector;
  readonly current: Release;
  readonly description: Description | undefined;
}

/* The service's own repositories and environments */

const ENVIRONMENTS_MAX = 16;

/** The other environments that the service is known in. */
export async function otherPlaces(
  question: Question,
  { environment, service }: Selector,
): Promise<Selector[]> {
  const names = await allKnownNames(question, { of: "places", service: fold(service) });
  return names
    .filter(({ name }) => name !== fold(environment))
    .slice(0, ENVIRONMENTS_MAX)
    .map(({ shown }) => ({ environment: shown, service }));
}

const repositoriesIn = ({ components }: Release): string[] =>
  components.flatMap(({ repository }) => repository ?? []);

/**
 * The repositories of a service's images, by their current names: those of its description and those that it runs from
 * here; if there are none, those that it runs from in other environments.
 */
export async function ownRepositories(
  question: Question,
  { selector, current, description }: Subject,
): Promise<string[]> {
  const renames = await question.images.renames();
  const described = [
    ...ownImagesOf(description),
    ...(description?.workloads ?? []).flatMap(({ repository }) =>
      repository === undefined || description === undefined ? [] : [namedBy(description, repository)],
    ),
  ].map((one) => nameAt(renames, one));
  const here = [...new Set([...described, ...repositoriesIn(current)])];
  if (here.length > 0) return here;
  const elsewhere = await mapLimit(AT_ONCE / 4, await otherPlaces(question, selector), (place) =>
    currentRelease(question, place),
  );
  return [...new Set(elsewhere.flatMap((one) => (one === undefined ? [] : repositoriesIn(one))))];
}

/* By tag and version */

/** The newest deployments of a service in one environment that are searched for a tag. */
const DEPLOYMENTS_MAX = 1000;

const isDeployment = (fact: Fact): fact is FactOf<"deployment.succeeded" | "deployment.observed"> =>
  fact.kind === "deployment.succeeded" || fact.kind === "deployment.observed";

/** Deployments that name one of these tags, where no push of it is known: the newest one counts. */
async function deployedAs(
  question: Question,
  { selector }: Subject,
  tags: readonly string[],
  repository: string | undefined,
): Promise<Pick<Meaning, "digests" | "deployed">> {
  const places = [selector, ...(await otherPlaces(question, selector))];
  const partitions = places.flatMap(({ environment, service }) =>
    (["run", "observed"] as const).map(
      (of) => ({ of, environment: fold(environment), service: fold(service) }) as const,
    ),
  );
  const isMeant = (one: { tag?: string; repository?: string }): boolean =>
    one.tag !== undefined &&
    tags.includes(one.tag) &&
    (repository === undefined || one.repository === undefined || one.repository === repository);
  const found = await mapLimit(AT_ONCE, partitions, async (partition) => {
    const { taken } = await take(
      history(question, partition, { to: EVER, descending: true }),
      DEPLOYMENTS_MAX,
    );
    return taken.filter(isDeployment).filter(({ components = [] }) => components.some(isMeant));
  });
  const [newest] = found.flat().sort(newestFirst);
  if (newest === undefined) return { digests: [] };
  const digests = (newest.components ?? []).filter(isMeant).flatMap(({ digest }) => digest ?? []);
  const { environment, occurredAt: at } = newest;
  return digests.length > 0 ? { digests } : { digests, deployed: { environment, at } };
}

async function byTag(
  question: Question,
  subject: Subject,
  tags: readonly string[],
  named: string | undefined,
): Promise<Meaning> {
  const [first = ""] = tags;
  const repositories = named === undefined ? await ownRepositories(question, subject) : [named];
  const where = repositories.length === 0 ? "" : ` of ${repositories.join(" or ")}`;
  const what = `tag ${first}${where}`;
  const asked = repositories.flatMap((repository) => tags.map((tag) => ({ repository, tag })));
  const answers = await mapLimit(AT_ONCE / 4, asked, (one) => tagAnswer({ ...question, at: LAST }, one));
  const known = answers.filter((answer) => answer !== undefined);
  const digests = known.flatMap(({ digest }) => digest ?? []);
  if (digests.length > 0) return { what, digests };
  const [gone] = known;
  if (gone !== undefined) {
    const last = gone.history.find(({ digest }) => digest !== null)?.digest;
    const pointed = last == null ? "" : `; it pointed at ${last}: ask with digest=${last}`;
    return {
      what,
      digests,
      why: `tag ${gone.tag} of ${gone.repository} was deleted at ${gone.since}${pointed}`,
    };
  }
  const deployed = await deployedAs(question, subject, tags, named);
  if (deployed.digests.length > 0 || deployed.deployed !== undefined) return { what, ...deployed };
  const hint =
    repositories.length === 0
      ? `, and no repository of ${subject.selector.service} is known: ask with tag=<repository>:${first}`
      : "; check its spelling, or ask with digest=…";
  return { what, digests, why: `no push and no deployment names ${what}${hint}` };
}

/** A version as tags have it: with and without the letter. */
const tagsOfVersion = (version: string): string[] => {
  const bare = version.replace(/^v(?=\d)/, "");
  return [...new Set([version, bare, `v${bare}`])];
};

/* By commit */

async function byCommit(question: Question, subject: Subject, sha: string): Promise<Meaning> {
  const [builds, deployments, own, renames] = await Promise.all([
    buildsOfCommit(question, sha),
    all(question, { of: "commit", prefix: commitPrefix(sha), aspect: "deployed" }),
    ownRepositories(question, subject),
    question.images.renames(),
  ]);
  const what = `commit ${sha}`;
  const service = fold(subject.selector.service);
  const isOurs = async (built: Built): Promise<boolean> => {
    if (built.service !== undefined) return fold(built.service) === service;
    const named = built.repository === undefined ? [] : [namedBy(built, built.repository)];
    const pushes = pushesProving(await question.images.family(built.digest));
    const held = [...named, ...pushes.map((push) => namedBy(push, push.repository))];
    const isOwn = own.some((repository) =>
      held.some((one) => areSame(renames, one, { repository, at: EVER })),
    );
    return isOwn || own.length === 0 || held.length === 0;
  };
  const counted = await Promise.all(builds.map(isOurs));
  const digests = builds.filter((_, n) => counted[n]).map(({ digest }) => digest);
  if (digests.length > 0) return { what, digests };
  const ran = deployments
    .filter(isDeployment)
    .filter((fact) => fold(fact.service) === service && isSameCommit(fact.commit?.sha ?? "?", sha))
    .sort(newestFirst);
  const [newest = undefined] = [
    ...ran.filter((one) => fold(one.environment) === fold(subject.selector.environment)),
    ...ran,
  ];
  if (newest !== undefined)
    return { what, digests, deployed: { environment: newest.environment, at: newest.occurredAt } };
  const others = builds.flatMap(({ repository, service: of }) => repository ?? of ?? []);
  const why =
    others.length > 0
      ? `${what} built images of ${[...new Set(others)].join(", ")}, and none of ${subject.selector.service}`
      : `no build and no deployment names ${what}; commits inside a merged change are known only by the build that contains them`;
  return { what, digests, why };
}

/* By digest */

/** Whether any fact names a digest. */
async function byDigest(question: Question, digest: string): Promise<Meaning> {
  const aspects = ["image", "deployed", "task", "migrated"] as const;
  const found = await mapLimit(AT_ONCE, aspects, async (aspect) => {
    const { taken } = await take(history(question, { of: "digest", digest, aspect }, { to: EVER }), 1);
    return taken.length > 0;
  });
  return found.includes(true)
    ? { what: digest, digests: [digest] }
    : { what: digest, digests: [], why: `no fact names ${digest}; check its spelling, or ask with at=…` };
}

/* Together */

const meaningsOf = (
  question: Question,
  subject: Subject,
  { digest, tag, version, commit }: ImageQuery,
): Promise<Meaning[]> => {
  const parts = tag === undefined ? undefined : partsOfTag(tag);
  return Promise.all([
    ...(digest === undefined ? [] : [byDigest(question, digest)]),
    ...(parts === undefined ? [] : [byTag(question, subject, [parts.tag], parts.repository)]),
    ...(version === undefined ? [] : [byTag(question, subject, tagsOfVersion(version), undefined)]),
    ...(commit === undefined ? [] : [byCommit(question, subject, commit)]),
  ]);
};

/** The images of a meaning: the digest to pull, with the related ones. */
async function imagesMeant({ images }: Question, { digests }: Meaning): Promise<string[]> {
  const families = await mapLimit(AT_ONCE, [...new Set(digests)], (digest) => images.family(digest));
  return [...new Set(families.map(({ digest, pullable }) => pullable ?? digest))].sort();
}

const blocked = (code: "image_unknown" | "image_ambiguous", message: string): NamedImage => ({
  is: "blocked",
  blocker: { code, message },
});

/** The image that all selectors of a query mean. */
export async function namedImage(
  question: Question,
  subject: Subject,
  query: ImageQuery,
): Promise<NamedImage> {
  const meanings = await meaningsOf(question, subject, query);
  const unknown = meanings.flatMap(({ why }) => why ?? []);
  if (unknown.length > 0) return blocked("image_unknown", unknown.join("; "));
  const named = await Promise.all(meanings.map((one) => imagesMeant(question, one)));
  const withImages = named.filter((images) => images.length > 0);
  const common = (withImages[0] ?? []).filter((one) => withImages.every((images) => images.includes(one)));
  if (withImages.length === 0) {
    const deployed = meanings.find((one) => one.deployed !== undefined)?.deployed;
    if (deployed !== undefined) return { is: "deployment", deployed };
  }
  const said = meanings.map(({ what }, n) => `${what} means ${named[n]?.join(" or ") || "an unknown image"}`);
  if (common.length === 0)
    return { is: "contradiction", message: `${said.join("; ")}: leave one of them out` };
  const [digest = ""] = common;
  if (common.length === 1) return { is: "image", digest };
  return blocked("image_ambiguous", `${said.join("; ")}; find out which, and ask with digest=…`);
}
