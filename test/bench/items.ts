/** Items as the store puts them, for filling and for working out what they cost. */

import { derivedKeys, factKeys } from "../../functions/adapters/keys.ts";
import { canonical } from "../../functions/ledger/canonical.ts";
import type { IndexEntry, IndexedFact } from "../../functions/ledger/store.ts";

export type Item = Record<string, string>;

export const itemOf = (posted: IndexedFact): Item => ({ ...factKeys(posted), fact: canonical(posted.fact) });

export const itemOfDerived = (derived: IndexEntry): Item => ({
  ...derivedKeys(derived),
  ...(derived.is === "name"
    ? { shown: derived.name.shown, recordedAt: derived.name.recordedAt }
    : { fact: canonical(derived.fact) }),
});
