/** What the gate checks about an image: each check gives reasons against it, or warnings. */

import type { GateReason, GateWarning } from "../../../schemas/answers/gate.ts";
import { backwards } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { knownName } from "../../ledger/names/directories.ts";
import { commitOf, digestsIn, type Holder, holdersOf, isStillHeld } from "../images/image-graph.ts";
import { markOf } from "../images/marks.ts";
import { restoreCommands } from "../images/restore.ts";
import { databaseState } from "../migrations/database-state.ts";
import { requirementsOf } from "../migrations/requirements.ts";
import type { Question, Selector } from "../question.ts";
import { isOlderBuild, isOlderThanCommit } from "../release/deployment-warnings.ts";
import { databasesOf, describedAt, isWithoutImages } from "../service-description.ts";
import type { Freeze } from "./freezes.ts";

/** A reason. `since`: when it began to apply, for reasons that a plan reports at most as a warning. */
export type Reason = GateReason & { readonly since?: string };

/** The result of one check. */
export interface Found {
  readonly reasons?: readonly Reason[];
  readonly warnings?: readonly GateWarning[];
}

export const refusal = (code: GateReason["code"], message: string, since?: string): Found => ({
  reasons: [{ code, message, ...(since === undefined ? {} : { since }) }],
});
/** Start time for reasons based on missing facts: they have always applied. */
export const ALWAYS = "";
const warning = (code: GateWarning["code"], message: string): Found => ({ warnings: [{ code, message }] });

/** When, by whom and why: `<time>[ by <actor>][: <reason>]`. */
export const attribution = ({
  occurredAt,
  actor,
  reason,
}: Pick<Freeze, "occurredAt" | "actor" | "reason">): string =>
  [occurredAt, ...(actor === undefined ? [] : [`by ${actor}`])].join(" ") +
  (reason === undefined ? "" : `: ${reason}`);

export const combined = (all: readonly Found[]): Required<Found> => ({
  reasons: all.flatMap(({ reasons = [] }) => reasons),
  warnings: all.flatMap(({ warnings = [] }) => warnings),
});

async function marked(question: Question, environment: string, digest: string): Promise<Found> {
  const mark = await markOf(question, { digest, environment }, question.at);
  if (mark?.verdict !== "bad") return {};
  const related = mark.digest === digest ? "" : ", which is of the same image,";
  const message = `${mark.digest}${related} was marked as bad at ${attribution(mark)}`;
  return refusal("marked_bad", message, mark.occurredAt);
}

function archivedIn({ repository, archived }: Holder, digest: string): Found {
  const how = restoreCommands(repository, archived).join("; ");
  const message = `${repository} has archived ${digest}: restore it there${how === "" ? "" : ` (${how})`}`;
  return refusal("image_archived", message);
}

/** Whether the image can be pulled: now, not at `at`. The artifacts of a service without images are in no registry. */
async function availabilityOf(question: Question, place: Selector, image: string): Promise<Found> {
  const { images } = question;
  const [renames, family, description] = await Promise.all([
    images.renames(),
    images.family(image),
    describedAt(question, place, question.at),
  ]);
  if (isWithoutImages(description)) return {};
  const holders = await holdersOf(images, family);
  const { digest, pullable, facts } = family;
  if (holders.some(({ availability }) => availability === "available")) return {};
  const stored = holders.find(({ availability }) => availability === "archived");
  if (stored !== undefined) return archivedIn(stored, digest);
  // An index may be known only by its manifests, and a manifest may still exist after its index was deleted.
  const others = holders.length === 0 ? [...facts.keys()] : digest === pullable ? [] : [digest];
  const isDoubtful = holders.some(({ availability }) => availability === "unknown");
  if (isDoubtful || isStillHeld(renames, family, others)) {
    return warning(
      "availability_unknown",
      `no fact shows whether ${digest} can still be pulled with all its manifests`,
    );
  }
  return holders.length === 0
    ? refusal(
        "unknown_to_registry",
        `no registry is known to have ${digest}; a very recent push may not have been reported yet`,
        ALWAYS,
      )
    : refusal("unknown_to_registry", `every registry that had ${digest} has deleted it`);
}

async function built({ images }: Question, digest: string): Promise<Found> {
  const { commits } = commitOf(await images.family(digest));
  return commits.length > 0 ? {} : refusal("no_commit", `no build names the commit of ${digest}`, ALWAYS);
}

/** The newest deployment of the whole service by then, its digests and its commit: one that names images, not configuration alone. */
async function deployedBefore(question: Question, place: Selector, at: string) {
  for await (const fact of backwards(question, { of: "run", ...place }, at)) {
    if (fact.kind !== "deployment.succeeded") break;
    if (fact.components !== undefined)
      return {
        at: fact.occurredAt,
        digests: fact.components.flatMap(digestsIn),
        ...(fact.commit === undefined ? {} : { commit: fact.commit }),
      };
  }
  return { at, digests: [] };
}

/** Whether the image is older than what runs: an outdated pipeline, or a rollback that nobody asked for. */
async function outdated(question: Question, place: Selector, digest: string): Promise<Found> {
  const { at, digests, commit } = await deployedBefore(question, place, question.at);
  const [other, ...others] = digests;
  const isOld =
    other !== undefined
      ? others.length === 0 && (await isOlderBuild(question, digest, other))
      : commit !== undefined && (await isOlderThanCommit(question, digest, commit));
  if (!isOld) return {};
  const named = other ?? `that of commit ${commit?.sha}`;
  return warning(
    "older_build",
    `${digest} was built from an older commit than ${named}, which was deployed at ${at}`,
  );
}

/** Migrations that are said not to run with older code, where the image is such code: it ran here before them. */
async function outgrown(question: Question, place: Selector, digest: string): Promise<Found> {
  const [databases, family] = await Promise.all([
    databasesOf(question, place, question.at),
    question.images.family(digest),
  ]);
  const states = await mapLimit(AT_ONCE, [...(databases?.keys() ?? [])], (database) =>
    databaseState(question, place.environment, database, question.at),
  );
  const breaking = states
    .flatMap(({ facts }) => facts)
    .filter((fact) => fact.kind === "migration.applied")
    .filter(
      ({ oldCodeRuns, image }) =>
        oldCodeRuns === false && (image === undefined || !family.members.has(image)),
    );
  const found = await mapLimit(AT_ONCE, breaking, async ({ version, database, occurredAt }) => {
    const { digests } = await deployedBefore(question, place, occurredAt);
    if (!digests.some((one) => family.members.has(one))) return {};
    const message = `${version} of ${database}, applied at ${occurredAt}, is reported not to run with older code, and ${digest} ran before it`;
    return warning("schema_too_new", message);
  });
  return combined(found);
}

/** Whether the migrations that an image requires are applied in the environment. */
async function schema(
  question: Question,
  { environment, service }: Selector,
  digest: string,
): Promise<Found> {
  const [description, requirements] = await Promise.all([
    describedAt(question, { environment, service }, question.at),
    question.images.family(digest).then((family) => requirementsOf(question, environment, family)),
  ]);
  const isLate = description?.migratesAtStartup === true;
  return combined(
    requirements.map(({ database, version, isApplied: is }) => {
      if (is === true) return {};
      const what = `the image needs ${version} of ${database}`;
      if (is === undefined)
        return warning("schema_unknown", `${what}, and no fact shows whether it is applied`);
      return isLate
        ? warning("migrates_at_startup", `${what}, which is not applied; the service migrates when it starts`)
        : refusal("schema_too_old", `${what}, which is not applied; migrate first`);
    }),
  );
}

/** Unknown names are only a warning, because of first deployments; but a misspelt name would miss its freezes. */
export async function namesKnown(question: Question, { environment, service }: Selector): Promise<Found> {
  const [place, resident] = await Promise.all([
    knownName(question, { of: "environments" }, environment),
    knownName(question, { of: "services", environment }, service),
  ]);
  if (place !== undefined && resident !== undefined) return {};
  const [code, name] =
    place === undefined
      ? (["environment_unknown", `an environment ${environment}`] as const)
      : (["service_unknown", `a service ${service} in ${environment}`] as const);
  return warning(code, `no fact names ${name}: check its spelling, or ignore this for a first deployment`);
}

/** Every check of an image that is no freeze, no evidence and no policy. @param place folded */
export const imageChecks = (question: Question, place: Selector, digest: string): Promise<Found[]> =>
  Promise.all([
    marked(question, place.environment, digest),
    availabilityOf(question, place, digest),
    built(question, digest),
    outdated(question, place, digest),
    outgrown(question, place, digest),
    schema(question, place, digest),
  ]);
