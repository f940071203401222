/** The first screen: what runs where, at a moment. */
import { memo } from "preact/compat";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { age } from "../../schemas/words/durations.ts";
import { shortCommit } from "../../schemas/words/ids.ts";
import { moment, utc } from "../format.ts";
import { compared, isFrozenAt, type Likeness, markOf, type Row, rowAt, versionOf } from "../lanes.ts";
import { ranked } from "../search.ts";
import {
  address,
  columns,
  environments,
  failure,
  freezes,
  go,
  lanes,
  loading,
  now,
  scrub,
  services,
  time,
} from "../state.ts";
import { Panel } from "./panel.tsx";
import { Strip } from "./strip.tsx";
import { Tools } from "./tools.tsx";

interface CellProps {
  /** Whether the history of its environment is there. */
  readonly known: boolean;
  readonly row: Row | undefined;
  readonly likeness: Likeness;
  readonly frozen: boolean;
  readonly age: string;
  readonly environment: string;
  readonly service: string;
  readonly position: string;
  readonly open: boolean;
}

/** The ground of a cell by the tone of its mark. */
const MARKED: Readonly<Record<string, string>> = { none: " hatched", ice: " frozen" };

const LIKENESS: Record<Likeness, string> = { same: " same", differs: " differs", alone: "" };

function What({ row, age: since }: Pick<CellProps, "row" | "age">) {
  if (row?.status !== "running") return <span class="detail">{row?.status ?? "unknown"}</span>;
  const commit = row.release.components[0]?.commit;
  return (
    <>
      <span class="version">{versionOf(row.release)}</span>
      <span class="detail">
        {commit == null ? null : <code>{shortCommit(commit)}</code>}
        {[commit == null ? undefined : "", since, row.by].filter((part) => part != null).join(" · ")}
      </span>
    </>
  );
}

const Cell = memo((props: CellProps) => {
  const { row, likeness, environment, service, position } = props;
  const mark = props.known ? markOf(row, props.frozen) : undefined;
  const show = () => {
    if (getSelection()?.isCollapsed !== false) go({ place: { environment, service }, plan: undefined });
  };
  return (
    <div
      role="gridcell"
      tabIndex={position === "0,0" ? 0 : -1}
      aria-selected={props.open}
      data-cell={position}
      data-environment={environment}
      data-service={service}
      class={`cell${LIKENESS[likeness]}${MARKED[mark?.tone ?? ""] ?? ""}`}
      onClick={show}
      onKeyDown={(event) => {
        if (event.key === "Enter") show();
      }}
      title={row?.since === null || row?.since === undefined ? undefined : `since ${utc(row.since)}`}
    >
      {mark === undefined ? null : (
        <span class={`glyph tone-${mark.tone}`} title={mark.word}>
          {mark.glyph}
          <span class="unseen"> {mark.word} </span>
        </span>
      )}
      {props.known ? <What row={row} age={props.age} /> : <span class="detail">…</span>}
      {likeness === "differs" ? (
        <span class="glyph tone-warn" title="differs from the column compared with">
          ≠
        </span>
      ) : null}
    </div>
  );
});

interface RowProps {
  readonly service: string;
  readonly n: number;
  readonly at: number;
}

const ServiceRow = memo(({ service, n, at }: RowProps) => {
  const { compare, place } = address.value;
  const rows = columns.value.shown.map((environment) => ({
    environment,
    row: rowAt(lanes.value.get(environment)?.get(service), at),
  }));
  const base = rows.find(({ environment }) => environment === compare);
  return (
    <div role="row" class="row" aria-rowindex={n + 2}>
      <div role="rowheader" class="name" title={service}>
        {service}
      </div>
      {rows.map(({ environment, row }, column) => {
        const other = compare === undefined ? rows[column - 1] : base;
        const isCompared = other !== undefined && other.environment !== environment;
        const likeness = isCompared ? compared(row, other.row) : "alone";
        return (
          <Cell
            key={environment}
            known={lanes.value.has(environment)}
            row={row}
            likeness={compare === undefined && likeness === "differs" ? "alone" : likeness}
            frozen={isFrozenAt(freezes.value, { environment, service }, at)}
            age={row?.since == null ? "" : age(at - row.since)}
            environment={environment}
            service={service}
            position={`${n},${column}`}
            open={place?.environment === environment && place.service === service}
          />
        );
      })}
    </div>
  );
});

/**
 * The rows that are in view when a drag begins, with some beside them. While the time is dragged only these follow, so
 * that a thousand rows are as quick as twenty; the rest follows when it is let go.
 */
function useInView(grid: { readonly current: HTMLElement | null }): (n: number) => boolean {
  const range = useRef<readonly [number, number]>();
  if (scrub.value === undefined) range.current = undefined;
  else if (range.current === undefined && grid.current !== null) {
    const { top } = grid.current.getBoundingClientRect();
    const height = grid.current.lastElementChild?.clientHeight || ROW;
    range.current = [-top / height - MARGIN, (innerHeight - top) / height + MARGIN];
  }
  const [first, last] = range.current ?? [0, Number.POSITIVE_INFINITY];
  return (n) => n >= first && n <= last;
}
const [ROW, MARGIN] = [32, 8];

/** Shows which cells changed since what was shown before: each flashes once, but not while the time is dragged. */
function useFlash(grid: { readonly current: HTMLElement | null }): void {
  const before = useRef(new Map<string, string>());
  useEffect(() => {
    const cells = grid.current?.querySelectorAll<HTMLElement>("[data-cell]") ?? [];
    const shown = new Map<string, string>();
    for (const cell of cells) {
      const key = `${cell.dataset.environment} ${cell.dataset.service}`;
      const text = cell.querySelector(".version")?.textContent ?? "";
      shown.set(key, text);
      const old = before.current.get(key);
      cell.classList.toggle("flash", old !== undefined && old !== "" && old !== text);
    }
    before.current = shown;
  }, [lanes.value, address.value.at]);
}

function Empty() {
  if (environments.value !== null && environments.value.length === 0) {
    return (
      <p class="empty">
        Nothing has been reported yet. <a href="/health">Connect a sender</a>, or fill this ledger with a
        quarter of history: <code>npm run demo</code>
      </p>
    );
  }
  if (failure.value?.status === 403) return <p class="empty">{failure.value.message}</p>;
  return (
    <p class="empty">
      {loading.value || environments.value === null ? "Loading what ran …" : "No service here matches."}
    </p>
  );
}

export function Matrix() {
  const grid = useRef<HTMLDivElement>(null);
  useFlash(grid);
  const { filter, place, at } = address.value;
  const shown = useMemo(() => ranked(services.value, filter), [services.value, filter]);
  const isInView = useInView(grid);
  const settled = at ?? now.value;
  const { shown: places } = columns.value;
  return (
    <div class={place?.service === undefined ? "screen" : "screen with-panel"}>
      <main>
        <Strip />
        <Tools count={shown.length} />
        {shown.length === 0 ? (
          <Empty />
        ) : (
          <div
            ref={grid}
            role="grid"
            aria-label={`What runs, ${moment(time.value, now.value)}`}
            aria-busy={loading.value}
            class={loading.value ? "grid dimmed" : "grid"}
            style={{ "--columns": String(places.length) }}
          >
            <div role="row" class="row head">
              <div role="columnheader" class="name">
                service
              </div>
              {places.map((environment) => (
                <div role="columnheader" key={environment}>
                  {environment}
                  {address.value.compare === environment ? <span class="quiet"> compared with</span> : null}
                </div>
              ))}
            </div>
            {shown.map((service, n) => (
              <ServiceRow key={service} service={service} n={n} at={isInView(n) ? time.value : settled} />
            ))}
          </div>
        )}
      </main>
      {place?.service === undefined ? null : (
        <Panel environment={place.environment} service={place.service} />
      )}
    </div>
  );
}
