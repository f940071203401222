/** The cells of the matrix: one place, or the places of a folded group. */

import { memo } from "preact/compat";
import { counted } from "../../schemas/words/counted.ts";
import { shortCommit } from "../../schemas/words/ids.ts";
import { versionsOf } from "../../schemas/words/version.ts";
import { type Fold, foldOf, type PlaceRow, shortPlace } from "../folds.ts";
import { utc } from "../format.ts";
import { type Likeness, type Mark, markOf, type Row } from "../lanes.ts";
import { go, openGroup } from "../state.ts";

/** The ground of a cell by the tone of its mark. */
const MARKED: Readonly<Record<string, string>> = { none: " hatched", ice: " frozen" };

const LIKENESS: Record<Likeness, string> = { same: " same", differs: " differs", alone: "" };

const Glyph = ({ mark, where }: { readonly mark: Mark; readonly where?: string }) => {
  const words = where === undefined ? mark.word : `${mark.word} in ${where}`;
  return (
    <span class={`glyph tone-${mark.tone}`} title={words}>
      {mark.glyph}
      <span class="unseen"> {words} </span>
    </span>
  );
};

const versionIn = (row: Row | undefined): string =>
  row === undefined ? "unknown" : versionsOf({ ...row.release, status: row.status });

function What({ row, age: since }: { readonly row: Row | undefined; readonly age: string }) {
  if (row?.status !== "running") return <span class="detail">{row?.status ?? "unknown"}</span>;
  const commit = row.release.components[0]?.commit;
  return (
    <>
      <span class="version">{versionIn(row)}</span>
      <span class="detail">
        {commit == null ? null : <code>{shortCommit(commit)}</code>}
        {[commit == null ? undefined : "", since, row.by].filter((part) => part != null).join(" · ")}
      </span>
    </>
  );
}

/** Whether a click is one, and not the end of a selection. */
const isClick = (): boolean => getSelection()?.isCollapsed !== false;

interface CellProps {
  /** Whether the history of its environment is there. */
  readonly known: boolean;
  readonly row: Row | undefined;
  readonly likeness: Likeness;
  readonly frozen: boolean;
  readonly age: string;
  readonly environment: string;
  readonly service: string;
  readonly group: string | undefined;
  readonly position: string;
  readonly open: boolean;
}

export const Cell = memo((props: CellProps) => {
  const { row, likeness, environment, service, position } = props;
  const mark = props.known ? markOf(row, props.frozen) : undefined;
  const show = () => go({ place: { environment, service }, plan: undefined });
  return (
    <div
      role="gridcell"
      tabIndex={position === "0,0" ? 0 : -1}
      aria-selected={props.open}
      data-cell={position}
      data-environment={environment}
      data-service={service}
      data-group={props.group}
      class={`cell${LIKENESS[likeness]}${MARKED[mark?.tone ?? ""] ?? ""}`}
      onClick={() => {
        if (isClick()) show();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") show();
      }}
      title={row?.since == null ? undefined : `since ${utc(row.since)}`}
    >
      {mark === undefined ? null : <Glyph mark={mark} />}
      {props.known ? <What row={row} age={props.age} /> : <span class="detail">…</span>}
      {likeness === "differs" ? (
        <span class="glyph tone-warn" title="differs from the column compared with">
          ≠
        </span>
      ) : null}
    </div>
  );
});

/** How many places, and whether they agree. */
function FoldWords({ fold, group }: { readonly fold: Fold; readonly group: string }) {
  const { count, of, row, differing } = fold;
  if (row === undefined) return <span class="detail">unknown</span>;
  return (
    <>
      <span class="version">{versionIn(row)}</span>
      {differing.length === 0 ? (
        <span class="detail">
          {count === 1 ? "in" : "="} {count === of ? counted(of, "place") : `${count} of ${of}`}
        </span>
      ) : (
        <span class="detail">
          {count - differing.length} of {count} <span class="glyph tone-warn">≠</span>{" "}
          {differing.map(({ environment }) => shortPlace(environment, group)).join(", ")}
        </span>
      )}
    </>
  );
}

interface FoldedCellProps {
  readonly group: string;
  readonly rows: readonly PlaceRow[];
  readonly known: boolean;
  readonly frozen: (environment: string) => boolean;
  /** What the places are compared with; undefined: with each other. */
  readonly base: { readonly row: Row | undefined } | undefined;
  readonly position: string;
}

export function FoldedCell({ group, rows, known, frozen, base, position }: FoldedCellProps) {
  const fold = foldOf(rows, frozen, base);
  const likeness = fold.differing.length === 0 ? "same" : base === undefined ? "alone" : "differs";
  const open = () => openGroup(group, true);
  const all = rows.map(({ environment, row }) => `${environment} ${versionIn(row)}`);
  return (
    <div
      role="gridcell"
      tabIndex={position === "0,0" ? 0 : -1}
      data-cell={position}
      data-group={group}
      class={`cell${known && fold.row === undefined ? " hatched" : ""}${LIKENESS[likeness]}`}
      onClick={() => {
        if (isClick()) open();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") open();
      }}
      title={all.join("\n")}
    >
      {known && fold.mark !== undefined ? <Glyph mark={fold.mark} where={fold.mark.environment} /> : null}
      {known ? <FoldWords fold={fold} group={group} /> : <span class="detail">…</span>}
    </div>
  );
}
