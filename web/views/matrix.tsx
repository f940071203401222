/** The first screen: what runs where, at a moment. */

import { ChevronLeft, ChevronRight } from "lucide-preact";
import { memo } from "preact/compat";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { counted } from "../../schemas/words/counted.ts";
import { age } from "../../schemas/words/durations.ts";
import { type Column, OTHERS } from "../folds.ts";
import { moment } from "../format.ts";
import { compared, isFrozenAt, rowAt } from "../lanes.ts";
import { ranked } from "../search.ts";
import {
  address,
  columns,
  environments,
  failure,
  freezes,
  lanes,
  loading,
  now,
  openGroup,
  scrub,
  services,
  signOut,
  time,
} from "../state.ts";
import { Cell, FoldedCell } from "./cells.tsx";
import { Panel } from "./panel.tsx";
import { Strip } from "./strip.tsx";
import { Tools } from "./tools.tsx";

interface RowProps {
  readonly service: string;
  readonly n: number;
  readonly at: number;
}

const rowIn = (environment: string | undefined, service: string, at: number) =>
  environment === undefined ? undefined : rowAt(lanes.value.get(environment)?.get(service), at);

/** The place that another one is compared with: the chosen one, else the one in the column before. */
function otherOf(column: number): string | undefined {
  const { compare } = address.value;
  if (compare !== undefined) return compare;
  const before = columns.value.columns[column - 1];
  return before === undefined || before.isFolded ? undefined : before.environments[0];
}

const ServiceRow = memo(({ service, n, at }: RowProps) => {
  const { compare, place } = address.value;
  const frozen = (environment: string) => isFrozenAt(freezes.value, { environment, service }, at);
  return (
    <div role="row" class="row" aria-rowindex={n + 2}>
      <div role="rowheader" class="name" title={service}>
        {service}
      </div>
      {columns.value.columns.map(({ group, isFolded, environments: own }, column) => {
        const position = `${n},${column}`;
        const [environment = ""] = own;
        if (isFolded) {
          return (
            <FoldedCell
              key={`group ${group}`}
              group={group ?? OTHERS}
              rows={own.map((one) => ({ environment: one, row: rowIn(one, service, at) }))}
              known={own.every((one) => lanes.value.has(one))}
              frozen={frozen}
              base={compare === undefined ? undefined : { row: rowIn(compare, service, at) }}
              position={position}
            />
          );
        }
        const row = rowIn(environment, service, at);
        const other = otherOf(column);
        const isCompared = other !== undefined && other !== environment;
        const likeness = isCompared ? compared(row, rowIn(other, service, at)) : "alone";
        return (
          <Cell
            key={environment}
            known={lanes.value.has(environment)}
            row={row}
            likeness={compare === undefined && likeness === "differs" ? "alone" : likeness}
            frozen={frozen(environment)}
            age={row?.since == null ? "" : age(at - row.since)}
            environment={environment}
            service={service}
            group={group}
            position={position}
            open={place?.environment === environment && place.service === service}
          />
        );
      })}
    </div>
  );
});

/** The rows beside those in view that follow a drag, too. */
const [ROW, MARGIN] = [32, 8];

/**
 * The rows that are in view when a drag begins, with some beside them. While the time is dragged only these follow, so
 * that a thousand rows are as quick as twenty; the rest follows when it is let go.
 */
function useInView(grid: { readonly current: HTMLElement | null }): (n: number) => boolean {
  const range = useRef<readonly [number, number]>();
  if (scrub.value === undefined) range.current = undefined;
  else if (range.current === undefined && grid.current !== null) {
    const { top } = grid.current.getBoundingClientRect();
    const first = grid.current.scrollTop - Math.min(0, top);
    const height = grid.current.lastElementChild?.clientHeight || ROW;
    range.current = [first / height - MARGIN, (first + innerHeight) / height + MARGIN];
  }
  const [first, last] = range.current ?? [0, Number.POSITIVE_INFINITY];
  return (n) => n >= first && n <= last;
}

/** Shows which cells changed since what was shown before: each flashes once, but not while the time is dragged. */
function useFlash(grid: { readonly current: HTMLElement | null }): void {
  const before = useRef(new Map<string, string>());
  useEffect(() => {
    const cells = grid.current?.querySelectorAll<HTMLElement>("[data-service]") ?? [];
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

/** A group that is opened or folded takes its focused cell or button away: the focus stays in the row, at the group. */
function useKeptFocus(grid: { readonly current: HTMLElement | null }): (event: FocusEvent) => void {
  const last = useRef<string>();
  useEffect(() => {
    if (last.current === undefined || document.activeElement !== document.body) return;
    grid.current?.querySelector<HTMLElement>(last.current)?.focus();
  }, [columns.value]);
  return ({ target }) => {
    const { cell, group } = target instanceof HTMLElement ? target.dataset : {};
    const row = cell === undefined ? ".head " : `[data-cell^="${cell.split(",")[0]},"]`;
    last.current = group === undefined ? undefined : `${row}[data-group="${CSS.escape(group)}"]`;
  };
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
  if (failure.value?.status === 403)
    return (
      <p class="empty">
        Nothing is shown to this token.{" "}
        <button type="button" class="link" onClick={signOut}>
          Sign in with another one
        </button>
      </p>
    );
  return (
    <p class="empty">
      {loading.value || environments.value === null ? "Loading what ran …" : "No service here matches."}
    </p>
  );
}

/** The name of a column; of a group with the button that opens or folds it. */
function ColumnHeader({
  column: { group, isFolded, environments: own },
  n,
}: {
  readonly column: Column;
  readonly n: number;
}) {
  const [environment = ""] = own;
  const name = group === OTHERS ? "other places" : group;
  if (isFolded) {
    return (
      <div role="columnheader">
        <button
          type="button"
          class="group"
          data-group={group}
          aria-expanded={false}
          onClick={() => openGroup(group ?? OTHERS, true)}
        >
          {name} <span class="quiet">{counted(own.length, "place")}</span>
          <ChevronRight size={14} aria-hidden="true" />
        </button>
      </div>
    );
  }
  const isFirst = group !== undefined && columns.value.columns[n - 1]?.group !== group;
  return (
    <div role="columnheader" title={environment}>
      {environment}{" "}
      {isFirst ? (
        <button
          type="button"
          class="icon small"
          data-group={group}
          aria-expanded={true}
          aria-label={`Fold ${name}`}
          title={`Fold ${name}`}
          onClick={() => openGroup(group, false)}
        >
          <ChevronLeft size={14} aria-hidden="true" />
        </button>
      ) : null}
      {address.value.compare === environment ? <span class="quiet"> compared with</span> : null}
    </div>
  );
}

export function Matrix() {
  const grid = useRef<HTMLDivElement>(null);
  useFlash(grid);
  const remember = useKeptFocus(grid);
  const { filter, place, at } = address.value;
  const shown = useMemo(() => ranked(services.value, filter), [services.value, filter]);
  const isInView = useInView(grid);
  const settled = at ?? now.value;
  const { columns: own } = columns.value;
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
            onFocusIn={remember}
            role="grid"
            aria-label={`What runs, ${moment(time.value, now.value)}`}
            aria-busy={loading.value}
            class={loading.value ? "grid dimmed" : "grid"}
            style={{ "--columns": String(own.length) }}
          >
            <div role="row" class="row head">
              <div role="columnheader" class="name">
                service
              </div>
              {own.map((column, n) => (
                <ColumnHeader
                  key={column.isFolded ? column.group : column.environments[0]}
                  column={column}
                  n={n}
                />
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
