/**
 * Messages in Slack's format: `text` in mrkdwn, which Mattermost takes as well, and Block Kit beside it, which Slack shows
 * instead (docs.slack.dev, "Formatting message text", "Block Kit").
 */
import { printable } from "../../../schemas/scalars.ts";

/** Block Kit's limit for the text of a section; an element of a context has the same. */
const TEXT_MAX = 3000;
/** UTF-16 units. */
const ADDRESS_MAX = 2000;

const mrkdwn = (text: string) => ({ type: "mrkdwn", text, verbatim: true }) as const;

interface Block {
  readonly type: "section" | "context";
  readonly text?: ReturnType<typeof mrkdwn>;
  readonly elements?: readonly ReturnType<typeof mrkdwn>[];
}

export interface Message {
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** Characters that would format, mention or link, and what stands for them: Slack's mrkdwn has no escape for them. */
const ALIKE: Readonly<Record<string, string>> = {
  "*": "∗",
  "`": "ˋ",
  "~": "∼",
  _: "＿",
  "@": "＠",
  "](": "] (",
};
/** An underscore formats at the edge of a word only. */
const FORMATTING = /[*`~@]|\]\(|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

function clipped(value: string, most: number): string {
  const characters = [...value];
  return characters.length <= most ? value : `${characters.slice(0, most - 1).join("")}…`;
}

/** A text of somebody else's, on one line, that neither formats, nor mentions anybody, nor links. */
export const escaped = (value: string, most = 100): string =>
  clipped(printable(value).replaceAll(/\s+/g, " ").trim(), most)
    .replaceAll(FORMATTING, (one) => ALIKE[one] ?? one)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");

export const bold = (value: string): string => `*${escaped(value)}*`;

/** A link; nothing where the address is too long to be one. @param label is not escaped */
export function link(address: string | null | undefined, label: string): string[] {
  if (address === null || address === undefined || address.length > ADDRESS_MAX) return [];
  const href = address.replaceAll(/[|<>\s]/g, encodeURIComponent).replaceAll("&", "&amp;");
  return href.length > TEXT_MAX - 100 ? [] : [`<${href}|${label}>`];
}

/**
 * @param headline one sentence, already escaped
 * @param reason in somebody's own words
 * @param details short texts and links, already escaped
 */
export function messageOf(
  headline: string,
  reason: string | null | undefined,
  details: readonly string[],
): Message {
  const quoted = reason === null || reason === undefined || reason === "" ? [] : [escaped(reason, 500)];
  const lines = [headline, ...quoted].map((text): Block => ({ type: "section", text: mrkdwn(text) }));
  // A context has at most ten elements.
  const shown = details.slice(0, 10);
  const context: Block[] = shown.length === 0 ? [] : [{ type: "context", elements: shown.map(mrkdwn) }];
  return {
    text: [headline, ...quoted, shown.join(" · ")].filter((line) => line !== "").join("\n"),
    blocks: [...lines, ...context],
  };
}
