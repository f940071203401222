/** The bar: views, the moment that is shown, and settings. Violet: the past. */
import { CircleHelp, Clock, LogOut, SunMoon } from "lucide-preact";
import { hrefOf, type View } from "../address.ts";
import { localInput, moment, utc, zoneName } from "../format.ts";
import { address, failure, go, loadedAt, mayExport, me, now, past, signOut, time } from "../state.ts";

const NAMES: readonly (readonly [View, string])[] = [
  ["matrix", "Matrix"],
  ["why", "What changed"],
  ["timeline", "Timeline"],
  ["delivery", "Delivery"],
  ["audit", "Audit"],
  ["health", "Health"],
];

type Setting = "scheme" | "vision";

function choose(name: Setting, value: string): void {
  if (value === "") localStorage.removeItem(`asof.${name}`);
  else localStorage.setItem(`asof.${name}`, value);
  dispatchEvent(new Event("asof.theme"));
}

/** A setting of this browser; its first value is the system's. */
const Choice = ({
  label,
  name,
  values,
}: {
  label: string;
  name: Setting;
  values: Record<string, string>;
}) => (
  <label>
    {label}
    <select
      value={localStorage.getItem(`asof.${name}`) ?? ""}
      onChange={(event) => choose(name, event.currentTarget.value)}
    >
      <option value="">system</option>
      {Object.entries(values).map(([value, shown]) => (
        <option key={value} value={value}>
          {shown}
        </option>
      ))}
    </select>
  </label>
);

const Settings = () => (
  <div id="settings" popover="auto" class="popover">
    <Choice label="Colours" name="scheme" values={{ light: "light", dark: "dark" }} />
    <Choice
      label="Vision"
      name="vision"
      values={{ normal: "normal", contrast: "high contrast", colorblind: "colour-blind" }}
    />
    <p class="hint">{me.value === null ? "" : `${me.value.name}, role ${me.value.role}`}</p>
    <button type="button" onClick={signOut}>
      <LogOut size={14} aria-hidden="true" /> Sign out
    </button>
  </div>
);

function Offline() {
  const refused = failure.value;
  if (refused === null || refused.status === 401) return null;
  const shown = loadedAt.value === null ? "Nothing was loaded yet" : moment(loadedAt.value, now.value);
  return (
    <p class="offline" role="alert">
      {refused.status === 403 ? refused.message : ["!", refused.message, "As of", shown].join(" ")}
      {refused.status === 403 ? "" : ", retrying."}
    </p>
  );
}

export function Bar() {
  const shown = time.value;
  return (
    <>
      <header class={past.value === undefined ? "bar" : "bar bar-past"}>
        <a
          class="brand"
          href={hrefOf({ ...address.value, view: "matrix", place: undefined, plan: undefined })}
        >
          asof
        </a>
        <nav aria-label="Views">
          {NAMES.filter(([view]) => view !== "audit" || mayExport.value).map(([view, name]) => (
            <a
              key={view}
              href={hrefOf({ ...address.value, view, plan: undefined })}
              aria-current={address.value.view === view ? "page" : undefined}
            >
              {name}
            </a>
          ))}
        </nav>
        <div class="when">
          {past.value === undefined ? (
            <span title={utc(shown)}>
              now{" "}
              <span class="quiet">
                · {moment(shown, now.value)} {zoneName(shown)}
              </span>
            </span>
          ) : (
            <span title={utc(shown)}>
              <Clock size={14} aria-hidden="true" /> <span class="prose">you look at </span>
              <strong>{moment(shown, now.value)}</strong>{" "}
              <button type="button" class="link" onClick={() => go({ at: undefined })}>
                back to now
              </button>
            </span>
          )}
          <input
            id="time"
            type="datetime-local"
            aria-label="Time to look at"
            value={localInput(shown)}
            max={localInput(now.value)}
            onChange={(event) => {
              const ms = new Date(event.currentTarget.value).getTime();
              if (!Number.isNaN(ms)) go({ at: Math.min(ms, now.value) });
            }}
          />
        </div>
        <button
          type="button"
          class="icon"
          aria-label="Keys"
          onClick={() => {
            const found = document.getElementById("keys");
            if (found instanceof HTMLDialogElement) found.showModal();
          }}
        >
          <CircleHelp size={16} aria-hidden="true" />
        </button>
        <button type="button" class="icon" popovertarget="settings" aria-label="Settings">
          <SunMoon size={16} aria-hidden="true" />
        </button>
        <Settings />
      </header>
      <Offline />
    </>
  );
}
