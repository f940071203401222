/** Answers a question about a group: the answers of its environments side by side, never merged. */

import { fold } from "../../../schemas/scalars.ts";
import type { KnownAt } from "../../ledger/fact-reader.ts";
import { mapLimit } from "../../ledger/map-limit.ts";
import { knownNames, take } from "../../ledger/names/directories.ts";
import { nearestNames, nearestOf } from "../../ledger/names/nearest-names.ts";
import { environments } from "../../queries/environments.ts";
import { type Answered, byPresentNames } from "../present-names.ts";
import { EndpointError } from "../problem.ts";
import { foundAt, type Known, unknownName } from "../request.ts";

/** An environment, or a group of them: the schema of the question lets exactly one through. */
export interface Extent {
  readonly environment?: string | undefined;
  readonly group?: string | undefined;
}

/** Maximum number of environments in an answer, and of those that are asked at once. */
const MOST = 50;
const AT_ONCE = 4;
/** Groups have no list of their own: those of so many environments are compared with an unknown one. */
const GROUPS_FROM = 100;

/** The environments of an extent by name. Throws an EndpointError if a group is unknown or too large. */
export async function environmentsOf(known: KnownAt, { environment, group }: Extent): Promise<string[]> {
  if (group === undefined) return [environment ?? ""];
  const { taken, more } = await take(knownNames(known, { of: "group", group: fold(group) }), MOST);
  if (more) {
    throw new EndpointError(
      "rejected",
      `group: ${group} has more than ${MOST} environments; ask each of them with \`environment\``,
    );
  }
  return taken.map(({ shown }) => shown);
}

/** Throws an EndpointError if a group, or a service in it, is unknown, with the nearest names. */
async function foundIn<T>(known: Known, group: string, answer: T | undefined, service?: string): Promise<T> {
  if (answer !== undefined) return answer;
  const members = await environmentsOf(known, { group });
  if (members.length > 0 && service !== undefined) {
    const names = await mapLimit(AT_ONCE, members, (environment) =>
      nearestNames(known, { of: "services", environment: fold(environment) }, service),
    );
    return unknownName(
      `service ${service} in group ${group}`,
      nearestOf(service, names.flat()),
      "GET /v1/services",
    );
  }
  const at = known.now.toISOString();
  const listed = await environments({ ...known, at }, { limit: GROUPS_FROM });
  const groups = listed.environments.flatMap((one) => one.groups ?? []);
  return unknownName(`group ${group}`, nearestOf(group, groups), "GET /v1/environments");
}

/** Asks a question whose answer is about an environment or a whole group; a problem names what is unknown. */
export const ofExtent = async <T extends object>(
  known: Known,
  { environment, group = "" }: Extent,
  ask: (extent: { readonly environment: string } | { readonly group: string }) => Promise<T | undefined>,
): Promise<Answered<T>> =>
  environment === undefined
    ? foundIn(known, group, await ask({ group }))
    : byPresentNames(known, { environment }, async (one) => foundAt(known, one, await ask(one)));

/** Asks a question of an environment, or of each environment of a group; of a service there, if one is named. */
export async function sideBySide<T extends object>(
  known: Known,
  asked: Extent & { readonly service?: string | undefined },
  ask: (environment: string, service: string | undefined) => Promise<T | undefined>,
): Promise<Answered<T | { readonly group: string; readonly answers: readonly T[] }>> {
  return byPresentNames(known, asked, async ({ service, ...extent }) => {
    const { group, environment = "" } = extent;
    const environments = await environmentsOf(known, extent);
    const all = await mapLimit(AT_ONCE, environments, (one) => ask(one, service));
    const answers = all.filter((answer) => answer !== undefined);
    const [first] = answers;
    if (group === undefined) return foundAt(known, { environment, service }, first);
    await foundIn(known, group, first, service);
    return { group, answers };
  });
}
