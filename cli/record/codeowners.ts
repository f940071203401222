/**
 * Finds the owners of a path in a CODEOWNERS file.
 *
 * GitHub ("About code owners"): gitignore's patterns without `!` and `[ ]`; the last line that matches wins, also one without
 * owners. GitLab ("Code Owners file"): sections `[Name][2] @default`, of each of which the last match counts; a path
 * that does not begin with `/` matches at any depth, and a folder ends with `/`.
 */

export type Flavour = "github" | "gitlab";

interface Line {
  readonly pattern: string;
  readonly owners: readonly string[];
}

interface Section {
  readonly lines: Line[];
  /** Of lines without owners of their own. */
  readonly defaults: readonly string[];
}

const HEADER = /^\^?\[([^\]]+)\](?:\[\d+\])?\s*(.*)$/;

/** The words of a line: a backslash keeps a blank, or another character, in its word. A comment ends the line. */
const wordsOf = (line: string): string[] =>
  [...line.replace(/(^|\s)#.*$/, "").matchAll(/(?:\\.|[^\s\\])+/g)].map(([word]) => word);

/** A file with a section is GitLab's. */
export const hasSections = (text: string): boolean =>
  text.split("\n").some((line) => HEADER.test(line.trim()));

function sectionsOf(text: string, flavour: Flavour): Section[] {
  const sections: Section[] = [{ lines: [], defaults: [] }];
  for (const line of text.split(/\r?\n/)) {
    const header = flavour === "gitlab" ? HEADER.exec(line.trim()) : null;
    if (header !== null) {
      sections.push({ lines: [], defaults: wordsOf(header[2] ?? "") });
      continue;
    }
    const [pattern, ...owners] = wordsOf(line);
    if (pattern !== undefined)
      sections.at(-1)?.lines.push({ pattern: pattern.replaceAll(/\\(.)/g, "$1"), owners });
  }
  return sections;
}

/** What a part of a pattern stands for: `**` any folders, `*` and `?` within one name. */
function expressionOf(part: string): string {
  if (part === "**") return "(?:.*)";
  return part
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll(/\*+/g, "[^/]*")
    .replaceAll("?", "[^/]");
}

/** Whether a pattern matches the path of a file. */
export function matches(pattern: string, path: string, flavour: Flavour): boolean {
  const isFolder = pattern.endsWith("/");
  const bare = pattern.replace(/^\//, "").replace(/\/$/, "");
  const isAnchored = pattern.startsWith("/") || (flavour === "github" && bare.includes("/"));
  const parts = bare.split("/");
  const body = parts.map(expressionOf).join("/").replaceAll("(?:.*)/", "(?:.*/)?");
  // A name stands for the folder and all in it, but `folder/*` for what lies in it directly.
  const isDirect = parts.length > 1 && parts.at(-1) === "*";
  const below = flavour === "github" ? (isDirect ? "" : "(?:/.*)?") : "";
  const rest = isFolder ? "/.*" : below;
  return new RegExp(`^${isAnchored ? "" : "(?:.*/)?"}${body}${rest}$`, "s").test(path);
}

/**
 * The owners of a path, as the file writes them: those of the last match, for GitLab of each section. Empty: nobody.
 * @param path from the repository's root; with a slash at its end, of the files in that folder
 */
export function ownersOf(text: string, path: string, flavour: Flavour): string[] {
  // A file that only wildcards match.
  const file = path === "" || path.endsWith("/") ? `${path}\u0001` : path;
  const owners = sectionsOf(text, flavour).flatMap(({ lines, defaults }) => {
    const last = lines.findLast(({ pattern }) => matches(pattern, file, flavour));
    if (last === undefined) return [];
    return last.owners.length > 0 || flavour === "github" ? last.owners : defaults;
  });
  return [...new Set(owners)];
}
