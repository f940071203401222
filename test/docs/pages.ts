/** README and the pages of docs/, as their blocks, links and headings. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

/**
 * A fenced block. `sh` is run against a ledger, `console` needs more than one (a cloud, a cluster, a terminal of its own) and
 * is parsed alone. `json` is followed by the name of its schema, and by `excerpt` where fields are left out.
 */
export interface Block {
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
}

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** The targets of links, without those to other sites. */
  readonly links: readonly string[];
  readonly anchors: ReadonlySet<string>;
}

const FENCED = /^```(\S*)([^\n]*)\n([\s\S]*?)^```$/gm;

const blocksOf = (text: string): Block[] =>
  [...text.matchAll(FENCED)].map(([, language = "", words = "", body = ""]) => ({
    language,
    words: words.split(" ").filter((word) => word !== ""),
    text: body,
  }));

/** As GitHub names the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/[`*]|\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

function pageOf(path: string): Page {
  const text = readFileSync(join(ROOT, path), "utf8");
  const prose = text.replaceAll(FENCED, "");
  return {
    path,
    text,
    blocks: blocksOf(text),
    links: [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^https?:/.test(target)),
    anchors: new Set([...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading))),
  };
}

const inDocs = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md"))
  .map((file) => join("docs", file));

export const PAGES: readonly Page[] = ["README.md", ...inDocs.toSorted()].map(pageOf);

export function page(path: string): Page {
  const found = PAGES.find((one) => one.path === path);
  if (found === undefined) throw new Error(`there is no page ${path}`);
  return found;
}

/** The files of the code, by their paths from the root. */
export const codeFiles = (...folders: readonly string[]): string[] =>
  folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes("node_modules"))
      .map((file) => relative(ROOT, join(ROOT, folder, file))),
  );
