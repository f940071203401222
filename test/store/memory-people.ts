/** The table of people in memory: the port's promises and no more. It can be told to fail, written or not. */
import { commitmentOf, newSalt, type People, personKey } from "../../functions/ledger/people.ts";
import { StoreError } from "../../functions/ledger/store.ts";
import type { Fault } from "./memory.ts";

/** @param fault how an operation misbehaves; by default not at all */
export function memoryPeople(fault: (operation: keyof People) => Fault = () => "none"): People {
  const commitments = new Map<string, string>();
  const people = new Map<string, { key: string; login: string; salt: Buffer }>();
  async function done<T>(operation: keyof People, apply: () => T): Promise<T> {
    const is = fault(operation);
    if (is === "throttled") throw new StoreError("throttled", "the table of people is throttled");
    if (is === "lost") throw new StoreError("unavailable", "the table of people did not answer");
    const result = apply();
    if (is !== "none") throw new StoreError("unavailable", "the table of people did not answer");
    return result;
  }

  return {
    find: (person) => done("find", () => commitments.get(personKey(person))),

    commit: (person) =>
      done("commit", () => {
        const key = personKey(person);
        const known = commitments.get(key);
        if (known !== undefined) return known;
        const salt = newSalt();
        const commitment = commitmentOf(person, salt);
        commitments.set(key, commitment);
        people.set(commitment, { key, login: person.login, salt });
        return commitment;
      }),

    reveal: (wanted) =>
      done(
        "reveal",
        () =>
          new Map(
            wanted.flatMap((commitment): [string, string][] => {
              const login = people.get(commitment)?.login;
              return login === undefined ? [] : [[commitment, login]];
            }),
          ),
      ),

    erase: (commitment) =>
      done("erase", () => {
        commitments.delete(people.get(commitment)?.key ?? "");
        people.delete(commitment);
      }),
  };
}
