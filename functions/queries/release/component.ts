/** One component of a release: its image, the repositories that hold it, and its commit. */
import type { KnownCommit, ReleasedComponent, Warning } from "../../../schemas/answer.ts";
import type { Fact } from "../../../schemas/fact.ts";
import { referenceOf } from "../../../schemas/pinned-image.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { nameAt, namedBy, type Renames } from "../../ledger/names/renames.ts";
import { commitOf, firstPush, type Holder, heldIn, holdersOf } from "../images/image-graph.ts";
import type { Question } from "../question.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import type { Claim, Observation } from "./effective-deployments.ts";
import { digestOf } from "./reconcile.ts";
import type { ResolvedComponent } from "./resolved-component.ts";

export interface Described {
  readonly component: ReleasedComponent;
  readonly warnings: readonly Warning[];
  /** The facts that it rests on: those that resolved it, the build and the first push of its image. */
  readonly facts: readonly Fact[];
}

const claimedCommit = (by: Claim | Observation | undefined): KnownCommit | undefined =>
  by?.commit === undefined ? undefined : { ...by.commit, evidence: "deployment" };

function pickRepository(
  { resolution, by }: ResolvedComponent,
  renames: Renames,
  holders: readonly Holder[],
): string | null {
  if (resolution.repository !== undefined) return resolution.repository;
  const { repository } = resolution.stated;
  if (repository !== undefined) return nameAt(renames, namedBy(by, repository));
  return holders.length === 1 ? (holders[0]?.repository ?? null) : null;
}

function tieWarning({ tie, resolution: { stated } }: ResolvedComponent): Warning[] {
  if (tie === undefined) return [];
  const facts = tie.map(({ source, id }) => `${source} ${id}`).join(", ");
  const message = `component ${stated.component}: ${facts} differ and have one time, and nobody says which came first`;
  return [{ code: "tie", message }];
}

/** Warnings about a component that is not exactly known. */
function doubts(
  shown: ResolvedComponent,
  commits: readonly KnownCommit[],
  stated: KnownCommit | undefined,
): Warning[] {
  const { resolution, family } = shown;
  const of = `component ${resolution.stated.component}`;
  const [only] = commits;
  const warnings = tieWarning(shown);
  if (resolution.digest === undefined) {
    const named = resolution.candidates.length;
    const message = `${of} runs an image whose digest is unresolved; there are ${named} candidates`;
    warnings.push({ code: "digest_unresolved", message });
  } else if (family?.pullable === undefined) {
    const message = `${of}: only the config digest ${resolution.digest} is known, and several manifests hold it`;
    warnings.push({ code: "image_not_pullable", message });
  }
  if (commits.length > 1) {
    warnings.push({
      code: "commit_tie",
      message: `${of}: equally strong evidence names ${commits.length} commits`,
    });
  } else if (only !== undefined && stated !== undefined && !isSameCommit(only.sha, stated.sha)) {
    const message = `${of}: built from ${only.sha}, but its deployment names ${stated.sha}`;
    warnings.push({ code: "commit_mismatch", message });
  }
  return warnings;
}

/** The name of a component, and the digest that it ran. */
function named({ resolution: { stated, digest }, seen }: ResolvedComponent, pullable: string | null) {
  // What the runtime reports is told first: a deployer reports what it asked for.
  const reported = [seen?.resolution.digest, digest].find((one) => one !== undefined && one !== pullable);
  return {
    component: stated.component,
    ...(stated.variant === undefined ? {} : { variant: stated.variant }),
    ...(stated.weight === undefined ? {} : { weight: stated.weight }),
    digest: pullable,
    ...(reported === undefined ? {} : { reported }),
  };
}

/** The repositories of the image, its tags by then, and its availability. @param stated the tag that its deployment names */
function held(
  holders: readonly Holder[],
  repository: string | null,
  digest: string | null,
  { at, stated }: { at: string; stated: string | undefined },
) {
  const holder = holders.find((one) => one.repository === repository);
  const pushes = holder?.pushes ?? [];
  const pushed = pushes.flatMap(({ tag, occurredAt }) => (tag === undefined || occurredAt > at ? [] : [tag]));
  const tags = digest === null && stated !== undefined ? [stated] : pushed;
  return {
    image: repository !== null && digest !== null ? referenceOf({ repository, digest }) : null,
    repository,
    tags: [...new Set(tags)].sort(),
    pushedAt: firstPush({ pushes })?.occurredAt ?? null,
    availability: holder?.availability ?? ("unknown" as const),
    heldBy: holders.map(heldIn),
  };
}

const rebuildOf = ({ repository, sha }: KnownCommit, url: string | undefined) => ({
  ...(repository === undefined ? {} : { repository }),
  sha,
  ...(url === undefined ? {} : { url }),
});

/** An image as a component that would run it. @param repository where it is to be pulled from, if known */
export async function imageAsComponent(
  { images, at }: Question,
  component: string,
  digest: string,
  repository: string | null,
): Promise<ReleasedComponent> {
  const family = await images.family(digest);
  const holders = await holdersOf(images, family);
  const { commits, build } = commitOf(family);
  const pullable = family.pullable ?? null;
  return {
    component,
    digest: pullable,
    ...(pullable === digest ? {} : { reported: digest }),
    ...held(holders, repository, pullable, { at, stated: undefined }),
    resolvedBy: "digest",
    candidates: [],
    commit: commits.length > 1 ? null : (commits[0] ?? null),
    commitCandidates: commits.length > 1 ? commits : [],
    build: build?.url === undefined ? null : { url: build.url },
  };
}

/** Describes a component. @param meant the deployment whose commit applies to this image; absent if they disagree */
export async function describeComponent(
  context: ResolveContext,
  shown: ResolvedComponent,
  meant: Claim | undefined,
): Promise<Described> {
  const { resolution, by, family } = shown;
  const digest = digestOf(shown);
  const holders = family === undefined || digest === null ? [] : await holdersOf(context.images, family);
  const { commits, build } = family === undefined ? { commits: [], build: undefined } : commitOf(family);
  const isCertain =
    shown.tie === undefined ||
    shown.tie.every((one) => one.kind === "deployment.removed" || one.commit?.sha === by.commit?.sha);
  const deployed = !isCertain
    ? undefined
    : (claimedCommit(by.kind === "deployment.observed" && by.commit !== undefined ? by : meant) ??
      claimedCommit(shown.seen?.by));
  const commit = commits.length > 1 ? null : (commits[0] ?? deployed ?? null);
  const image = held(holders, pickRepository(shown, await context.images.renames(), holders), digest, {
    at: context.at,
    stated: resolution.stated.tag,
  });
  const component: ReleasedComponent = {
    ...named(shown, digest),
    ...image,
    resolvedBy: resolution.by,
    candidates: [...resolution.candidates],
    commit,
    commitCandidates: commits.length > 1 ? commits : [],
    build: build?.url === undefined ? null : { url: build.url },
    ...(image.availability === "deleted" && commit !== null
      ? { rebuild: rebuildOf(commit, build?.url) }
      : {}),
  };
  const push = holders.find(({ repository }) => repository === image.repository)?.pushes[0];
  const facts = [...resolution.facts, build, push].filter((fact) => fact !== undefined);
  return { component, warnings: doubts(shown, commits, deployed), facts };
}
