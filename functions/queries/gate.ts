/** The gate: whether an image may be deployed. It says no by facts alone, and binds nobody who does not ask. */
import type { Gate, GateReason, GateWarning } from "../../schemas/gate.ts";
import { fold } from "../../schemas/scalars.ts";
import { type AsOf, isSettled } from "../ledger/as-of.ts";
import { knownName } from "../ledger/directories.ts";
import { EVER } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { type Freeze, freezesOf, type Requested } from "./freezes.ts";
import { buildsOf, commitOf, type Family, holdersOf, isStillHeld } from "./images/image-graph.ts";
import { markOf } from "./marks.ts";
import { factsUntil, isApplied, versionsOf } from "./migrations/versions.ts";
import { type Question, questionOf } from "./question.ts";
import type { Selector } from "./release/running.ts";
import { describedAt } from "./service-description.ts";

/** A reason, and since when it stands, where a plan says nothing of it, or no more than a warning. */
type Reason = GateReason & { readonly since?: string };

/** What one look at it found. */
interface Found {
  readonly reasons?: readonly Reason[];
  readonly warnings?: readonly GateWarning[];
}

const refusing = (code: GateReason["code"], message: string, since?: string): Found => ({
  reasons: [{ code, message, ...(since === undefined ? {} : { since }) }],
});
/** Nobody said something: so it always was. */
const EVER_SINCE = "";
const warning = (code: GateWarning["code"], message: string): Found => ({ warnings: [{ code, message }] });

/** Who said it, when and why. */
const saying = ({ occurredAt, actor, reason }: Pick<Freeze, "occurredAt" | "actor" | "reason">): string =>
  [occurredAt, ...(actor === undefined ? [] : [`by ${actor}`])].join(" ") +
  (reason === undefined ? "" : `: ${reason}`);

function holding(freeze: Freeze): string {
  const { environment, service } = freeze;
  const what = service === undefined ? environment : `${service} in ${environment}`;
  return freeze.kind === "redeployment.requested"
    ? `${what} was put back by redeployment ${freeze.id}, and nothing else may be deployed until its freeze is ended: ${saying(freeze)}`
    : `${what} is frozen since ${saying(freeze)}`;
}

/** Whether somebody asked for this image back, and that is what holds the service. */
const isOwn = (freeze: Freeze, { members }: Family): freeze is Requested =>
  freeze.kind === "redeployment.requested" &&
  freeze.components.some(({ digest }) => digest !== undefined && members.has(digest));

const frozen = (freezes: readonly Freeze[], family: Family): Found => ({
  reasons: freezes
    .filter((freeze) => !isOwn(freeze, family))
    .map((freeze) => ({ code: "frozen", message: holding(freeze) })),
});

/**
 * An operator looked at the plan, and wants it back all the same. What came after that nobody looked at; and what blocks
 * a plan came after it too.
 */
function overruled({ reasons, warnings }: Required<Found>, { id, occurredAt }: Requested): Required<Found> {
  const isOverruled = ({ since }: Reason): boolean => since !== undefined && since <= occurredAt;
  return {
    reasons: reasons.filter((reason) => !isOverruled(reason)),
    warnings: [
      ...reasons.filter(isOverruled).map(({ message }) => ({
        code: "asked_back" as const,
        message: `redeployment ${id} asks for it back, though ${message}`,
      })),
      ...warnings,
    ],
  };
}

async function marked(question: Question, digest: string): Promise<Found> {
  const mark = await markOf(question, digest, question.at);
  if (mark?.verdict !== "bad") return {};
  const related = mark.digest === digest ? "" : ", which is of the same image,";
  const message = `${mark.digest}${related} was marked as bad at ${saying(mark)}`;
  return refusing("marked_bad", message, mark.occurredAt);
}

/** As of now, not of then, like every availability: it is about pulling it. */
async function held({ images }: Question, image: string): Promise<Found> {
  const [renames, family] = await Promise.all([images.renames(), images.family(image)]);
  const holders = await holdersOf(images, family);
  const { digest, pullable, facts } = family;
  if (holders.some(({ availability }) => availability === "available")) return {};
  // An index may have been told of by its manifests alone, and outlived by one of them.
  const others = holders.length === 0 ? [...facts.keys()] : digest === pullable ? [] : [digest];
  const isDoubtful = holders.some(({ availability }) => availability === "unknown");
  if (isDoubtful || isStillHeld(renames, family, others)) {
    return warning("availability_unknown", `no fact says whether ${digest} can still be pulled whole`);
  }
  return holders.length === 0
    ? refusing(
        "unknown_to_registry",
        `no registry is known to have ${digest}; a push of a moment ago may not have been heard of yet`,
        EVER_SINCE,
      )
    : refusing("unknown_to_registry", `every registry that had ${digest} has deleted it`);
}

async function built({ images }: Question, digest: string): Promise<Found> {
  const { commits } = commitOf(await images.family(digest));
  return commits.length > 0
    ? {}
    : refusing("no_commit", `no build says which commit ${digest} came from`, EVER_SINCE);
}

/** Whether the migrations that an image needs are applied here. */
async function schema(
  question: Question,
  { environment, service }: Selector,
  digest: string,
): Promise<Found> {
  const needed = buildsOf(await question.images.family(digest)).flatMap(({ requires }) => requires ?? []);
  const distinct = new Map(needed.map((one) => [JSON.stringify([fold(one.database), one.version]), one]));
  const databases = [...new Set(needed.map(({ database }) => fold(database)))];
  const [description, read] = await Promise.all([
    describedAt(question, service, question.at),
    mapLimit(AT_ONCE, databases, async (database) =>
      versionsOf(await factsUntil(question, environment, database, question.at)),
    ),
  ]);
  const versions = new Map(databases.map((database, n) => [database, read[n]]));
  const isLate = description?.migratesAtStartup === true;
  return together(
    [...distinct.values()].map(({ database, version }) => {
      const of = versions.get(fold(database));
      const is = of === undefined ? undefined : isApplied(of, version);
      if (is === true) return {};
      const what = `the image needs ${version} of ${database}`;
      if (is === undefined)
        return warning("schema_unknown", `${what}, and no fact says whether it is applied`);
      return isLate
        ? warning("migrates_at_startup", `${what}, which is not applied; the service migrates when it starts`)
        : refusing("schema_too_old", `${what}, which is not applied; migrate first`);
    }),
  );
}

/** A first deployment has to be let in; but a name that is misspelt is frozen nowhere. */
async function heard(question: Question, { environment, service }: Selector): Promise<Found> {
  const [place, resident] = await Promise.all([
    knownName(question, { of: "environments" }, environment),
    knownName(question, { of: "services", environment }, service),
  ]);
  if (place !== undefined && resident !== undefined) return {};
  const [code, name] =
    place === undefined
      ? (["environment_unknown", `an environment ${environment}`] as const)
      : (["service_unknown", `a service ${service} in ${environment}`] as const);
  return warning(code, `nothing was ever said of ${name}: is it spelled as elsewhere?`);
}

const together = (all: readonly Found[]): Required<Found> => ({
  reasons: all.flatMap(({ reasons = [] }) => reasons),
  warnings: all.flatMap(({ warnings = [] }) => warnings),
});

/**
 * Answers whether an image may be deployed. Never `undefined`: of a place that nobody heard of nothing is frozen.
 *
 * Sequential round trips: at most five for an image, its relatives and their marks, as many at any length of history.
 * Beside the last of them one for each thousand facts (or megabyte) of a database that the image needs a migration of,
 * back to the newest set.
 */
export async function gate(moment: AsOf, asked: Selector & { readonly digest: string }): Promise<Gate> {
  const question = questionOf(moment);
  const { digest } = asked;
  const place = { environment: fold(asked.environment), service: fold(asked.service) };
  const [freezes, family, ...found] = await Promise.all([
    // Of now whatever was said counts, also by a clock that runs ahead.
    freezesOf(question, place, moment.at < moment.knownAt ? moment.at : EVER),
    question.images.family(digest),
    heard(question, place),
    marked(question, digest),
    held(question, digest),
    built(question, digest),
    schema(question, place, digest),
  ]);
  const all = together([frozen(freezes, family), ...found]);
  const own = freezes.find((freeze) => isOwn(freeze, family));
  const { reasons, warnings } = own === undefined ? all : overruled(all, own);
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
