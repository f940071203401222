/** The keys of the page. */
import { tinykeys } from "tinykeys";
import { nextChange, previousChange } from "./lanes.ts";
import { address, close, columns, copy, go, now, openGroup, time, times } from "./state.ts";

export const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["/", "filter services"],
  ["⌘K, Ctrl K", "go to a service"],
  ["h j k l, arrows", "move between cells"],
  ["Enter", "open the release, or a folded group"],
  ["f", "fold or open the group of the column"],
  ["Esc", "close"],
  ["[ ]", "previous and next change"],
  ["t", "choose a time"],
  ["n", "back to now"],
  ["c", "compare with the first column"],
  ["w", "what changed before"],
  ["p", "plan: run it again"],
  ["y", "copy the link"],
  ["?", "these keys"],
];

const element = (id: string): HTMLElement | null => document.getElementById(id);

function openDialog(id: string): void {
  const found = element(id);
  if (found instanceof HTMLDialogElement && !found.open) found.showModal();
}

/** Moves the focus in the grid. */
function move(columns: number, rows: number): void {
  const cells = [...document.querySelectorAll<HTMLElement>("[data-cell]")];
  const current =
    document.activeElement instanceof HTMLElement ? document.activeElement.dataset.cell : undefined;
  if (current === undefined) {
    cells[0]?.focus();
    return;
  }
  const [row = 0, column = 0] = current.split(",").map(Number);
  document.querySelector<HTMLElement>(`[data-cell="${row + rows},${column + columns}"]`)?.focus();
}

/** The place of the focused cell, else that of the panel. */
function place(): { environment: string; service?: string | undefined } | undefined {
  const { activeElement } = document;
  const { environment, service } = activeElement instanceof HTMLElement ? activeElement.dataset : {};
  return environment === undefined ? address.value.place : { environment, service };
}

/** Folds the group of the focused cell, or opens it. */
function toggleGroup(): void {
  const { activeElement } = document;
  const group = activeElement instanceof HTMLElement ? activeElement.dataset.group : undefined;
  if (group === undefined) return;
  openGroup(
    group,
    columns.value.columns.some((one) => one.group === group && one.isFolded),
  );
}

const step = (at: number | undefined): void => {
  if (at !== undefined) go({ at });
};

const ACTIONS: Record<string, () => void> = {
  "/": () => element("filter")?.focus(),
  "$mod+k": () => openDialog("go-to"),
  h: () => move(-1, 0),
  j: () => move(0, 1),
  k: () => move(0, -1),
  l: () => move(1, 0),
  ArrowLeft: () => move(-1, 0),
  ArrowDown: () => move(0, 1),
  ArrowUp: () => move(0, -1),
  ArrowRight: () => move(1, 0),
  f: toggleGroup,
  "[": () => step(previousChange(times.value, time.value)),
  "]": () => step(nextChange(times.value, time.value)),
  t: () => element("time")?.focus(),
  n: () => go({ at: undefined }),
  c: () => element("compare")?.click(),
  w: () => go({ view: "why", place: place(), at: time.value === now.value ? undefined : time.value }),
  p: () => {
    const where = place();
    if (where?.service !== undefined) go({ view: "matrix", place: where, plan: { last: "good" } });
  },
  y: () => void copy(location.href, "link copied"),
  "Shift+?": () => openDialog("keys"),
  Escape: close,
};

const isInCell = (): boolean => document.activeElement?.matches("[data-cell]") === true;

const isTyping = ({ target }: Event): boolean =>
  target instanceof HTMLElement && target.matches("input, select, textarea, [contenteditable]");

export function listen(): () => void {
  const bound = Object.entries(ACTIONS).map(([keys, action]) => {
    const handler = (event: KeyboardEvent) => {
      if (document.querySelector("dialog[open]") !== null) return;
      // Elsewhere they scroll the page, and move the handle of the time strip.
      if (keys.startsWith("Arrow") && !isInCell()) return;
      if (isTyping(event) && keys !== "Escape" && keys !== "$mod+k") return;
      if (isTyping(event) && keys === "Escape" && event.target instanceof HTMLElement) {
        event.target.blur();
        return;
      }
      event.preventDefault();
      action();
    };
    return [keys, handler] as const;
  });
  return tinykeys(window, Object.fromEntries(bound));
}
