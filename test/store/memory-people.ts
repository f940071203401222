/** The table of people in memory: the port's promises and no more. */
import { commitmentOf, newSalt, type People, personKey } from "../../functions/ledger/people.ts";

export function memoryPeople(): People {
  const commitments = new Map<string, string>();
  const people = new Map<string, { key: string; login: string; salt: Buffer }>();
  return {
    find: async (person) => commitments.get(personKey(person)),

    commit: async (person) => {
      const key = personKey(person);
      const known = commitments.get(key);
      if (known !== undefined) return known;
      const salt = newSalt();
      const commitment = commitmentOf(person, salt);
      commitments.set(key, commitment);
      people.set(commitment, { key, login: person.login, salt });
      return commitment;
    },

    reveal: async (wanted) =>
      new Map(
        wanted.flatMap((commitment): [string, string][] => {
          const login = people.get(commitment)?.login;
          return login === undefined ? [] : [[commitment, login]];
        }),
      ),

    erase: async (commitment) => {
      commitments.delete(people.get(commitment)?.key ?? "");
      people.delete(commitment);
    },
  };
}
