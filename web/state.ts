/** What the page knows: the address, what the ledger answered, and the moment that is shown. */
import { computed, effect, signal, untracked } from "@preact/signals";
import type { Environments, History } from "../schemas/answer.ts";
import type { Session } from "../schemas/answers/session.ts";
import type { Whoami } from "../schemas/answers/whoami.ts";
import type { Freezes } from "../schemas/redeployment.ts";
import { type Address, hrefOf, START } from "./address.ts";
import { ApiError, allEnvironments, ask, endSession, heldToken, historyPages, keepToken } from "./api.ts";
import { type Columns, columnsOf } from "./folds.ts";
import { changeTimes, type Lane, lanesOf } from "./lanes.ts";

const POLL_MS = 15_000;
const COLUMNS = 6;
const DAY = 86_400_000;

export const address = signal<Address>(START);
export const me = signal<Whoami | null>(null);
export const environments = signal<Environments["environments"] | null>(null);
/** By environment, then by service. */
export const lanes = signal<ReadonlyMap<string, ReadonlyMap<string, Lane>>>(new Map());
export const loading = signal(false);
export const failure = signal<ApiError | null>(null);
export const loadedAt = signal<number | null>(null);
export const now = signal(Date.now());
/** The moment under the pointer while the time strip is dragged. */
export const scrub = signal<number | undefined>(undefined);
/** undefined: it is not known yet whether this browser has a session. */
export const signedIn = signal<boolean | undefined>(heldToken() === null ? undefined : true);
/** How people sign in with a browser; null: by a token alone. */
export const login = signal<Session["login"]>(null);
/** What is frozen now, or will be. */
export const freezes = signal<Freezes["freezes"]>([]);

export const past = computed(() => scrub.value ?? address.value.at);
export const time = computed(() => past.value ?? now.value);
export const span = computed(() => ({ from: now.value - address.value.days * DAY, to: now.value }));
/** A phone shows one place. */
const phone = matchMedia("(max-width: 640px)");
const isPhone = signal(phone.matches);
phone.addEventListener("change", ({ matches }) => {
  isPhone.value = matches;
});
let steady: Columns = { columns: [], shown: [], others: [] };
/** The same object while nothing in it changes: what is computed from it is computed once. */
export const columns = computed(() => {
  const { columns: chosen, open, fold } = address.value;
  const all = columnsOf(environments.value ?? [], { chosen, open, fold }, COLUMNS);
  const [first, ...others] = all.shown;
  const one = first === address.value.compare ? (others[0] ?? first) : first;
  const alone = one === undefined ? [] : [{ isFolded: false, environments: [one] }];
  const next = isPhone.value ? { ...all, columns: alone } : all;
  if (JSON.stringify(next) !== JSON.stringify(steady)) steady = next;
  return steady;
});
export const services = computed(() => {
  const names = columns.value.shown.flatMap((one) => [...(lanes.value.get(one)?.keys() ?? [])]);
  return [...new Set(names)].sort();
});
export const times = computed(() =>
  changeTimes(columns.value.shown.flatMap((one) => [...(lanes.value.get(one)?.values() ?? [])])),
);
export const mayOperate = computed(() => me.value?.may.includes("operate") ?? false);
export const mayExport = computed(() => me.value?.may.includes("export") ?? false);
export const mayRetry = computed(() => me.value?.may.includes("retract") ?? false);

/* The address */

let route: (href: string, replace: boolean) => void = () => undefined;
export function routeBy(by: typeof route): void {
  route = by;
}
/** Changes a part of the address: the rest of the question stays. */
export function go(change: Partial<Address>, replace = false): void {
  scrub.value = undefined;
  route(hrefOf({ ...address.value, ...change }), replace);
}

/** Closes the panel; the focus goes back to its cell. */
export function close(): void {
  const { environment = "", service = "" } = address.value.place ?? {};
  document
    .querySelector<HTMLElement>(
      `[data-environment="${CSS.escape(environment)}"][data-service="${CSS.escape(service)}"]`,
    )
    ?.focus();
  go({ place: undefined, plan: undefined });
}

/** Opens a group of places, or folds it. */
export function openGroup(group: string, isOpen: boolean): void {
  const { open, fold } = address.value;
  const [others, folds] = [open, fold].map((names) => names.filter((one) => one !== group));
  go({
    open: isOpen ? [...(others ?? []), group] : (others ?? []),
    fold: isOpen ? (folds ?? []) : [...(folds ?? []), group],
  });
}

/* The ledger */

export function signIn(token: string): void {
  keepToken(token);
  failure.value = null;
  signedIn.value = true;
}
export function signOut(): void {
  if (heldToken() === null && login.value !== null) void endSession().catch(() => undefined);
  keepToken(null);
  me.value = null;
  environments.value = null;
  lanes.value = new Map();
  read = new Map();
  signedIn.value = false;
}

function failed(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
  failure.value = error;
  if (error.status === 401) signOut();
}

/** Asks whether this browser has a session, and how people sign in here. */
async function findSession(): Promise<void> {
  try {
    const found = await ask("/auth/session");
    login.value = found.login;
    signedIn.value ??= found.session !== null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // 401: the token of the session before; polling says so.
    if (error.status !== 401) failure.value = error;
    signedIn.value ??= false;
  }
}

/** What was read of each environment: the days, and its entry in the list of environments by then. */
let read: ReadonlyMap<string, string> = new Map();

/** Reads the histories again that may have something new. */
async function loadLanes(names: readonly string[], days: number, signal: AbortSignal): Promise<void> {
  const from = new Date(Date.now() - days * DAY).toISOString();
  const states = new Map(
    (environments.value ?? []).map((one) => [one.environment, JSON.stringify([days, one])]),
  );
  const stale = names.filter((one) => read.get(one) !== states.get(one));
  await Promise.all(
    stale.map(async (environment) => {
      const isNew = !lanes.value.has(environment);
      const pages: History[] = [];
      const show = () => {
        const own = new Map(lanesOf(pages).map((lane) => [lane.service, lane]));
        lanes.value = new Map([...lanes.value, [environment, own]]);
      };
      for await (const page of historyPages({ environment, from }, signal)) {
        pages.push(page);
        // As it comes, where nothing was shown before: the first rows need not wait for the last.
        if (isNew && page.next !== null) show();
      }
      show();
      read = new Map([...read, [environment, states.get(environment) ?? ""]]);
    }),
  );
}

let newest = "";
async function poll(): Promise<void> {
  try {
    me.value ??= await ask("/v1/whoami");
    const [answer, frozen] = await Promise.all([allEnvironments(), ask("/v1/freezes", { limit: "100" })]);
    if (JSON.stringify(freezes.value) !== JSON.stringify(frozen.freezes)) freezes.value = frozen.freezes;
    const state = JSON.stringify(answer.environments);
    now.value = Date.parse(answer.at);
    if (state !== newest || environments.value === null) environments.value = answer.environments;
    newest = state;
    loadedAt.value = Date.now();
    failure.value = null;
  } catch (error) {
    failed(error);
  }
}

/** Asks now, every 15 seconds and when the reader comes back, and reads the history again when an environment has something new. */
export function start(): void {
  void findSession();
  effect(() => {
    if (signedIn.value !== true) return undefined;
    untracked(() => void poll());
    const again = () => void poll();
    const timer = setInterval(again, POLL_MS);
    addEventListener("focus", again);
    addEventListener("online", again);
    return () => {
      clearInterval(timer);
      removeEventListener("focus", again);
      removeEventListener("online", again);
    };
  });
  let key = "";
  let loads = new AbortController();
  effect(() => {
    const { shown } = columns.value;
    const { days } = address.value;
    const wanted = JSON.stringify([shown, days, environments.value]);
    if (wanted === key || shown.length === 0) return;
    key = wanted;
    loads.abort();
    loads = new AbortController();
    const { signal } = loads;
    loading.value = true;
    loadLanes(shown, days, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) failed(error);
      })
      .finally(() => {
        if (!signal.aborted) loading.value = false;
      });
  });
}

/** Announced to screen readers, and shown for a moment. */
export const notice = signal("");
export async function copy(text: string, what = "copied"): Promise<void> {
  await navigator.clipboard.writeText(text);
  notice.value = what;
  setTimeout(() => {
    notice.value = "";
  }, 2000);
}
