/** Whether two persons that facts name are one. */
import type { SamePersons } from "../../schemas/same-persons.ts";
import { issuerOf, type People } from "../ledger/people.ts";

/** How persons are compared: by their logins, and by an operator's list of logins that are one person. */
export interface ComparedPersons extends Pick<People, "reveal"> {
  readonly same?: SamePersons | undefined;
}

/** A person as a fact names one: the source says of which issuer. */
export interface NamedPerson {
  readonly source: string;
  readonly commitment: string;
}

/** Whether two are one person; undefined if they cannot be compared. */
export type Comparison = (a: NamedPerson, b: NamedPerson) => boolean | undefined;

/**
 * The comparison of persons among these commitments. Persons compare within one issuer or by the operator's list alone,
 * and only while their logins are there: after an erasure the same person has another commitment. One request.
 */
export async function comparing(
  people: ComparedPersons,
  commitments: readonly string[],
): Promise<Comparison> {
  const { same = [] } = people;
  const logins = await people.reveal([...commitments]);
  const personOf = ({ source, commitment }: NamedPerson) => {
    const [issuer, login] = [issuerOf(source), logins.get(commitment)];
    const isOne = (one: SamePersons[number][number]) => one.issuer === issuer && one.login === login;
    const found = login === undefined ? -1 : same.findIndex((person) => person.some(isOne));
    return { commitment, issuer, login, listed: found === -1 ? undefined : found };
  };
  return (one, other) => {
    const [a, b] = [personOf(one), personOf(other)];
    if (a.commitment === b.commitment) return true;
    if (a.listed !== undefined && b.listed !== undefined) return a.listed === b.listed;
    return a.issuer === b.issuer && a.login !== undefined && b.login !== undefined ? false : undefined;
  };
}
