/** The images of a plan: which to deploy, whether each still exists, and what to do if it does not. */
import type { Release, ReleasedComponent } from "../../../schemas/answer.ts";
import { type PinnedImage, referenceOf } from "../../../schemas/pinned-image.ts";
import type { Blocker, PlannedComponent, PlanWarning, Rebuild } from "../../../schemas/plan.ts";
import { fold } from "../../../schemas/scalars.ts";
import { newestFirst } from "../../ledger/canonical.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { buildsOfCommit } from "../../queries/images/builds-of-commit.ts";
import { holdersOf } from "../../queries/images/image-graph.ts";
import type { Question } from "../../queries/question.ts";
import { isSameSlot } from "../../queries/release/slots.ts";
import type { DeployedBy } from "../deployers/own-tools.ts";

/** An image to copy back from another repository that still holds it. */
export interface Copy {
  readonly from: string;
  readonly to: string;
}

interface Planned {
  readonly component: PlannedComponent;
  readonly copies: readonly Copy[];
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly PlanWarning[];
}

export interface Artifacts {
  readonly components: PlannedComponent[];
  readonly copies: Copy[];
  readonly blockers: Blocker[];
  readonly warnings: PlanWarning[];
}

export interface ArtifactOptions {
  /** Digests of images that may replace images that are gone. */
  readonly accepted: ReadonlySet<string>;
  /** What the service may be deployed by. */
  readonly by: readonly DeployedBy[];
}

export const nameOf = ({ component, variant }: { component: string; variant?: string }): string =>
  variant === undefined ? component : `${component} (${variant})`;

/**
 * The component that serves now in this slot (same variant); otherwise the only one of that name. A variant without
 * traffic does not serve.
 */
function runningNow(component: ReleasedComponent, current: Release | undefined) {
  const same = (current?.components ?? []).filter(
    ({ weight, component: name }) => weight !== 0 && fold(name) === fold(component.component),
  );
  return same.find((one) => isSameSlot(one, component)) ?? (same.length === 1 ? same[0] : undefined);
}

/** The image in the repository it was deployed from or, if that is unknown, in any repository that has it. */
function imageOf({ repository, digest, heldBy }: ReleasedComponent): PinnedImage | undefined {
  if (digest === null) return undefined;
  const holder = heldBy.find(({ availability }) => availability === "available") ?? heldBy[0];
  const from = repository ?? holder?.repository;
  return from === undefined ? undefined : { repository: from, digest };
}

/* Images that are gone */

function rebuildOf({ commit, build }: ReleasedComponent, target: Release): Rebuild {
  return {
    ...(commit?.repository === undefined ? {} : { repository: commit.repository }),
    ...(commit === null ? {} : { sha: commit.sha }),
    ...(build === null ? {} : { url: build.url }),
    ...(target.url === null ? {} : { deployment: target.url }),
  };
}

/** Another image of the same commit that this repository still has: the newest build. */
async function substituteFor(
  question: Question,
  { digest, commit }: ReleasedComponent,
  repository: string,
): Promise<{ digest: string; image: string } | undefined> {
  if (digest === null || commit === null) return undefined;
  const { images } = question;
  const own = await images.family(digest);
  const builds = (await buildsOfCommit(question, commit.sha))
    .filter((built) => !own.members.has(built.digest))
    .sort(newestFirst);
  const digests = [...new Set(builds.map((fact) => fact.digest))];
  const held = await mapLimit(AT_ONCE, digests, async (one) => {
    const family = await images.family(one);
    const holders = await holdersOf(images, family);
    const isThere = holders.some(
      (holder) => holder.repository === repository && holder.availability === "available",
    );
    return isThere && family.pullable !== undefined ? family.pullable : undefined;
  });
  const found = held.find((one) => one !== undefined);
  return found === undefined
    ? undefined
    : { digest: found, image: referenceOf({ repository, digest: found }) };
}

const described = (rebuild: Rebuild): string => {
  const parts = [
    rebuild.sha && `commit ${rebuild.sha}`,
    rebuild.repository && `of ${rebuild.repository}`,
    rebuild.url && `built by ${rebuild.url}`,
    rebuild.deployment && `deployed by ${rebuild.deployment}`,
  ].filter((one) => one !== undefined && one !== "");
  return parts.length === 0 ? "no fact names its commit" : parts.join(", ");
};

async function gone(
  question: Question,
  target: Release,
  component: ReleasedComponent,
  image: PinnedImage,
  accepted: ReadonlySet<string>,
): Promise<Pick<Planned, "blockers" | "warnings"> & { more: Partial<PlannedComponent> }> {
  const rebuild = rebuildOf(component, target);
  const substitute = await substituteFor(question, component, image.repository);
  const of = nameOf(component);
  const missing = `${of}: ${referenceOf(image)} was deleted, and no other repository is known to have it`;
  if (substitute === undefined) {
    const message = `${missing}; build it again (${described(rebuild)})`;
    return { more: { rebuild }, blockers: [{ code: "image_gone", message }], warnings: [] };
  }
  const warning: PlanWarning = {
    code: "not_identical",
    message: `${of}: ${substitute.image} was built from the same commit, but it is not the image that ran`,
  };
  if (accepted.has(substitute.digest)) {
    return { more: { rebuild, substitute, image: substitute.image }, blockers: [], warnings: [warning] };
  }
  const message = `${missing}; accept ${substitute.digest}, which was built from the same commit (acceptSubstitute=${substitute.digest}), or build it again (${described(rebuild)})`;
  return { more: { rebuild, substitute }, blockers: [{ code: "image_gone", message }], warnings: [warning] };
}

/** Another copy does not help: the registry has this image already, and only has to restore it. */
function archived(known: PlannedComponent, image: PinnedImage, restore: readonly string[]): Planned {
  const how = restore.length === 0 ? "" : `: ${restore.join("; ")}`;
  const message = `${nameOf(known)}: ${image.repository} has archived ${image.digest}; restore it there${how}`;
  return {
    component: restore.length === 0 ? known : { ...known, restore: [...restore] },
    copies: [],
    blockers: [{ code: "image_archived", message }],
    warnings: [],
  };
}

/* Each component */

/** A component of a service without images: what it is deployed by. */
const isBare = ({ digest, commit }: ReleasedComponent, by: readonly DeployedBy[]): boolean =>
  (digest !== null && by.includes("digest")) || (commit !== null && by.includes("commit"));

/** Why a component has no image that could be deployed. */
function noImage(component: ReleasedComponent, by: readonly DeployedBy[]): Blocker[] {
  if (isBare(component, by)) return [];
  const of = nameOf(component);
  if (component.digest === null && component.candidates.length === 0 && by.includes("commit")) {
    return [{ code: "commit_unknown", message: `${of}: no fact names the commit that ran` }];
  }
  if (component.digest !== null) {
    const message = `${of}: no fact names a repository of ${component.digest}`;
    return [{ code: "image_in_no_repository", message }];
  }
  if (component.resolvedBy !== "none") {
    const message = `${of}: only the config digest ${component.reported} is known, and several manifests contain it`;
    return [{ code: "image_not_pullable", message }];
  }
  const named = component.candidates.map(({ digest }) => digest);
  const message =
    named.length === 0
      ? `${of}: no fact names the image that ran`
      : `${of}: it ran one of ${named.join(", ")}; find out which, and ask with digest=…`;
  return [{ code: "digest_unresolved", message }];
}

const resolved = ({ resolvedBy, ...component }: ReleasedComponent): PlanWarning[] => {
  if (resolvedBy === "digest" || resolvedBy === "none") return [];
  const message = `${nameOf(component)}: its deployment names no digest; it was resolved by ${resolvedBy}`;
  return [{ code: `resolved_by_${resolvedBy}`, message }];
};

async function planned(
  question: Question,
  target: Release,
  component: ReleasedComponent,
  current: Release | undefined,
  { accepted, by }: ArtifactOptions,
): Promise<Planned> {
  const pinned = imageOf(component);
  const image = pinned === undefined ? null : referenceOf(pinned);
  const { variant, weight, digest } = component;
  const plain: PlannedComponent = {
    component: component.component,
    ...(variant === undefined ? {} : { variant }),
    ...(weight === undefined ? {} : { weight }),
    from: runningNow(component, current)?.digest ?? null,
    to: digest,
    image,
    availability: component.availability,
  };
  const warnings = resolved(component);
  if (pinned === undefined || image === null) {
    return { component: plain, copies: [], blockers: noImage(component, by), warnings };
  }
  const { repository } = pinned;
  const holders = component.heldBy.filter(({ availability }) => availability === "available");
  const held = component.heldBy.find((one) => one.repository === repository);
  const known: PlannedComponent = { ...plain, availability: held?.availability ?? "unknown" };
  if (known.availability === "archived") {
    const blocked = archived(known, pinned, held?.restore ?? []);
    return { ...blocked, warnings };
  }
  if (known.availability === "unknown") {
    const message = `${nameOf(component)}: no fact says whether ${image} still exists; check before you begin (check=registry)`;
    warnings.push({ code: "availability_unknown", message });
  }
  if (known.availability !== "deleted") return { component: known, copies: [], blockers: [], warnings };
  const holder = holders[0];
  if (holder !== undefined) {
    const copy = { from: referenceOf({ ...pinned, repository: holder.repository }), to: image };
    return { component: known, copies: [copy], blockers: [], warnings };
  }
  const lost = await gone(question, target, component, pinned, accepted);
  return {
    component: { ...known, ...lost.more },
    copies: [],
    blockers: lost.blockers,
    warnings: [...warnings, ...lost.warnings],
  };
}

/** Components that run now and did not run then. No step removes them. */
export const cameLater = (target: Release, current: Release | undefined): ReleasedComponent[] =>
  (current?.components ?? []).filter(
    (one) => !target.components.some((then) => fold(then.component) === fold(one.component)),
  );

const remains = (component: ReleasedComponent): PlanWarning => ({
  code: "component_came_later",
  message: `${nameOf(component)} runs now and did not run then; no step removes it`,
});

/**
 * The images to deploy. Cost: nothing more than the releases, unless an image is gone; then at most five sequential round
 * trips, for the builds of its commit and the repositories that hold them.
 */
export async function artifactsOf(
  question: Question,
  target: Release,
  current: Release | undefined,
  options: ArtifactOptions,
): Promise<Artifacts> {
  const all = await Promise.all(
    target.components.map((component) => planned(question, target, component, current, options)),
  );
  const copies = all.flatMap((one) => one.copies);
  return {
    components: all.map(({ component }) => component),
    copies: [...new Map(copies.map((copy) => [copy.to, copy])).values()],
    blockers: all.flatMap(({ blockers }) => blockers),
    warnings: [...all.flatMap(({ warnings }) => warnings), ...cameLater(target, current).map(remains)],
  };
}
