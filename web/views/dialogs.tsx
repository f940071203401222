/** Going to a service by name, and the list of keys. */
import { useRef, useState } from "preact/hooks";
import { KEYS } from "../keys.ts";
import { ranked } from "../search.ts";
import { columns, go, lanes, services } from "../state.ts";

const MOST = 12;

/** Moves the focus between the field and what was found. */
function moveFocus(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>("input, button")];
  const now = all.findIndex((one) => one.matches(":focus"));
  all[(now + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]?.focus();
  event.preventDefault();
}

export function GoTo() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const places = new Map<string, { readonly environment: string; readonly service: string }>(
    services.value.flatMap((service) =>
      columns.value.shown
        .filter((environment) => lanes.value.get(environment)?.has(service))
        .map((environment) => [`${environment}/${service}`, { environment, service }] as const),
    ),
  );
  const found = ranked([...places.keys()], typed).slice(0, MOST);
  const open = (name: string | undefined) => {
    const place = places.get(name ?? "");
    if (place === undefined) return;
    dialog.current?.close();
    setTyped("");
    go({ view: "matrix", plan: undefined, place });
  };
  return (
    <dialog id="go-to" ref={dialog} aria-label="Go to a service" onKeyDown={moveFocus}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          open(found[0]);
        }}
      >
        <input
          type="search"
          aria-label="Service"
          placeholder="Go to a service"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <ul class="choices">
          {found.map((name) => (
            <li key={name}>
              <button type="button" onClick={() => open(name)}>
                {name}
              </button>
            </li>
          ))}
        </ul>
        {found.length === 0 ? <p class="hint">No service of that name in these places.</p> : null}
      </form>
    </dialog>
  );
}

export const Keys = () => (
  <dialog id="keys" aria-labelledby="keys-title">
    <h2 id="keys-title">Keys</h2>
    <dl class="facts keys">
      {KEYS.map(([keys, what]) => (
        <div key={keys}>
          <dt>
            <kbd>{keys}</kbd>
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
    <form method="dialog">
      <button type="submit">Close</button>
    </form>
  </dialog>
);
