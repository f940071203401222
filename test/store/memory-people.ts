/** The table of people in memory: the port's promises and no more. It can be told to fail, written or not. */
import {
  type Committed,
  commitmentOf,
  type KnownPerson,
  newSalt,
  type People,
  type Person,
  personKey,
  type Register,
} from "../../functions/ledger/people/people.ts";
import { StoreError } from "../../functions/ledger/store.ts";
import { fold } from "../../schemas/scalars.ts";
import type { Fault } from "./memory.ts";

/** @param fault how an operation misbehaves; by default not at all */
export function memoryPeople(
  fault: (operation: keyof People | keyof Register) => Fault = () => "none",
): People & Register {
  const people = new Map<string, KnownPerson & Committed>();
  async function done<T>(operation: keyof People | keyof Register, apply: () => T): Promise<T> {
    const is = fault(operation);
    if (is === "throttled") throw new StoreError("throttled", "the table of people is throttled");
    if (is === "lost") throw new StoreError("unavailable", "the table of people did not answer");
    const result = apply();
    if (is !== "none") throw new StoreError("unavailable", "the table of people did not answer");
    return result;
  }
  const among = (wanted: readonly string[], field: "login" | "salt"): Map<string, string> =>
    new Map(
      wanted.flatMap((commitment): [string, string][] => {
        const found = people.get(commitment);
        return found === undefined ? [] : [[commitment, found[field]]];
      }),
    );
  const committed = ({ commitment, salt }: Committed): Committed => ({ commitment, salt });
  const byKey = (key: string) => [...people.values()].find((one) => personKey(one) === key);
  const shown = ({ commitment, issuer, login }: KnownPerson): KnownPerson => ({ commitment, issuer, login });

  return {
    find: (person) =>
      done("find", () => {
        const found = byKey(personKey(person));
        return found === undefined ? undefined : committed(found);
      }),

    commit: (person) =>
      done("commit", () => {
        const known = byKey(personKey(person));
        if (known !== undefined) return committed(known);
        const salt = newSalt();
        const made = { ...person, commitment: commitmentOf(person, salt), salt: salt.toString("hex") };
        people.set(made.commitment, made);
        return committed(made);
      }),

    reveal: (wanted) => done("reveal", () => among(wanted, "login")),

    saltsOf: (wanted) => done("saltsOf", () => among(wanted, "salt")),

    erase: (erased) =>
      done("erase", () => {
        for (const commitment of erased) people.delete(commitment);
      }),

    page: ({ limit, cursor = "" }) =>
      done("page", () => {
        const all = [...people.values()].map(shown).sort((a, b) => (a.commitment < b.commitment ? -1 : 1));
        const entries = all.filter(({ commitment }) => commitment > cursor).slice(0, limit);
        const last = entries.at(-1);
        return last === undefined || last.commitment === all.at(-1)?.commitment
          ? { entries }
          : { entries, cursor: last.commitment };
      }),

    named: (login) =>
      done("named", () => [...people.values()].filter((one) => fold(one.login) === fold(login)).map(shown)),
  };
}

/** A person's commitment, made if there is none. */
export const committedAs = async (people: People, person: Person): Promise<string> =>
  (await people.commit(person)).commitment;

/** A person's commitment, if there is one. */
export const foundAs = async (people: People, person: Person): Promise<string | undefined> =>
  (await people.find(person))?.commitment;
