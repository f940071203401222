/** A cache of recent reads in two generations: when the younger is full, the older is dropped. */

export interface Cache<K, V> {
  readonly get: (key: K) => V | undefined;
  /** @param weight the entry's share of the cache's maximum weight; at least 1 */
  readonly set: (key: K, value: V, weight: number) => void;
  readonly delete: (key: K) => void;
}

/** @param most the maximum weight; the most recent half is always kept */
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
