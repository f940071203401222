/** Collects what the ledger holds about a person: facts that name the person, and those whose texts hold the login. */
import type { Fact } from "../../../schemas/fact.ts";
import { PERSON_FIELDS } from "../../../schemas/persons.ts";
import { fingerprint } from "../canonical.ts";
import { type Extent, exportFacts } from "../export/export.ts";
import type { Reads } from "../loader.ts";
import { type Occurrences, pathsHolding } from "./occurrences.ts";

/** A fact in which a person occurs. */
export interface Held {
  /** The fields that name the person: in a stored fact they hold the commitment. */
  readonly roles: readonly string[];
  /** The paths of the texts that hold the login, which no erasure changes. */
  readonly holds: readonly string[];
  /** As stored: other persons are commitments, too. */
  readonly fact: Fact;
}

/** Facts of one page, and facts read for one: a page ends with the first that is reached. */
const FOUND_MAX = 200;
const READ_MAX = 50_000;

const named = (fact: Fact, commitments: ReadonlySet<string>): string[] => {
  const fields = new Map<string, unknown>(Object.entries(fact));
  return [...PERSON_FIELDS, "person"].filter((field) =>
    [fields.get(field)].flat().some((one) => typeof one === "string" && commitments.has(one)),
  );
};

function heldIn(fact: Fact, commitments: ReadonlySet<string>, login: Occurrences): Held | undefined {
  const roles = named(fact, commitments);
  // Most facts hold nothing: their texts are looked at one by one only if all of them together do.
  const holds = login.areIn(JSON.stringify(fact)) ? pathsHolding(fact, login) : [];
  return roles.length === 0 && holds.length === 0 ? undefined : { roles, holds, fact };
}

export interface HeldPage {
  readonly facts: readonly Held[];
  /** The last fact that was read; absent at the end. */
  readonly last?: Fact;
}

/** One page, in the order of recording. */
export async function heldPage(
  store: Reads,
  commitments: readonly string[],
  login: Occurrences,
  span: Pick<Extent, "from" | "to" | "after">,
): Promise<HeldPage> {
  const persons = new Set(commitments);
  const facts: Held[] = [];
  let read = 0;
  for await (const batch of exportFacts(store, span)) {
    for (const fact of batch) {
      const held = heldIn(fact, persons, login);
      if (held !== undefined) facts.push(held);
      read++;
      if (facts.length >= FOUND_MAX || read >= READ_MAX) return { facts, last: fact };
    }
  }
  return { facts };
}

/** Where the next page begins. */
export const positionOf = (fact: Fact): NonNullable<Extent["after"]> => ({
  recordedAt: fact.recordedAt,
  fingerprint: fingerprint(fact),
});
