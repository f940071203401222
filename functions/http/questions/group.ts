/** Questions of a group: the answers of its environments side by side, never merged. */
import { fold } from "../../../schemas/scalars.ts";
import type { KnownAt } from "../../ledger/fact-reader.ts";
import { mapLimit } from "../../ledger/map-limit.ts";
import { knownNames, take } from "../../ledger/names/directories.ts";
import { type Answered, byPresentNames } from "../present-names.ts";
import { EndpointError } from "../problem.ts";
import { found, foundAt, type Known } from "../request.ts";

/** An environment, or a group of them: the schema of the question lets exactly one through. */
export interface Extent {
  readonly environment?: string | undefined;
  readonly group?: string | undefined;
}

/** Maximum number of environments in an answer, and of those that are asked at once. */
const MOST = 50;
const AT_ONCE = 4;

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

/** Asks a question whose answer is about an environment or a whole group; a problem names what is unknown. */
export const ofExtent = async <T extends object>(
  known: Known,
  { environment, group = "" }: Extent,
  ask: (extent: { readonly environment: string } | { readonly group: string }) => Promise<T | undefined>,
): Promise<Answered<T>> =>
  environment === undefined
    ? found(await ask({ group }), `group ${group}`)
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
    found(first, service === undefined ? `group ${group}` : `service ${service} in group ${group}`);
    return { group, answers };
  });
}
