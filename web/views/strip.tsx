/** The time strip: how much changed when, and a handle. Dragging asks nothing of the ledger. */
import { scaleTime } from "d3-scale";
import { useMemo } from "preact/hooks";
import { moment, spaced, tickLabel, utc } from "../format.ts";
import { density, nextChange, previousChange } from "../lanes.ts";
import { address, go, now, past, scrub, span, time, times } from "../state.ts";

const [WIDTH, BARS, TOP] = [1000, 200, 40];
/** Pixels of the panel beside the strip. */
const PANEL = 480;

function Bars() {
  const { from, to } = span.value;
  const counts = useMemo(() => density(times.value, from, to, BARS), [times.value, from, to]);
  const most = Math.max(1, ...counts);
  return (
    <g class="bars">
      {counts.map((count, n) =>
        count === 0 ? null : (
          <rect
            key={n}
            x={(n * WIDTH) / BARS}
            width={WIDTH / BARS - 1.5}
            y={TOP - 6 - (count / most) * (TOP - 10)}
            height={6 + (count / most) * (TOP - 10)}
          />
        ),
      )}
    </g>
  );
}

export function Strip() {
  const { from, to } = span.value;
  const scale = scaleTime([from, to], [0, WIDTH]);
  const room = address.value.place?.service === undefined ? innerWidth : innerWidth - PANEL;
  const marks = spaced(scale.ticks(Math.max(2, Math.min(10, room / 100))), from, to);
  const isByMonth = marks.every((tick) => tick.getDate() === 1 && tick.getHours() === 0);
  const at = Math.min(Math.max(time.value, from), to);
  const timeAt = (event: PointerEvent & { currentTarget: EventTarget & Element }): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(
      Math.max(scale.invert(((event.clientX - box.left) / box.width) * WIDTH).getTime(), from),
      to,
    );
  };
  const step = (found: number | undefined) => go({ at: found }, true);
  const move = (event: KeyboardEvent) => {
    if (event.key === "ArrowLeft") step(previousChange(times.value, time.value) ?? from);
    else if (event.key === "ArrowRight") step(nextChange(times.value, time.value));
    else if (event.key === "Home") step(from);
    else if (event.key === "End") step(undefined);
    else return;
    event.preventDefault();
  };
  return (
    <div
      class="strip"
      role="slider"
      tabIndex={0}
      aria-label="Time: left and right go to the previous and next change"
      aria-valuemin={from}
      aria-valuemax={to}
      aria-valuenow={at}
      aria-valuetext={past.value === undefined ? "now" : moment(at, now.value)}
      title={utc(at)}
      onKeyDown={move}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        scrub.value = timeAt(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) scrub.value = timeAt(event);
      }}
      onPointerUp={(event) => {
        const ms = timeAt(event);
        // The last pixels mean now.
        go({ at: to - ms < (to - from) / 400 ? undefined : Math.round(ms) });
      }}
    >
      <svg viewBox={`0 0 ${WIDTH} ${TOP}`} preserveAspectRatio="none" aria-hidden="true">
        <Bars />
        <rect class="gone" x={scale(at)} width={Math.max(0, WIDTH - scale(at))} y={0} height={TOP} />
      </svg>
      <span
        class={past.value === undefined ? "handle" : "handle past"}
        style={{ left: `${(scale(at) / WIDTH) * 100}%` }}
      />
      <div class="ticks" aria-hidden="true">
        {marks.map((tick) => (
          <span key={tick.getTime()} style={{ left: `${(scale(tick) / WIDTH) * 100}%` }}>
            {tickLabel(tick.getTime(), isByMonth)}
          </span>
        ))}
      </div>
    </div>
  );
}
