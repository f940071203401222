/** The gate: whether an image may be deployed. It decides by facts alone, and stops only pipelines that call it. */
import type { KnownCommit } from "../../schemas/answer.ts";
import type { Fact } from "../../schemas/fact.ts";
import type { Gate, GateReason, GateWarning } from "../../schemas/gate.ts";
import { fold } from "../../schemas/scalars.ts";
import { commitPrefix } from "../ledger/access-patterns.ts";
import { type AsOf, isSettled } from "../ledger/as-of.ts";
import { knownName } from "../ledger/directories.ts";
import { all, backwards, EVER } from "../ledger/fact-reader.ts";
import { isSameSource } from "../ledger/grants.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import type { Partition } from "../ledger/store.ts";
import { attachedBy } from "./evidence.ts";
import { type ActiveFreeze, type Freeze, freezesOf, type Requested } from "./freezes.ts";
import {
  buildsOf,
  commitOf,
  digestsIn,
  type Family,
  type Holder,
  holdersOf,
  isStillHeld,
} from "./images/image-graph.ts";
import { countsFor } from "./images/relations.ts";
import { restoreCommands } from "./images/restore.ts";
import { markOf } from "./marks.ts";
import { databaseState } from "./migrations/database-state.ts";
import { factsAt, isApplied, versionsOf } from "./migrations/versions.ts";
import { type Question, questionOf } from "./question.ts";
import type { Selector } from "./release/running.ts";
import { isOlderBuild } from "./release/unnoticed.ts";
import { databasesOf, describedAt } from "./service-description.ts";
import { isAgainst, standing } from "./verdicts.ts";

/** A reason. `since`: when it began to apply, for reasons that a plan reports at most as a warning. */
type Reason = GateReason & { readonly since?: string };

/** The result of one check. */
interface Found {
  readonly reasons?: readonly Reason[];
  readonly warnings?: readonly GateWarning[];
}

const refusal = (code: GateReason["code"], message: string, since?: string): Found => ({
  reasons: [{ code, message, ...(since === undefined ? {} : { since }) }],
});
/** Start time for reasons based on missing facts: they have always applied. */
const ALWAYS = "";
const warning = (code: GateWarning["code"], message: string): Found => ({ warnings: [{ code, message }] });

/** When, by whom and why: `<time>[ by <actor>][: <reason>]`. */
const attribution = ({
  occurredAt,
  actor,
  reason,
}: Pick<Freeze, "occurredAt" | "actor" | "reason">): string =>
  [occurredAt, ...(actor === undefined ? [] : [`by ${actor}`])].join(" ") +
  (reason === undefined ? "" : `: ${reason}`);

function freezeMessage(freeze: Freeze): string {
  const { environment, service } = freeze;
  const what = service === undefined ? environment : `${service} in ${environment}`;
  return freeze.kind === "redeployment.requested"
    ? `${what} was redeployed by request ${freeze.id}, and nothing else may be deployed until its freeze is ended: ${attribution(freeze)}`
    : `${what} is frozen since ${attribution({ ...freeze, occurredAt: freeze.from ?? freeze.occurredAt })}${freeze.until === undefined ? "" : `, until ${freeze.until}`}`;
}

/** Whether the freeze belongs to a redeployment request for this image. */
const isForImage = (freeze: Freeze, { members }: Family): freeze is Requested =>
  freeze.kind === "redeployment.requested" &&
  freeze.components.some(({ digest }) => digest !== undefined && members.has(digest));

/** The freezes that hold an image. @param own the redeployment request for this image */
const frozen = (freezes: readonly ActiveFreeze[], family: Family, own: Requested | undefined): Found => ({
  reasons: freezes
    .filter(
      ({ freeze, exceptions }) =>
        !isForImage(freeze, family) && !exceptions.some((one) => family.members.has(one)),
    )
    .map(({ freeze }) => {
      const isPassed = own?.despiteFreeze === true || ("allowRollbacks" in freeze && freeze.allowRollbacks);
      return {
        code: "frozen",
        message: freezeMessage(freeze),
        ...(isPassed === true ? { since: freeze.occurredAt } : {}),
      };
    }),
});

/**
 * Downgrades reasons to warnings if they applied before the redeployment was requested: the operator saw them in the plan
 * and requested it all the same. Later reasons, and those that block a plan, stay.
 */
function withOverride(
  { reasons, warnings }: Required<Found>,
  { id, occurredAt }: Requested,
): Required<Found> {
  const isOverruled = ({ since }: Reason): boolean => since !== undefined && since <= occurredAt;
  return {
    reasons: reasons.filter((reason) => !isOverruled(reason)),
    warnings: [
      ...reasons.filter(isOverruled).map(({ message }) => ({
        code: "asked_back" as const,
        message: `redeployment ${id} was requested although ${message}`,
      })),
      // A rollback means to bring an older build.
      ...warnings.filter(({ code }) => code !== "older_build"),
    ],
  };
}

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

/** Whether the image can be pulled: now, not at `at`. */
async function availabilityOf({ images }: Question, image: string): Promise<Found> {
  const [renames, family] = await Promise.all([images.renames(), images.family(image)]);
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

/** The newest deployment of the whole service by then, and its digests: one that names images, not configuration alone. */
async function deployedBefore(question: Question, place: Selector, at: string) {
  for await (const fact of backwards(question, { of: "run", ...place }, at)) {
    if (fact.kind !== "deployment.succeeded") break;
    if (fact.components !== undefined)
      return { at: fact.occurredAt, digests: fact.components.flatMap(digestsIn) };
  }
  return { at, digests: [] };
}

/** Whether the image is older than what runs: an outdated pipeline, or a rollback that nobody asked for. */
async function outdated(question: Question, place: Selector, digest: string): Promise<Found> {
  const running = await deployedBefore(question, place, question.at);
  const [other, ...others] = running.digests;
  if (other === undefined || others.length > 0 || !(await isOlderBuild(question, digest, other))) return {};
  return warning(
    "older_build",
    `${digest} was built from an older commit than ${other}, which was deployed at ${running.at}`,
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

/** Verdicts against an image or the commit that it was built from: failed tests and scans, rejected approvals. */
async function evidenceAgainst(question: Question, digest: string): Promise<Found> {
  const family = await question.images.family(digest);
  const { commits } = commitOf(family);
  const renames = await question.images.renames();
  const partitions: Partition[] = [
    ...[...family.members].map((member) => ({ of: "digest", digest: member, aspect: "evidence" }) as const),
    ...commits.map(({ sha }) => ({ of: "commit", prefix: commitPrefix(sha), aspect: "evidence" }) as const),
  ];
  const facts = (await mapLimit(AT_ONCE, partitions, (partition) => all(question, partition))).flat();
  const own = facts.filter(
    (fact) =>
      fact.occurredAt <= question.at &&
      isEvidenceOf(fact, commits) &&
      countsFor(renames, fact, family.facts.get(digest) ?? [], {}),
  );
  return {
    warnings: standing(attachedBy(own))
      .filter(isAgainst)
      .map(({ type, verdict, by, at }) => ({
        code: "evidence_against",
        message: `${type} of ${digest}: ${verdict}${by === undefined ? "" : `, by ${by}`}, at ${at}`,
      })),
  };
}

/**
 * Commits share a partition with others whose ids begin alike, and a fork has the commits of its origin: a bound sender
 * speaks for those of its own repository. Marks have a reason of their own.
 */
const isEvidenceOf = (fact: Fact, commits: readonly KnownCommit[]): boolean =>
  fact.kind === "evidence.attached" &&
  (fact.commit === undefined ||
    commits.some(
      ({ sha, repository = "" }) =>
        sha === fact.commit &&
        (fact.bound !== true || isSameSource(fact.change?.repository ?? "", repository)),
    ));

/** Whether the migrations that an image requires are applied in the environment. */
async function schema(
  question: Question,
  { environment, service }: Selector,
  digest: string,
): Promise<Found> {
  const needed = buildsOf(await question.images.family(digest)).flatMap(({ requires }) => requires ?? []);
  const distinct = new Map(needed.map((one) => [JSON.stringify([fold(one.database), one.version]), one]));
  const databases = [...new Set(needed.map(({ database }) => fold(database)))];
  const [description, read] = await Promise.all([
    describedAt(question, { environment, service }, question.at),
    mapLimit(AT_ONCE, databases, async (database) =>
      versionsOf(await factsAt(question, environment, database, question.at), question.at),
    ),
  ]);
  const versions = new Map(databases.map((database, n) => [database, read[n]]));
  const isLate = description?.migratesAtStartup === true;
  return combined(
    [...distinct.values()].map(({ database, version }) => {
      const of = versions.get(fold(database));
      const is = of === undefined ? undefined : isApplied(of, version);
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
async function namesKnown(question: Question, { environment, service }: Selector): Promise<Found> {
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

const combined = (all: readonly Found[]): Required<Found> => ({
  reasons: all.flatMap(({ reasons = [] }) => reasons),
  warnings: all.flatMap(({ warnings = [] }) => warnings),
});

/**
 * Answers whether an image may be deployed. Never undefined: an unknown place is not frozen, and gives a warning.
 *
 * Cost: at most five sequential round trips for the image, its related digests and their marks, whatever the length of
 * the history. In parallel, for each database that the image requires a migration of: one for each thousand facts (or
 * megabyte) back to the newest set.
 */
export async function gate(moment: AsOf, asked: Selector & { readonly digest: string }): Promise<Gate> {
  const question = questionOf(moment);
  const { digest } = asked;
  const place = { environment: fold(asked.environment), service: fold(asked.service) };
  const [freezes, family, ...found] = await Promise.all([
    // A question about now includes freezes reported by a clock that is ahead.
    freezesOf(question, place, moment.at, moment.at < moment.knownAt ? moment.at : EVER),
    question.images.family(digest),
    namesKnown(question, place),
    marked(question, place.environment, digest),
    availabilityOf(question, digest),
    built(question, digest),
    evidenceAgainst(question, digest),
    outdated(question, place, digest),
    outgrown(question, place, digest),
    schema(question, place, digest),
  ]);
  const own = freezes.map(({ freeze }) => freeze).find((freeze) => isForImage(freeze, family));
  const all = combined([frozen(freezes, family, own), ...found]);
  const { reasons, warnings } = own === undefined ? all : withOverride(all, own);
  return {
    ...asked,
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    allowed: reasons.length === 0,
    reasons: reasons.map(({ code, message }) => ({ code, message })),
    warnings: [...warnings],
  };
}
