/** What happened, in words and signs: for the command line, the page, documents and chats. */
import type { AuditChange } from "../answers/audit.ts";
import type { Change, TimelineEntry } from "../answers/timeline.ts";
import { shortCommit, shortDigest, shortRevision } from "./ids.ts";
import { versionOf } from "./version.ts";

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

const each = (words: readonly string[]): string => [...new Set(words)].join(", ");

/** `1.7.0 → 1.8.0`; the same on both sides once. */
const fromTo = (from: string, to: string): string => (from === to ? to : `${from} → ${to}`);

/** The versions that a deployment replaced and brought, of the components that it names. */
function imagesOf({ components = [], replaced, brought }: Change): string {
  const names = new Set(components.map(({ component }) => component));
  const versionsIn = (images: Change["brought"]) =>
    each((images ?? []).filter(({ component }) => names.has(component)).map(versionOf));
  const to = versionsIn(brought) || imageWords(components);
  if (replaced?.components === undefined || components.length === 0) return to;
  return fromTo(versionsIn(replaced.components) || "none", to);
}

/**
 * The revisions of configuration that a deployment replaced and brought, beside another image the word alone; empty where
 * nothing else is in effect.
 */
function configOf({ config = [], replaced, changesImage }: Change): string {
  const to = each(config.map(({ revision }) => shortRevision(revision)));
  const from = each((replaced?.config ?? []).map(({ revision }) => shortRevision(revision)));
  if (to === "" || from === to) return "";
  return changesImage === true ? "+ config" : `config ${from === "" ? to : fromTo(from, to)}`;
}

/** What a change is about: the database of a migration, else the service; empty: all of the place. */
export const subjectOf = ({ database, service }: Pick<Change, "database" | "service">): string =>
  database === undefined ? (service ?? "") : `db ${database}`;

/** Whose sign says already what was done. */
const PLAIN: ReadonlySet<Change["what"]> = new Set(["deployed", "migrated", "noted"]);

/** A change beside its subject and its sign: from what to what. */
export function changeWords(change: Change): string {
  const { what, database, version, replaced, commit, type, title, outcome, rollback, declared } = change;
  const done = outcome ?? (what === "deployed" && rollback === true ? "rolled back" : what);
  const before = replaced?.version === null ? "none" : replaced?.version;
  const to = version ?? "";
  return [
    PLAIN.has(what) && done === what ? "" : done,
    database === undefined || before === undefined || what === "reverted" ? to : fromTo(before, to),
    imagesOf(change),
    commit === undefined ? "" : shortCommit(commit),
    configOf(change),
    declared === true ? "(declared only)" : "",
    type ?? "",
    title ?? "",
  ]
    .filter((text) => text !== "")
    .join(" ");
}

/** What makes a change one of a neighbour; empty for the service's own and for all of the place. */
export function relationWords({ relation, through = [], database }: Change): string {
  if (relation === "owner") return `same owner ${through.join(", ")}`;
  return relation === "database" && database === undefined ? `shares db ${through.join(", ")}` : "";
}

export const isIrreversible = ({ what, reversible }: Change): boolean =>
  what === "migrated" && reversible === false;

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
