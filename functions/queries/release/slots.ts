/** Which component and variant of a service: whatever the case of their names, as everywhere. */
import { fold } from "../../../schemas/scalars.ts";

/** Whatever names a component, and perhaps one of its variants. */
export interface Slot {
  readonly component: string;
  readonly variant?: string | undefined;
}

/** A slot as a text to compare and sort by; no name holds a line break. */
export const slotOf = ({ component, variant = "" }: Slot): string => `${fold(component)}\n${fold(variant)}`;

export const isSameSlot = (a: Slot, b: Slot): boolean => slotOf(a) === slotOf(b);

export const bySlot = (a: Slot, b: Slot): number => (slotOf(a) < slotOf(b) ? -1 : 1);

/** Both sides slot by slot; undefined where they do not have the same slots. */
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

/** The entries of each component, one for each variant, by the component's folded name. */
export function byComponent<T extends Slot>(entries: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const name = fold(entry.component);
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return groups;
}
