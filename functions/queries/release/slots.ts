/** Slots: component and variant of a service, compared case-insensitively. */

import { fold } from "../../../schemas/scalars.ts";
import { by } from "../../../schemas/words/ordering.ts";

/** Anything that names a component and optionally a variant. */
export interface Slot {
  readonly component: string;
  readonly variant?: string | undefined;
}

/** The key of a slot, to compare and sort by. Names contain no line breaks. */
export const slotOf = ({ component, variant = "" }: Slot): string => `${fold(component)}\n${fold(variant)}`;

export const isSameSlot = (a: Slot, b: Slot): boolean => slotOf(a) === slotOf(b);

export const bySlot = by(slotOf);

/** Pairs the entries of both sides by slot; undefined if they do not have the same slots. */
export function matched<A extends Slot, B extends Slot>(
  ones: readonly A[],
  others: readonly B[],
): (readonly [A, B])[] | undefined {
  const bySlots = new Map(others.map((other) => [slotOf(other), other]));
  const pairs = ones.flatMap((one): (readonly [A, B])[] => {
    const other = bySlots.get(slotOf(one));
    return other === undefined ? [] : [[one, other]];
  });
  return pairs.length === ones.length && ones.length === others.length ? pairs : undefined;
}

/** The entries grouped by folded name of the component; a component has one entry for each variant. */
export function byComponent<T extends Slot>(entries: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const name = fold(entry.component);
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return groups;
}
