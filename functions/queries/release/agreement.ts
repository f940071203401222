/**
 * Agreement: whether what the runtime shows of a component is what its claim named. An observation that agrees explains
 * the claim and does not replace it.
 */
import type { Fact } from "../../../schemas/fact.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { canonical } from "../../ledger/canonical.ts";
import { commitOf, digestsIn, isOpaque } from "../images/image-graph.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import type { ResolvedComponent } from "./resolved-component.ts";
import { matched } from "./slots.ts";

const hasDigest = ({ resolution, family }: ResolvedComponent, digest: string): boolean =>
  family?.members.has(digest) === true || resolution.candidates.some((one) => one.digest === digest);

async function holdsCandidate(
  { images }: ResolveContext,
  { resolution }: ResolvedComponent,
  digest: string,
): Promise<boolean> {
  const families = await Promise.all(resolution.candidates.map((one) => images.family(one.digest)));
  return families.some(({ members }) => members.has(digest));
}

/** Whether every digest that an entry shows may be one of these images; false if it shows no digest. */
export async function isAmong(
  context: ResolveContext,
  { resolution }: ResolvedComponent,
  images: readonly ResolvedComponent[],
): Promise<boolean> {
  const digests = resolution.digest === undefined ? [] : shownDigests(resolution.stated, resolution.digest);
  const held = digests.map(async (digest) => {
    const ones = images.map(
      async (one) => hasDigest(one, digest) || (await holdsCandidate(context, one, digest)),
    );
    return (await Promise.all(ones)).includes(true);
  });
  return digests.length > 0 && (await Promise.all(held)).every(Boolean);
}

/** The digests that an observed entry names or, if it names none, the one that its tag was resolved to. */
const shownDigests = (stated: ResolvedComponent["resolution"]["stated"], digest: string): string[] =>
  stated.digest === undefined ? [digest] : digestsIn(stated);

/** Whether an observation of a component agrees with its claim: by deployment, by image, or by commit. */
export async function agrees(
  context: ResolveContext,
  seen: readonly ResolvedComponent[],
  claimed: readonly ResolvedComponent[],
): Promise<boolean> {
  const [claim] = claimed;
  const [observation] = seen;
  if (claim === undefined || observation === undefined) return false;
  if (isSameDeployment(observation.by, claim.by)) return true;
  // A claim that names no image and no commit cannot be contradicted.
  if (claim.by.commit === undefined && claimed.every(namesNothing)) return true;
  const nothingKnown = claimed.every(
    ({ resolution }) => resolution.digest === undefined && resolution.candidates.length === 0,
  );
  const matches = await Promise.all(
    seen.map(async (one) => {
      if (await isOpaque(context.images, one.resolution.stated)) return true;
      if (one.resolution.digest === undefined) return nothingKnown && isSameWithoutImage(one, claimed);
      return nothingKnown ? isBuiltFrom(one, claim.by.commit?.sha) : isAmong(context, one, claimed);
    }),
  );
  return matches.every(Boolean);
}

const isSameDeployment = (a: Fact, b: Fact): boolean =>
  "deployment" in a &&
  "deployment" in b &&
  a.deployment !== undefined &&
  canonical(a.deployment) === canonical(b.deployment ?? null);

const namesNothing = ({ resolution: { stated, digest, candidates } }: ResolvedComponent): boolean =>
  digest === undefined &&
  candidates.length === 0 &&
  stated.tag === undefined &&
  stated.repository === undefined;

/** Whether an observation and a claim that both show no image name the same commit or, if one names none, the same tag. */
function isSameWithoutImage(
  { by, resolution: { stated, candidates } }: ResolvedComponent,
  claimed: readonly ResolvedComponent[],
): boolean {
  if (candidates.length > 0) return false;
  const [claim] = claimed;
  const [seen, said] = [by.commit?.sha, claim?.by.commit?.sha];
  if (seen !== undefined && said !== undefined) return isSameCommit(seen, said);
  const isSameTag = ({ resolution }: ResolvedComponent) =>
    resolution.stated.tag === stated.tag && resolution.stated.repository === stated.repository;
  return stated.tag !== undefined && claimed.some(isSameTag);
}

function isBuiltFrom({ family }: ResolvedComponent, sha: string | undefined): boolean {
  const commits = family === undefined ? [] : commitOf(family).commits;
  const [only] = commits;
  return sha !== undefined && commits.length === 1 && only !== undefined && isSameCommit(only.sha, sha);
}

const slotted = (shown: readonly ResolvedComponent[]) =>
  shown.map((one) => ({
    component: one.resolution.stated.component,
    variant: one.resolution.stated.variant,
    one,
  }));

/**
 * The entries of a component whose observation agrees with its claim: those of the claim, each with the digest that the
 * runtime reports, as far as the claim's image is known; else the observed ones, which show what the claim did not name.
 */
export async function explained(
  context: ResolveContext,
  seen: readonly ResolvedComponent[],
  claimed: readonly ResolvedComponent[],
): Promise<readonly ResolvedComponent[]> {
  const pairs = matched(slotted(claimed), slotted(seen));
  if (pairs === undefined) return seen;
  const entries = await Promise.all(
    pairs.map(async ([{ one: claim }, { one: look }]): Promise<ResolvedComponent[]> => {
      const { digest } = claim.resolution;
      const reported = look.resolution.digest;
      const isOpen = reported === undefined || (await isOpaque(context.images, look.resolution.stated));
      const isKnown = digest !== undefined || claim.resolution.candidates.length > 0;
      if (isKnown && isOpen) return [withLook(claim, look)];
      return digest !== undefined && (await isAmong(context, look, [claim])) ? [withLook(claim, look)] : [];
    }),
  );
  return entries.every(({ length }) => length > 0) ? entries.flat() : seen;
}

const withLook = (claim: ResolvedComponent, look: ResolvedComponent): ResolvedComponent => ({
  ...claim,
  seen: look,
});
