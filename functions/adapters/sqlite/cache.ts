/** What was read last, in two generations: when the younger is full, the older goes. */

export interface Cache<K, V> {
  readonly get: (key: K) => V | undefined;
  /** @param weight what it counts for of the most that is kept; at least 1 */
  readonly set: (key: K, value: V, weight: number) => void;
  readonly delete: (key: K) => void;
}

/** @param most the weight that is kept in all; half of it is kept at least, whatever else is read */
export function cacheOf<K, V>(most: number): Cache<K, V> {
  interface Kept {
    readonly value: V;
    readonly weight: number;
  }
  let young = new Map<K, Kept>();
  let old = new Map<K, Kept>();
  let weight = 0;

  function keep(key: K, kept: Kept): void {
    weight += kept.weight - (young.get(key)?.weight ?? 0);
    young.set(key, kept);
    if (weight <= most / 2) return;
    old = young;
    young = new Map();
    weight = 0;
  }

  return {
    get(key) {
      const hit = young.get(key);
      if (hit !== undefined) return hit.value;
      const older = old.get(key);
      if (older === undefined) return undefined;
      old.delete(key);
      keep(key, older);
      return older.value;
    },
    set(key, value, added) {
      old.delete(key);
      keep(key, { value, weight: added });
    },
    delete(key) {
      weight -= young.get(key)?.weight ?? 0;
      young.delete(key);
      old.delete(key);
    },
  };
}
