/** Finds what each change replaced and brought: the release and the database just before it and after it. */
import type { Change, Release } from "../../../schemas/answer.ts";
import { fold } from "../../../schemas/scalars.ts";
import { type AsOf, justBefore } from "../../ledger/as-of.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { spanLoader } from "../../ledger/span-loader.ts";
import { databaseState } from "../migrations/database-state.ts";
import { type Question, questionOf } from "../question.ts";
import { release } from "../release/release.ts";

type Found = Pick<Change, "replaced" | "brought">;
type Selector = { readonly environment: string; readonly service: string };

/** The most changes that are looked up: each costs two releases. */
const NEAREST = 30;

const imagesOf = ({ components }: Release): NonNullable<Change["brought"]> =>
  components.map(({ component, variant, digest, reported, tags, commit }) => ({
    component,
    ...(variant === undefined ? {} : { variant }),
    digest: digest ?? reported ?? null,
    tags,
    commit: commit?.sha ?? null,
  }));

const isKnown = (release: Release | undefined): release is Release =>
  release !== undefined && release.status !== "unknown";

async function ofDeployment(question: Question, { what, at }: Change, selector: Selector): Promise<Found> {
  const [before, after] = await Promise.all([
    release({ ...question, at: justBefore(at) }, selector),
    what === "failed" ? undefined : release({ ...question, at }, selector),
  ]);
  return {
    ...(isKnown(before) ? { replaced: { components: imagesOf(before), config: before.config } } : {}),
    ...(isKnown(after) ? { brought: imagesOf(after) } : {}),
  };
}

/** Nothing where it is not known, or the database has several heads. */
async function ofMigration(
  question: Question,
  environment: string,
  { database = "", at }: Change,
): Promise<Found> {
  const { migrations } = await databaseState(question, fold(environment), fold(database), justBefore(at));
  const [only, ...others] = migrations;
  if (only === undefined || others.length > 0 || only.status === "unknown") return {};
  return { replaced: { version: only.version } };
}

/** @param changes of one environment, nearest first */
export async function withReplaced(
  moment: AsOf,
  { environment, from, to }: { readonly environment: string; readonly from: string; readonly to: string },
  changes: readonly Change[],
): Promise<Change[]> {
  const { knownAt, now, settleMs } = moment;
  // One reading of each partition of a service serves every moment of the window; a database is read for each.
  const store = spanLoader(moment.store, { from: justBefore(from), to });
  const question = questionOf({ store, knownAt, now, settleMs, at: to });
  const foundOf = (change: Change): Promise<Found> | Found => {
    if (change.database !== undefined) return ofMigration(question, environment, change);
    return change.undo === null ? {} : ofDeployment(question, change, change.undo);
  };
  const found = await mapLimit(AT_ONCE, changes.slice(0, NEAREST), async (change) => ({
    ...change,
    ...(await foundOf(change)),
  }));
  return [...found, ...changes.slice(NEAREST)];
}
