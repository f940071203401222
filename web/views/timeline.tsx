/** The timeline: lanes on a canvas, a year to a minute, and the same changes as a table. */

import { scaleTime } from "d3-scale";
import { select } from "d3-selection";
import { zoom, zoomIdentity } from "d3-zoom";
import { useEffect, useRef, useState } from "preact/hooks";
import { counted } from "../../schemas/words/counted.ts";
import { age } from "../../schemas/words/durations.ts";
import { shortCommit } from "../../schemas/words/ids.ts";
import { versionsOf } from "../../schemas/words/version.ts";
import { hrefOf } from "../address.ts";
import { spaced, tickLabel } from "../format.ts";
import { type Lane, markOf, type Row } from "../lanes.ts";
import { ranked } from "../search.ts";
import { address, columns, go, lanes, now, services, span } from "../state.ts";
import { Time } from "./parts.tsx";

const [LANE, AXIS] = [26, 24];
/** Where the lanes begin, after their names. */
const LABEL = innerWidth < 640 ? 120 : 200;
const MOST = 200;

const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

interface Drawn {
  readonly shown: readonly Lane[];
  readonly from: number;
  readonly to: number;
}

const FILLS = {
  "": "--bgColor-neutral-muted",
  none: "--bgColor-neutral-muted",
  warn: "--bgColor-attention-muted",
  bad: "--bgColor-danger-muted",
  ice: "--bgColor-accent-muted",
  busy: "--bgColor-accent-muted",
} as const;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly y: number;
}

/** Text that ends where its box does. */
function clipped(context: CanvasRenderingContext2D, text: string, { left, right, y }: Box): void {
  context.save();
  context.beginPath();
  context.rect(left, y, right - left, LANE);
  context.clip();
  context.fillStyle = colour("--fgColor-default");
  context.fillText(text, left, y + LANE / 2);
  context.restore();
}

function drawRow(context: CanvasRenderingContext2D, row: Row, box: Box, begins: boolean): void {
  const { left, right, y } = box;
  const mark = markOf(row);
  context.fillStyle = colour(FILLS[mark?.tone ?? ""]);
  context.fillRect(left + 0.5, y + 3, Math.max(1, right - left - 1), LANE - 6);
  if (begins) {
    context.fillStyle = colour("--fgColor-muted");
    context.fillRect(left, y + 3, 1.5, LANE - 6);
  }
  if (right - left < 44) return;
  clipped(context, `${mark?.glyph ?? ""} ${versionsOf({ ...row.release, status: row.status })}`.trim(), {
    left: left + 6,
    right: right - 4,
    y,
  });
}

function drawLane(
  context: CanvasRenderingContext2D,
  lane: Lane,
  y: number,
  x: (ms: number) => number,
  end: number,
) {
  lane.rows.forEach((row, n) => {
    const left = Math.max(x(row.at), LABEL);
    const right = Math.min(x(lane.rows[n + 1]?.at ?? now.value), end);
    if (row.status === "running" && right > left)
      drawRow(context, row, { left, right, y }, row.since === row.at);
  });
  clipped(context, lane.service, { left: 0, right: LABEL - 8, y });
}

function draw(canvas: HTMLCanvasElement, { shown, from, to }: Drawn): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const [width, height, ratio] = [canvas.clientWidth, AXIS + shown.length * LANE, devicePixelRatio];
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  context.scale(ratio, ratio);
  context.font = "12px system-ui";
  context.textBaseline = "middle";
  const scale = scaleTime([from, to], [LABEL, width]);
  const ticks = spaced(scale.ticks(Math.max(2, (width - LABEL) / 130)), from, to);
  const isByMonth = ticks.every((tick) => tick.getDate() === 1 && tick.getHours() === 0);
  for (const tick of ticks) {
    context.fillStyle = colour("--fgColor-muted");
    context.fillText(tickLabel(tick.getTime(), isByMonth), scale(tick) + 3, AXIS / 2);
    context.fillStyle = colour("--borderColor-muted");
    context.fillRect(scale(tick), 0, 1, height);
  }
  shown.forEach((lane, n) => {
    const y = AXIS + n * LANE;
    drawLane(context, lane, y, (ms) => scale(ms), width);
  });
}

/** Where nothing else is held, a wheel scrolls the page. */
const isZoom = ({ type, ctrlKey, metaKey }: MouseEvent): boolean => type !== "wheel" || ctrlKey || metaKey;

interface Zoomed {
  readonly transform: typeof zoomIdentity;
  /** Absent: not by the reader. */
  readonly sourceEvent?: Event | null;
}

/** Zooming and dragging the canvas; what is shown stays between the span's start and now, and is kept in the address. */
function useDomain(canvas: { readonly current: HTMLCanvasElement | null }) {
  const { from, to } = span.value;
  const [domain, setDomain] = useState(address.value.zoom ?? { from, to });
  useEffect(() => {
    if (canvas.current === null) return;
    const chosen = select<HTMLCanvasElement, unknown>(canvas.current);
    const width = canvas.current.clientWidth;
    const scale = scaleTime([from, to], [LABEL, width]);
    const shownBy = ({ transform }: Zoomed) => {
      const [start, end] = transform.rescaleX(scale).domain();
      return start === undefined || end === undefined
        ? undefined
        : { from: start.getTime(), to: end.getTime() };
    };
    const behaviour = zoom<HTMLCanvasElement, unknown>()
      .filter(isZoom)
      .scaleExtent([1, (to - from) / 60_000])
      .translateExtent([
        [LABEL, 0],
        [width, 0],
      ])
      .extent([
        [LABEL, 0],
        [width, 0],
      ])
      .on("zoom", (event: Zoomed) => setDomain(shownBy(event) ?? { from, to }))
      .on("end", (event: Zoomed) => {
        if (event.sourceEvent != null)
          go({ zoom: event.transform.k === 1 ? undefined : shownBy(event) }, true);
      });
    const { zoom: asked } = address.value;
    const factor = asked === undefined ? 1 : (to - from) / (asked.to - asked.from);
    const left = asked === undefined ? 0 : LABEL - factor * scale(asked.from);
    chosen.call(behaviour).call(behaviour.transform, zoomIdentity.translate(left, 0).scale(factor));
    return () => {
      chosen.on(".zoom", null);
    };
  }, [address.value.days]);
  return domain;
}

interface Entry {
  readonly lane: Lane;
  readonly row: Row;
}

const entriesOf = (shown: readonly Lane[], from: number, to: number): Entry[] =>
  shown
    .flatMap((lane) => lane.rows.filter((_, n) => n > 0).map((row) => ({ lane, row })))
    .filter(({ row }) => row.at >= from && row.at <= to && (row.since === row.at || row.attempt === "failed"))
    .sort((a, b) => b.row.at - a.row.at);

/** Whether what ran stays, because what was to replace it failed. */
const isFailure = ({ row }: Pick<Entry, "row">): boolean => row.attempt === "failed" && row.since !== row.at;

const EntryRow = ({ lane, row }: Entry) => (
  <tr>
    <td>
      <Time at={row.at} />
    </td>
    <td>
      <a
        href={hrefOf({
          ...address.value,
          view: "matrix",
          at: row.at,
          place: { environment: lane.environment, service: lane.service },
        })}
      >
        {lane.service}
      </a>
    </td>
    <td>
      <span class={`glyph tone-${markOf(row)?.tone ?? ""}`}>{markOf(row)?.glyph ?? "▲"}</span>{" "}
      {isFailure({ row }) ? "a deployment failed; still " : ""}
      {versionsOf({ ...row.release, status: row.status })}
      {row.release.components[0]?.commit == null ? null : (
        <code> {shortCommit(row.release.components[0].commit)}</code>
      )}
    </td>
    <td>{row.by ?? ""}</td>
    <td class="number quiet">
      {row.until === null || isFailure({ row }) ? "" : `ran ${age(row.until - row.at)}`}
    </td>
  </tr>
);

export function Timeline() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const domain = useDomain(canvas);
  const environment = address.value.place?.environment ?? columns.value.shown[0] ?? "";
  const own = lanes.value.get(environment);
  const shown = ranked(services.value, address.value.filter).flatMap((service) => own?.get(service) ?? []);
  const drawn = { shown, ...domain };
  useEffect(() => {
    const again = () => {
      if (canvas.current !== null) draw(canvas.current, drawn);
    };
    again();
    addEventListener("resize", again);
    addEventListener("asof.theme", again);
    return () => {
      removeEventListener("resize", again);
      removeEventListener("asof.theme", again);
    };
  });
  const entries = entriesOf(shown, domain.from, domain.to);
  return (
    <main class="page wide">
      <h1>Timeline</h1>
      <div class="tools">
        <label>
          of{" "}
          <select
            value={environment}
            onChange={(event) => go({ place: { environment: event.currentTarget.value } })}
          >
            {[...columns.value.shown, ...columns.value.others].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <input
          id="filter"
          type="search"
          placeholder="Filter services  /"
          aria-label="Filter services"
          value={address.value.filter}
          onInput={(event) => go({ filter: event.currentTarget.value }, true)}
        />
        <select
          aria-label="Range"
          value={String(address.value.days)}
          onChange={(event) => go({ days: Number(event.currentTarget.value), zoom: undefined })}
        >
          {[...new Set([1, 7, 30, 90, 365, address.value.days])].map((one) => (
            <option key={one} value={String(one)}>
              {one === 1 ? "last day" : `last ${one} days`}
            </option>
          ))}
        </select>
        <span class="hint wide-only">
          Ctrl and scroll, or double-click, to zoom; drag to move. The table below holds the same.
        </span>
      </div>
      <canvas
        ref={canvas}
        class="lanes"
        style={{ height: `${AXIS + shown.length * LANE}px` }}
        aria-hidden="true"
      />
      {entries.length === 0 ? (
        <p class="empty">
          {own === undefined
            ? "Loading …"
            : "Nothing changed in this time. Zoom out, or choose a longer range."}
        </p>
      ) : (
        <div class="scroll">
          <table>
            <caption class="hint">
              {counted(entries.length, "change")}
              {entries.length > MOST ? `, the newest ${MOST}` : ""}
            </caption>
            <thead>
              <tr>
                <th>at</th>
                <th>service</th>
                <th>what</th>
                <th>who</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {entries.slice(0, MOST).map((entry) => (
                <EntryRow key={`${entry.lane.service} ${entry.row.at}`} {...entry} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </main>
  );
}
