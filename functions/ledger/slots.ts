/** Which component and variant of a service: whatever the case of their names, as everywhere. */
import { fold } from "../../schemas/scalars.ts";

/** Whatever names a component, and perhaps one of its variants. */
export interface Slot {
  readonly component: string;
  readonly variant?: string | undefined;
}

/** A slot as a text to compare and sort by; no name holds a line break. */
export const slotOf = ({ component, variant = "" }: Slot): string => `${fold(component)}\n${fold(variant)}`;

export const isSameSlot = (a: Slot, b: Slot): boolean => slotOf(a) === slotOf(b);

export const bySlot = (a: Slot, b: Slot): number => (slotOf(a) < slotOf(b) ? -1 : 1);

/** The entries of each component, one for each variant, by the component's folded name. */
export function byComponent<T extends Slot>(entries: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const name = fold(entry.component);
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return groups;
}
