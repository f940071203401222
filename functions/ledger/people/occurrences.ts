/** Finds where a login occurs in texts: free text, branches, URLs, names of repositories. */
import { fold } from "../../../schemas/scalars.ts";

export interface Occurrences {
  /** Whether a text is the login, as a field that names a person has it. */
  readonly is: (text: string) => boolean;
  /** Whether a text, or the JSON of a value, holds the login as a word. */
  readonly areIn: (text: string) => boolean;
  /** The text with a mark in place of the login. */
  readonly takenOutOf: (text: string) => string;
}

/** Stands where a login was. */
export const ERASED = "(erased)";

const inPattern = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/**
 * The occurrences of a login: in any case, as a word (`octocat` is in `feature/octocat-1`, and not in `octocats`), as it is
 * and as JSON and URLs write it.
 */
export function occurrencesOf(login: string): Occurrences {
  const written = [login.normalize("NFC"), login.normalize("NFD")].flatMap((form) => [
    form,
    JSON.stringify(form).slice(1, -1),
    encodeURIComponent(form),
  ]);
  const alternatives = [...new Set(written)].map(inPattern).join("|");
  const word = new RegExp(`(?<![\\p{L}\\p{N}])(?:${alternatives})(?![\\p{L}\\p{N}])`, "giu");
  const folded = fold(login);
  return {
    is: (text) => fold(text) === folded,
    areIn: (text) => text.search(word) !== -1,
    takenOutOf: (text) => text.replaceAll(word, ERASED),
  };
}

/** The paths of the texts in a value that hold the login, like `commit.ref`; names of fields count, too. */
export function pathsHolding(value: unknown, login: Pick<Occurrences, "areIn">, path = ""): string[] {
  if (typeof value === "string") return login.areIn(value) ? [path] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => {
    const below = path === "" ? name : `${path}.${name}`;
    return [...(login.areIn(name) ? [below] : []), ...pathsHolding(one, login, below)];
  });
}
