/** Compares whether two persons in facts are the same person. */
import type { SamePersons } from "../../schemas/settings/same-persons.ts";
import { issuerOf, type People } from "../ledger/people/people.ts";

/** How persons are compared: by their logins, and by an operator's list of logins that are one person. */
export interface ComparedPersons extends Pick<People, "reveal"> {
  readonly same?: SamePersons | undefined;
  /** Until when persons were surely there who were erased since, by commitment. Absent: nothing is known of erasures. */
  readonly erased?: (commitments: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}

/** A person as a fact names one: the source says of which issuer. */
export interface NamedPerson {
  readonly source: string;
  readonly commitment: string;
  /** When the fact was recorded. Absent: nobody compares the person who was erased. */
  readonly recordedAt?: string;
}

/** Whether two are one person; undefined if they cannot be compared. */
export type Comparison = (a: NamedPerson, b: NamedPerson) => boolean | undefined;

/** After, and before, every time. */
const [ALWAYS, NEVER] = ["~", ""];

/** What is known of a person: when it was named, and until when the ledger surely knew it by this commitment. */
interface Known {
  readonly namedAt: string;
  readonly knownUntil: string;
}

/**
 * Whether the ledger knew both at one time: a login has one commitment at a time, so they are two logins. A person who was
 * erased and came back has another commitment, so one from before and one from after may be the same.
 */
function coexisted(a: Known, b: Known): boolean {
  if (a.knownUntil === ALWAYS && b.knownUntil === ALWAYS) return true;
  const from = a.namedAt > b.namedAt ? a.namedAt : b.namedAt;
  return from < a.knownUntil && from < b.knownUntil;
}

/**
 * The comparison of persons among these commitments. Persons compare within one issuer or by the operator's list alone,
 * and never across an erasure. One request, and one more if somebody was erased.
 */
export async function comparing(
  people: ComparedPersons,
  commitments: readonly string[],
): Promise<Comparison> {
  const { same = [] } = people;
  const logins = await people.reveal([...commitments]);
  const gone = [...new Set(commitments)].filter((one) => !logins.has(one));
  const erased = (gone.length === 0 ? undefined : await people.erased?.(gone)) ?? new Map<string, string>();
  const personOf = ({ source, commitment, recordedAt = ALWAYS }: NamedPerson) => {
    const [issuer, login] = [issuerOf(source), logins.get(commitment)];
    const isOne = (one: SamePersons[number][number]) => one.issuer === issuer && one.login === login;
    const found = login === undefined ? -1 : same.findIndex((person) => person.some(isOne));
    const knownUntil = login === undefined ? (erased.get(commitment) ?? NEVER) : ALWAYS;
    return { issuer, namedAt: recordedAt, knownUntil, listed: found === -1 ? undefined : found };
  };
  return (one, other) => {
    if (one.commitment === other.commitment) return true;
    const [a, b] = [personOf(one), personOf(other)];
    if (a.listed !== undefined && b.listed !== undefined) return a.listed === b.listed;
    return a.issuer === b.issuer && coexisted(a, b) ? false : undefined;
  };
}
