/** Finds what changed before something broke: the entries of a timeline just before a moment, nearest first. */
import type { Change, Changes, TimelineEntry } from "../../../schemas/answer.ts";
import { fold } from "../../../schemas/scalars.ts";
import { type AsOf, isSettled, justBefore } from "../../ledger/as-of.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { knownName } from "../../ledger/names/directories.ts";
import { type Question, questionOf } from "../question.ts";
import { databasesOf, describedAt } from "../service-description.ts";
import { allEntries } from "../timeline/events.ts";
import { withReplaced } from "./replaced.ts";

/** What is asked for: an environment, and the service that broke. Names as given. */
export interface Suspects {
  readonly environment: string;
  readonly service?: string | undefined;
  /** The last millisecond, and the first. */
  readonly before: string;
  readonly from: string;
}

/** Maximum number of changes in an answer. */
const MOST = 200;

/** Leaves out the start of a deployment whose result is among the entries, too. */
function withoutEndedStarts(entries: readonly TimelineEntry[]): TimelineEntry[] {
  const keyOf = ({ deployment, service }: TimelineEntry) => JSON.stringify([deployment, service]);
  const ended = new Set(
    entries.filter(({ what, deployment }) => what !== "started" && deployment !== undefined).map(keyOf),
  );
  return entries.filter((entry) => entry.what !== "started" || !ended.has(keyOf(entry)));
}

/** What connects services: the databases that they use (by folded name), and their owner. */
interface Ties {
  readonly databases: ReadonlyMap<string, string>;
  readonly owner: string | undefined;
}

async function tiesOf(question: Question, { environment, before }: Suspects, service: string): Promise<Ties> {
  const selector = { environment: fold(environment), service: fold(service) };
  const [databases, description] = await Promise.all([
    databasesOf(question, selector, before),
    describedAt(question, selector, before),
  ]);
  return { databases: databases ?? new Map(), owner: description?.owner };
}

type Relation = Pick<Change, "relation" | "through">;

const throughDatabases = (databases: string[]): Relation => ({
  relation: "database",
  through: databases,
});

/** How an entry is related to the service that broke; undefined if nothing connects them. */
function relationOf(
  entry: TimelineEntry,
  service: string,
  ties: ReadonlyMap<string, Ties>,
): Relation | undefined {
  const own = ties.get(fold(service));
  const other = entry.service === null ? undefined : ties.get(fold(entry.service));
  if (entry.service !== null && fold(entry.service) === fold(service)) return { relation: "service" };
  const used = entry.database === undefined ? undefined : own?.databases.get(fold(entry.database));
  if (used !== undefined) return throughDatabases([used]);
  if (entry.service === null) return entry.database === undefined ? { relation: "environment" } : undefined;
  const shared = [...(own?.databases ?? [])].filter(([folded]) => other?.databases.has(folded));
  if (shared.length > 0) return throughDatabases(shared.map(([, database]) => database));
  return own?.owner !== undefined && own.owner === other?.owner
    ? { relation: "owner", through: [own.owner] }
    : undefined;
}

const DEPLOYED: ReadonlySet<TimelineEntry["what"]> = new Set(["deployed", "observed", "removed", "failed"]);

/** The plan's question that puts back what ran just before an entry; null where a plan of a service does not do it. */
function undoOf({ what, service, at }: TimelineEntry, environment: string): Change["undo"] {
  return DEPLOYED.has(what) && service !== null ? { environment, service, at: justBefore(at) } : null;
}

/**
 * Answers with what happened in an environment in a window of time, nearest to its end first; undefined if the
 * environment or the service is unknown. With a service: what happened to it, to its neighbours (which share a database or an owner), and
 * to everything; the rest is only counted. Near in time is a suspect, not the cause.
 */
export async function changes(moment: AsOf, asked: Suspects): Promise<Changes | undefined> {
  const question = questionOf(moment);
  const { environment, service, from, before } = asked;
  const isKnown = await Promise.all([
    knownName(question, { of: "environments" }, fold(environment)),
    service === undefined ||
      knownName(question, { of: "services", environment: fold(environment) }, fold(service)),
  ]);
  if (isKnown.includes(undefined)) return undefined;
  const entries = withoutEndedStarts(await allEntries(question, fold(environment), { from, to: before }));
  const services = new Set(
    [service, ...entries.map((entry) => entry.service)].filter((one) => typeof one === "string"),
  );
  const ties = new Map(
    service === undefined
      ? []
      : await mapLimit(
          AT_ONCE,
          [...services],
          async (one) => [fold(one), await tiesOf(question, asked, one)] as const,
        ),
  );
  const related = entries.flatMap((entry): Change[] => {
    const related: Relation | undefined =
      service === undefined ? { relation: "environment" } : relationOf(entry, service, ties);
    if (related === undefined) return [];
    const seconds = Math.floor((Date.parse(before) - Date.parse(entry.at)) / 1000);
    return [{ ...entry, secondsBefore: seconds, ...related, undo: undoOf(entry, environment) }];
  });
  const nearest = related.toReversed().slice(0, MOST);
  return {
    environment,
    ...(service === undefined ? {} : { service }),
    from,
    before,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    changes: await withReplaced(moment, { environment, from, to: before }, nearest),
    more: related.length > MOST,
    others: entries.length - related.length,
  };
}
