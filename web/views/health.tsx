/** Health: who reports, who fell silent, what is quarantined, what is frozen, and how to connect a sender. */

import { useRef, useState } from "preact/hooks";
import type { Quarantine } from "../../schemas/answers/quarantine.ts";
import { age } from "../../schemas/words/durations.ts";
import { byText } from "../../schemas/words/ordering.ts";
import { ApiError, discardQuarantined, retryQuarantined } from "../api.ts";
import { sendersOf } from "../connect.ts";
import { environments, mayRetry } from "../state.ts";
import { Command, Refused, Time } from "./parts.tsx";
import { useAsked } from "./use-answer.ts";

const POLL_MS = 15_000;

type Item = Quarantine["entries"][number];

function SourceTable() {
  const { answer, error, again } = useAsked("/v1/sources", { limit: "100" }, POLL_MS);
  const first = useRef<ReadonlySet<string>>();
  if (error !== undefined) return <Refused error={error} again={again} />;
  if (answer === undefined) return <p class="empty">Loading …</p>;
  first.current ??= new Set(answer.sources.map(({ source }) => source));
  const sorted = [...answer.sources].sort((a, b) => byText(b.lastRecordedAt, a.lastRecordedAt));
  return (
    <>
      {sorted.length === 0 ? (
        <p class="empty">
          ◐ Waiting for the first event. Connect a sender below; it ticks here when it reports.
        </p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>source</th>
                <th>last heard</th>
                <th class="number">today</th>
                <th class="number">7 days</th>
                <th>state</th>
              </tr>
            </thead>
            <tbody>
              {sorted.map((one) => {
                const { silent = false, usualPauseS: usual } = one;
                return (
                  <tr key={one.source} class={silent ? "hatched" : ""}>
                    <td>
                      <code>{one.source}</code>
                    </td>
                    <td>
                      <Time at={one.lastRecordedAt} ago />
                    </td>
                    <td class="number" data-unit="today,">
                      {one.facts.today}
                    </td>
                    <td class="number" data-unit="in 7 days">
                      {one.facts.week}
                    </td>
                    <td>
                      {silent ? (
                        <span class="quiet">
                          ? silent
                          {usual === undefined ? "" : `, its longest usual pause is ${age(usual * 1000)}`}
                        </span>
                      ) : first.current?.has(one.source) === false ? (
                        <strong>✓ new</strong>
                      ) : (
                        "reports"
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

/** One quarantined item, and for whoever may do it: take it again, or discard it with a reason. */
function Quarantined({ item, changed }: { readonly item: Item; readonly changed: () => void }) {
  const { key, at, why, reason, door, reportedBy } = item;
  const [said, setSaid] = useState("");
  const act = (doing: Promise<unknown>) =>
    doing.then(changed, (error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
      setSaid(error.message);
    });
  return (
    <li>
      <Time at={at} /> <strong>{why}</strong> {reason}{" "}
      <span class="quiet">
        {door}, reported by {reportedBy}
      </span>{" "}
      {mayRetry.value ? (
        <>
          <button type="button" class="link" onClick={() => void act(retryQuarantined(key))}>
            take it again
          </button>{" "}
          <details class="inline">
            <summary>discard …</summary>
            <form
              onSubmit={(event) => {
                event.preventDefault();
                const because = new FormData(event.currentTarget).get("reason");
                if (typeof because === "string") void act(discardQuarantined(key, because));
              }}
            >
              <label>
                Reason, for the log <input name="reason" required maxLength={500} />
              </label>{" "}
              <button type="submit" class="danger">
                Discard
              </button>
            </form>
          </details>
        </>
      ) : null}
      {said === "" ? null : (
        <span class="tone-bad" role="alert">
          {" "}
          ✗ {said}
        </span>
      )}
    </li>
  );
}

function QuarantineList() {
  const { answer, error, again } = useAsked("/v1/quarantine", { limit: "100" }, POLL_MS);
  if (error !== undefined) return <Refused error={error} again={again} />;
  if (answer === undefined) return <p class="empty">Loading …</p>;
  if (answer.entries.length === 0) return <p class="quiet">Nothing is quarantined.</p>;
  return (
    <>
      <p class="tone-warn">
        ! {answer.entries.length}
        {answer.next === null ? "" : " and more"} quarantined: refused, and kept until somebody decides
      </p>
      <ul class="plain">
        {answer.entries.map((item) => (
          <Quarantined key={item.key} item={item} changed={again} />
        ))}
      </ul>
    </>
  );
}

function Freezes() {
  const { answer, error, again } = useAsked("/v1/freezes", { limit: "100" }, POLL_MS);
  if (error !== undefined) return <Refused error={error} again={again} />;
  if (answer?.freezes.length === 0) return <p class="quiet">Nothing is frozen.</p>;
  return (
    <ul class="plain">
      {(answer?.freezes ?? []).map((one) => (
        <li key={`${one.environment} ${one.service ?? ""} ${one.since}`} class="frozen">
          * <strong>{one.service ?? "everything"}</strong> in {one.environment} {one.status} from{" "}
          <Time at={one.since} />
          {one.until === null ? (
            ""
          ) : (
            <>
              {" "}
              until <Time at={one.until} />
            </>
          )}
          : {one.reason ?? "no reason given"} <span class="quiet">{one.by ?? ""}</span>
        </li>
      ))}
    </ul>
  );
}

const Places = () => (
  <ul class="plain">
    {(environments.value ?? []).map(({ environment, running, services, silentSince }) => (
      <li key={environment}>
        <strong>{environment}</strong> {running} of {services} running{" "}
        <span class="quiet">
          newest fact {silentSince === null ? "never" : <Time at={silentSince} ago />}
        </span>
      </li>
    ))}
  </ul>
);

export const Health = () => (
  <main class="page">
    <h1>Health</h1>
    <Places />
    <h2>Sources</h2>
    <SourceTable />
    <h2>Quarantine</h2>
    <QuarantineList />
    <h2>Freezes</h2>
    <Freezes />
    <h2>Connect</h2>
    {sendersOf(location.origin).map(({ name, where, settings }) => (
      <details key={name}>
        <summary>{name}</summary>
        <p class="hint">{where}</p>
        <Command text={settings} what={`settings of ${name}`} />
      </details>
    ))}
  </main>
);
