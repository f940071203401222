/** Answers questions about former names under the present names, and says so in the answers. */
import type { RenamedName } from "../../schemas/renamed-name.ts";
import { givenUpBy, presentName, type Renamable } from "../ledger/names/name-renames.ts";
import type { Known } from "./request.ts";

type Names = { readonly [what in Renamable]?: string | undefined };

/** An answer, and the names of its question that have changed. */
export type Answered<T> = T & { readonly renamed?: readonly RenamedName[] };

/** The names of a question that something else bears now. */
async function renamedAmong({ renames }: Pick<Known, "renames">, names: Names): Promise<RenamedName[]> {
  const known = await renames();
  return (["environment", "service"] as const).flatMap((what) => {
    const from = names[what];
    const rename = from === undefined ? undefined : givenUpBy(known[what], from);
    if (from === undefined || rename === undefined) return [];
    return [{ what, from, to: presentName(known[what], from), at: rename.at }];
  });
}

const withPresent = <N extends Names>(names: N, renamed: readonly RenamedName[]): N => ({
  ...names,
  ...Object.fromEntries(renamed.map(({ what, to }) => [what, to])),
});

/** The same names; for those that were given up, what bears them now. */
export const present = async <N extends Names>(known: Pick<Known, "renames">, names: N): Promise<N> =>
  withPresent(names, await renamedAmong(known, names));

/**
 * Asks a question of what bears its names now. It is asked with the names as given while the renames are read, and again
 * in the rare case that one of them was given up: so renames cost no round trip.
 */
export async function byPresentNames<N extends Names, T extends object>(
  known: Known,
  names: N,
  ask: (names: N) => Promise<T>,
): Promise<Answered<T>> {
  const [[asked], renamed] = await Promise.all([
    Promise.allSettled([ask(names)]),
    renamedAmong(known, names),
  ]);
  if (renamed.length === 0) {
    if (asked.status === "rejected") throw asked.reason;
    return asked.value;
  }
  return { ...(await ask(withPresent(names, renamed))), renamed };
}
