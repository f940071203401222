/** What happened, in words and signs: for the command line, the page, documents and chats. */
import type { AuditChange } from "../answers/audit.ts";
import type { TimelineEntry } from "../answers/timeline.ts";
import { shortCommit, shortDigest, shortRevision } from "./ids.ts";

interface Image {
  readonly tag?: string;
  readonly digest?: string;
}

/** The images that something brought, each once: their tags, else their digests. */
export const imageWords = (images: readonly Image[]): string =>
  [
    ...new Set(
      images.map(({ tag, digest }) => tag ?? (digest === undefined ? "unknown image" : shortDigest(digest))),
    ),
  ].join(", ");

const configWords = (config: readonly { readonly revision: string }[]): string[] =>
  config.map(({ revision }) => `config ${shortRevision(revision)}`);

type Happened = Pick<
  TimelineEntry,
  | "what"
  | "components"
  | "database"
  | "version"
  | "commit"
  | "config"
  | "type"
  | "title"
  | "outcome"
  | "rollback"
  | "declared"
>;

/** An entry of a timeline, without its reason. */
export function entryWords(entry: Happened): string {
  const { what, components = [], database, version, commit, config = [], type, title, outcome } = entry;
  const done = outcome ?? (what === "deployed" && entry.rollback === true ? "rolled back" : what);
  return [
    done,
    database === undefined ? "" : `db ${database}`,
    version ?? "",
    imageWords(components),
    commit === undefined ? "" : shortCommit(commit),
    ...configWords(config),
    entry.declared === true ? "(declared only)" : "",
    type ?? "",
    title ?? "",
  ]
    .filter((text) => text !== "")
    .join(" ");
}

/** What a change of an audit report brought. */
export function broughtBy({
  components,
  config,
  database,
  version,
  title,
  commits,
}: Pick<AuditChange, "components" | "config" | "database" | "version" | "title" | "commits">): string {
  const known = [
    ...(components.length === 0 ? [] : [imageWords(components)]),
    ...(database === null ? [] : [`${database} ${version ?? ""}`.trim()]),
    ...configWords(config),
    ...(title === null ? [] : [title]),
  ];
  return (known.length > 0 ? known : commits.map(shortCommit)).join(", ");
}

export interface Sign {
  readonly glyph: string;
  /** What state it is: `bad` failed, `warn` differs, `busy` in progress, `ice` frozen, `none` over. */
  readonly tone?: "bad" | "warn" | "busy" | "ice" | "none";
}

const SIGNS: Partial<Record<TimelineEntry["what"], Sign>> = {
  deployed: { glyph: "▲" },
  running: { glyph: "·", tone: "none" },
  started: { glyph: "…", tone: "busy" },
  failed: { glyph: "✗", tone: "bad" },
  removed: { glyph: "–", tone: "none" },
  observed: { glyph: "!", tone: "warn" },
  migrated: { glyph: "◆" },
  reverted: { glyph: "◆", tone: "warn" },
  "migration failed": { glyph: "✗", tone: "bad" },
  frozen: { glyph: "*", tone: "ice" },
  unfrozen: { glyph: "*", tone: "none" },
  noted: { glyph: "⚙" },
  "incident opened": { glyph: "!", tone: "bad" },
  "incident resolved": { glyph: "!", tone: "none" },
};

export const signOf = ({ what, rollback }: Pick<TimelineEntry, "what" | "rollback">): Sign =>
  what === "deployed" && rollback === true ? { glyph: "▼" } : (SIGNS[what] ?? { glyph: "·" });
