/** What changed before it broke: a time in, changes out, nearest first, each with its undo. */

import type { Change, Changes } from "../../schemas/answers/timeline.ts";
import {
  changeWords,
  isIrreversible,
  relationWords,
  signOf,
  subjectOf,
} from "../../schemas/words/changes.ts";
import { counted } from "../../schemas/words/counted.ts";
import { duration } from "../../schemas/words/durations.ts";
import { silenceWords } from "../../schemas/words/silence.ts";
import { hrefOf } from "../address.ts";
import { localInput, moment } from "../format.ts";
import { address, columns, go, now, time } from "../state.ts";
import { Out, Refused, Time } from "./parts.tsx";
import { PlaceChoices } from "./period.tsx";
import { useAsked } from "./use-answer.ts";

const RELATIONS: Partial<Record<Change["relation"], string>> = {
  service: "itself",
  environment: "same place",
};
const WINDOWS = ["30m", "2h", "12h", "1d", "2d", "7d", "14d"];

const Row = ({ one }: { readonly one: Change }) => (
  <tr>
    <td class="number">{duration(one.secondsBefore * 1000)}</td>
    <td>
      <Time at={one.at} />
    </td>
    <td>
      <span class={`glyph tone-${signOf(one).tone ?? ""}`}>{signOf(one).glyph}</span>{" "}
      <strong>{subjectOf(one) || "everything here"}</strong> <Out href={one.url}>{changeWords(one)}</Out>
    </td>
    <td>{one.by ?? ""}</td>
    <td class="quiet">
      {RELATIONS[one.relation] ?? relationWords(one)}
      {isIrreversible(one) ? <strong class="tone-bad"> NOT reversible</strong> : null}
    </td>
    <td>
      {one.undo === null ? null : (
        <a
          href={hrefOf({
            ...address.value,
            view: "matrix",
            place: { environment: one.undo.environment, service: one.undo.service },
            plan: { at: one.undo.at },
          })}
        >
          undo
        </a>
      )}
    </td>
  </tr>
);

function Question({ environment }: { readonly environment: string }) {
  const { window } = address.value;
  return (
    <div class="tools">
      <PlaceChoices environment={environment} where="It broke in" any="anything" />
      <label>
        at{" "}
        <input
          type="datetime-local"
          value={localInput(time.value)}
          max={localInput(now.value)}
          onChange={(event) => {
            const ms = new Date(event.currentTarget.value).getTime();
            if (!Number.isNaN(ms)) go({ at: ms });
          }}
        />
      </label>
      <label>
        look back{" "}
        <select value={window} onChange={(event) => go({ window: event.currentTarget.value })}>
          {[...new Set([...WINDOWS, window])].map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** Who had fallen silent by then: what it would have reported is missing. */
function Silent({ before }: { readonly before: string }) {
  const { answer } = useAsked("/v1/sources", { limit: "100", at: before });
  const silent = answer?.sources.filter((one) => one.silent === true) ?? [];
  return (
    <>
      {silent.map((one) => (
        <p key={one.source} class="hint">
          ? {silenceWords(one, moment(Date.parse(one.lastRecordedAt), now.value))}
        </p>
      ))}
    </>
  );
}

function Answer({ answer, window }: { readonly answer: Changes; readonly window: string }) {
  return (
    <>
      <p class="hint">
        Before <Time at={answer.before} />, {window} back. Near in time is a suspect, not the cause.
      </p>
      {answer.changes.length === 0 ? (
        <p class="empty">
          Nothing that concerns it was reported in that time. Look further back, or at anything.
        </p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th class="number">before</th>
                <th>at</th>
                <th>what</th>
                <th>who</th>
                <th>because</th>
                <th>undo</th>
              </tr>
            </thead>
            <tbody>
              {answer.changes.map((one) => (
                <Row key={`${one.fact.source} ${one.fact.id} ${one.version ?? ""}`} one={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Silent before={answer.before} />
      {answer.others === 0 ? null : (
        <p class="hint">{counted(answer.others, "other change")} here that nothing connects with it.</p>
      )}
      {answer.more ? <p class="hint">There were more: look back less far.</p> : null}
    </>
  );
}

export function Why() {
  const { place, at, window } = address.value;
  const environment = place?.environment ?? columns.value.shown[0];
  const before = at === undefined ? undefined : new Date(at).toISOString();
  const query =
    environment === undefined ? undefined : { environment, service: place?.service, before, window };
  const { answer, isLoading, error, again } = useAsked("/v1/changes", query);
  return (
    <main class="page">
      <h1>What changed before it broke</h1>
      {environment === undefined ? null : <Question environment={environment} />}
      {error === undefined ? null : <Refused error={error} again={again} />}
      {answer === undefined && error === undefined ? <p class="empty">Loading …</p> : null}
      {answer === undefined || error !== undefined ? null : (
        <div class={isLoading ? "dimmed" : ""}>
          <Answer answer={answer} window={window} />
        </div>
      )}
    </main>
  );
}
