/** One line of the report: what was measured, against what, and how far apart they may be. */

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** The floor: the least that any program doing this would need. Absent where the number stands for itself. */
  readonly floor?: number;
  readonly floorIs?: string;
  readonly ratio?: number;
  /** What 95 of 100 samples do not exceed, on both sides. */
  readonly p95?: { readonly ours: number; readonly floor: number };
  /** What the ratio, or without one the number itself, should be. */
  readonly aim?: { readonly atMost: number } | { readonly atLeast: number };
  readonly note?: string;
}

export function isMet({ aim, ratio, ours }: Row): boolean | undefined {
  if (aim === undefined) return undefined;
  const value = ratio ?? ours;
  return "atMost" in aim ? value <= aim.atMost : value >= aim.atLeast;
}

const figures = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);

function aimed(row: Row): string {
  if (row.aim === undefined) return "";
  const sign = "atMost" in row.aim ? `≤ ${row.aim.atMost}` : `≥ ${row.aim.atLeast}`;
  return `${sign} ${isMet(row) === true ? "✓" : "✗"}`;
}

function notesOf({ p95, unit, note }: Row): string {
  const slow = p95 && `p95 ${figures(p95.ours)} against ${figures(p95.floor)} ${unit}`;
  return [note, slow].filter((one) => one !== undefined).join("; ");
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** The rows as a table in Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const head = ["", "asof", "floor", "ratio", "aim", ""];
  const cells = rows.map((row) => [
    row.what,
    `${figures(row.ours)} ${row.unit}`,
    row.floor === undefined
      ? ""
      : `${figures(row.floor)} ${row.unit}${row.floorIs === undefined ? "" : ` (${row.floorIs})`}`,
    row.ratio === undefined ? "" : `${row.ratio.toFixed(2)}×`,
    aimed(row),
    notesOf(row),
  ]);
  return [line(head), line(["---", "--:", "--:", "--:", "--:", "---"]), ...cells.map(line)].join("\n");
}
