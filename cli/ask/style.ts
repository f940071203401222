/**
 * Text for a terminal. Views return lines of spans, which are plain data; here they become text with colours and links,
 * or without. What comes from the ledger cannot reach the terminal as a control sequence.
 */
import { printable } from "../../schemas/words/texts.ts";

export type Tone = "bold" | "dim" | "red" | "amber" | "blue" | "violet";

export interface Span {
  readonly text: string;
  readonly tone?: Tone;
  /** Where the text leads, on terminals that show links (OSC 8). */
  readonly url?: string;
}
export type Piece = Span | string;
export type Line = readonly Piece[];

export interface Style {
  readonly color: boolean;
  readonly links: boolean;
  readonly ascii: boolean;
}

const CODES: Record<Tone, string> = { bold: "1", dim: "2", red: "31", amber: "33", blue: "34", violet: "35" };

/** Signs of what happened; with `ascii` those that every terminal has. */
const ASCII: ReadonlyMap<string, string> = new Map([
  ["▲", "^"],
  ["▼", "v"],
  ["✗", "x"],
  ["◆", "#"],
  ["⚙", "c"],
  ["·", "-"],
  ["→", "->"],
  ["≠", "!="],
  ["–", "-"],
  ["↗", ""],
  ["…", "..."],
]);

/** One line of printable text. */
const plain = (text: string): string => printable(text).replaceAll(/[\n\t]+/g, " ");

const shown = (text: string, { ascii }: Style): string =>
  ascii ? plain(text).replaceAll(/[^\x20-\x7e]/gu, (one) => ASCII.get(one) ?? "?") : plain(text);

const isWeb = (url: string): boolean => /^https?:\/\/[\x21-\x7e]+$/.test(url);

function rendered(piece: Piece, style: Style): string {
  const { text, tone, url }: Span = typeof piece === "string" ? { text: piece } : piece;
  const bare = shown(text, style);
  const toned =
    style.color && tone !== undefined && bare !== "" ? `\u001b[${CODES[tone]}m${bare}\u001b[0m` : bare;
  if (url === undefined || !isWeb(url)) return toned;
  if (style.links) return `\u001b]8;;${url}\u001b\\${toned}\u001b]8;;\u001b\\`;
  if (!text.endsWith("↗")) return toned;
  // Where nothing can be clicked, the address itself is worth more than its sign.
  const label = text.slice(0, -1);
  const name = label.trim();
  return name !== "" && url.endsWith(name) ? url : `${shown(label, style)}${url}`;
}

export const render = (line: Line, style: Style): string =>
  line
    .map((piece) => rendered(piece, style))
    .join("")
    .trimEnd();

export const textOf = (piece: Piece): string => plain(typeof piece === "string" ? piece : piece.text);

export const widthOf = (line: Line): number =>
  line.reduce((sum, piece) => sum + [...textOf(piece)].length, 0);

/** A line made as wide as a column, with a space after it. */
const padded = (cell: Line, width: number): Line => [...cell, " ".repeat(Math.max(0, width - widthOf(cell)))];

/** Rows with their cells under each other, two spaces apart. The last cell of a row takes what room it needs. */
export function columns(rows: readonly (readonly Line[])[], indent = ""): Line[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [n, cell] of row.slice(0, -1).entries()) widths[n] = Math.max(widths[n] ?? 0, widthOf(cell));
  return rows.map((row) => [
    indent,
    ...row.flatMap((cell, n) => (n === row.length - 1 ? cell : [...padded(cell, widths[n] ?? 0), "  "])),
  ]);
}

/**
 * One line as several, broken at spaces. A word longer than a line stays whole, so that it can be copied.
 * @param indent spaces before every line but the first
 */
export function wrapped(line: Line, width: number, indent: number): Line[] {
  const lines: Piece[][] = [[]];
  let room = width;
  for (const piece of line) {
    const { text, ...rest }: Span = typeof piece === "string" ? { text: piece } : piece;
    for (const word of text.split(/(?<=\S)(?= )/)) {
      const isBroken = [...word].length > room && word.startsWith(" ");
      if (isBroken) {
        lines.push([" ".repeat(indent)]);
        room = width - indent;
      }
      const shown = isBroken ? word.trimStart() : word;
      lines.at(-1)?.push({ text: shown, ...rest });
      room -= [...shown].length;
    }
  }
  return lines;
}

/** What is left for the text of a column, where the others leave less. */
const NARROWEST = 24;

/**
 * Rows as `columns` has them, within a width: where they have no room, the text of one column goes on below itself.
 * @param flexible the number of that column
 */
export function fitted(
  rows: readonly (readonly Line[])[],
  indent: string,
  width: number,
  flexible: number,
): Line[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [n, cell] of row.entries()) widths[n] = Math.max(widths[n] ?? 0, widthOf(cell));
  const roomBeside = (cells: readonly number[]) =>
    Math.max(NARROWEST, width - indent.length - cells.reduce((sum, one) => sum + one + 2, 0));
  const before = widths.slice(0, flexible);
  const [alone, shared] = [roomBeside(before), roomBeside([...before, ...widths.slice(flexible + 1)])];
  const lines = rows.flatMap((row) => {
    const after = row.slice(flexible + 1).filter((cell) => widthOf(cell) > 0);
    const [first = [], ...more] = wrapped(row[flexible] ?? [], after.length === 0 ? alone : shared, 0);
    const rest = after.length === 0 ? [] : row.slice(flexible + 1);
    return [
      [...row.slice(0, flexible), first, ...rest],
      ...more.map((part) => [...before.map(() => []), part]),
    ];
  });
  return columns(lines, indent);
}

/** A line whose last part stands at the right edge, or two spaces after the first where it has no room. */
export const edged = (left: Line, right: Line, width: number): Line => [
  ...left,
  " ".repeat(Math.max(2, width - widthOf(left) - widthOf(right))),
  ...right,
];
