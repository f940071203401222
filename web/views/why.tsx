/** What changed before it broke: a time in, changes out, nearest first, each with its undo. */
import type { Change, Changes } from "../../schemas/timeline.ts";
import { duration } from "../../schemas/words/durations.ts";
import { shortCommit } from "../../schemas/words/ids.ts";
import { hrefOf } from "../address.ts";
import { localInput } from "../format.ts";
import { address, columns, go, now, time } from "../state.ts";
import { useAsked } from "./asked.ts";
import { Out, Refused, Time } from "./parts.tsx";
import { PlaceChoices } from "./period.tsx";

const GLYPHS: Partial<Record<Change["what"], string>> = {
  deployed: "▲",
  observed: "!",
  failed: "✗",
  removed: "–",
  migrated: "◆",
  reverted: "◆",
  "migration failed": "✗",
  frozen: "*",
  unfrozen: "*",
  noted: "⚙",
};
const TONES: Partial<Record<Change["what"], string>> = {
  failed: "tone-bad",
  "migration failed": "tone-bad",
  observed: "tone-warn",
};
const RELATIONS: Record<Change["relation"], string> = {
  service: "itself",
  database: "shares a database",
  owner: "same owner",
  environment: "same place",
};
const WINDOWS = ["30m", "2h", "12h", "1d", "2d", "7d", "14d"];

/** What happened, in a few words. */
function wordsOf({ what, components = [], database, version, title, commit }: Change): string {
  if (title !== undefined) return title;
  if (database !== undefined) return `${what} ${database} ${version ?? ""}`;
  const versions = [...new Set(components.map(({ tag, digest }) => tag ?? digest?.slice(7, 15) ?? ""))];
  return [what, versions.join(", "), commit === undefined ? "" : shortCommit(commit)]
    .filter((part) => part !== "")
    .join(" ");
}

const Row = ({ one }: { readonly one: Change }) => (
  <tr>
    <td class="number">{duration(one.secondsBefore * 1000)}</td>
    <td>
      <Time at={one.at} />
    </td>
    <td>
      <span class={`glyph ${TONES[one.what] ?? ""}`}>
        {one.rollback === true ? "▼" : (GLYPHS[one.what] ?? "·")}
      </span>{" "}
      <strong>{one.service ?? "everything here"}</strong> <Out href={one.url}>{wordsOf(one)}</Out>
    </td>
    <td>{one.by ?? ""}</td>
    <td class="quiet">{RELATIONS[one.relation]}</td>
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
      {answer.others === 0 ? null : (
        <p class="hint">{answer.others} other changes have nothing to do with it.</p>
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
