/** The plan in the panel: what stops it, what can be chosen, its steps, and its course once it is requested. */
import { useRef, useState } from "preact/hooks";
import type { Plan } from "../../schemas/plan.ts";
import type { RedeploymentList } from "../../schemas/redeployment.ts";
import { choicesFor } from "../../schemas/words/choices.ts";
import { shortCommit, shortDigest, shortRevision } from "../../schemas/words/ids.ts";
import { versionsOf } from "../../schemas/words/version.ts";
import { ApiError, cancelRedeployment, requestRedeployment } from "../api.ts";
import { requestOf } from "../plan-choices.ts";
import { go, mayOperate } from "../state.ts";
import { Command, Fact, Out, Refused, Time } from "./parts.tsx";
import { useAsked } from "./use-answer.ts";

type Choices = Readonly<Record<string, string>>;

function Blockers({ plan, choices }: { readonly plan: Plan; readonly choices: Choices }) {
  return (
    <>
      {plan.blockers.map(({ code, message }) => (
        <div key={`${code} ${message}`} class="blocker">
          <p>
            <span class="tone-bad">✗ {code.replaceAll("_", " ")}</span>
            <br />
            {message}
          </p>
          {choicesFor(code, plan).map(({ label, sets }) => (
            <button key={label} type="button" onClick={() => go({ plan: { ...choices, ...sets } })}>
              {label}
            </button>
          ))}
        </div>
      ))}
    </>
  );
}

const Steps = ({ plan }: { readonly plan: Plan }) => (
  <ol class="steps">
    {plan.steps.map(({ n, title, why, commands }) => (
      <li key={n}>
        <strong>{title}</strong>
        <p class="quiet">{why}</p>
        {commands.map(({ shell }) => (
          <Command key={shell} text={shell} what={`command of step ${n}`} />
        ))}
        {commands.length === 0 ? <p class="hint">Done by hand.</p> : null}
      </li>
    ))}
  </ol>
);

/** From what to what. */
function Summary({ plan }: { readonly plan: Plan }) {
  const { target, current, components, commits, config, schema } = plan;
  return (
    <>
      <h3>
        {versionsOf(current)} → {target === null ? "the release" : versionsOf(target)}{" "}
        {target?.since == null ? null : (
          <span class="quiet">
            ran from <Time at={target.since} />
          </span>
        )}
      </h3>
      <p>
        {plan.status === "ready" ? (
          <strong>Ready</strong>
        ) : (
          <strong class="tone-bad">✗ Blocked by {plan.blockers.length}</strong>
        )}
      </p>
      <dl class="facts">
        {components.map(({ component, variant, from, to }) => (
          <Fact key={`${component} ${variant ?? ""}`} name={components.length === 1 ? "image" : component}>
            <code>
              {from === null ? "?" : shortDigest(from)} → {to === null ? "?" : shortDigest(to)}
            </code>
          </Fact>
        ))}
        {commits.compareUrl === null ? null : (
          <Fact name="commit">
            <Out href={commits.compareUrl}>
              <code>
                {shortCommit(commits.from?.sha ?? "?")} → {shortCommit(commits.to?.sha ?? "?")}
              </code>
            </Out>
          </Fact>
        )}
        {config.map(({ from, to, compareUrl }) => (
          <Fact key={to?.path ?? from?.path ?? ""} name="config">
            <Out href={compareUrl}>
              <code>
                {shortRevision(from?.revision ?? "?")} → {shortRevision(to?.revision ?? "?")}
              </code>
            </Out>
          </Fact>
        ))}
        <Fact name="schema">
          {schema.choice}
          {schema.revert.length === 0 ? "" : `, ${schema.revert.length} migrations to revert`}
        </Fact>
      </dl>
    </>
  );
}

/** Asks for a reason, and requests the redeployment. */
function Confirm({
  plan,
  choices,
  done,
}: {
  readonly plan: Plan;
  readonly choices: Choices;
  readonly done: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [refused, setRefused] = useState("");
  const send = async (reason: string) => {
    try {
      await requestRedeployment(requestOf(plan, choices, reason));
      dialog.current?.close();
      done();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setRefused(error.message);
    }
  };
  return (
    <>
      <button type="button" class="danger" onClick={() => dialog.current?.showModal()}>
        Redeploy …
      </button>
      <dialog ref={dialog} aria-labelledby="confirm-title">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const reason = new FormData(event.currentTarget).get("reason");
            if (typeof reason === "string") void send(reason);
          }}
        >
          <h2 id="confirm-title">
            Redeploy {plan.service} in {plan.environment}?
          </h2>
          <p>
            {plan.components.map(({ component, from, to }) => (
              <span key={component}>
                {component}: <code>{from === null ? "?" : shortDigest(from)}</code> →{" "}
                <code>{to === null ? "?" : shortDigest(to)}</code>{" "}
              </span>
            ))}
          </p>
          <label for="reason">Reason, for the history</label>
          <input id="reason" name="reason" required maxLength={1024} />
          {refused === "" ? null : (
            <p class="tone-bad" role="alert">
              ✗ {refused}
            </p>
          )}
          <p class="actions">
            <button type="submit" class="danger">
              Redeploy
            </button>{" "}
            <button type="button" onClick={() => dialog.current?.close()}>
              Not now
            </button>
          </p>
        </form>
      </dialog>
    </>
  );
}

type Redeployment = RedeploymentList["redeployments"][number];

function Course({ one, again }: { readonly one: Redeployment; readonly again: () => void }) {
  const isOver = one.endedAt !== null || !["requested", "started"].includes(one.status);
  const tone = one.status === "succeeded" ? "" : isOver ? "tone-bad" : "tone-busy";
  return (
    <div class="course" role="status">
      <p>
        <strong class={tone}>
          {isOver ? (one.status === "succeeded" ? "" : "✗ ") : "◐ "}
          redeployment {one.status}
        </strong>{" "}
        <span class="quiet">
          by {one.requestedBy ?? "somebody"}, <Time at={one.requestedAt} />
        </span>
        <br />
        {one.reason} {one.why ?? ""} <Out href={one.url}>{one.url === null ? "" : "progress"}</Out>
      </p>
      {isOver || !mayOperate.value ? null : (
        <button
          type="button"
          onClick={() => {
            cancelRedeployment(one.id, "cancelled in the page").then(again, again);
          }}
        >
          Cancel it
        </button>
      )}
    </div>
  );
}

const POLL_MS = 5000;

export function PlanView({
  environment,
  service,
  choices,
}: {
  readonly environment: string;
  readonly service: string;
  readonly choices: Choices;
}) {
  const {
    answer: plan,
    isLoading,
    error,
    again,
  } = useAsked("/v1/plan", { environment, service, ...choices });
  const course = useAsked("/v1/redeployments", { environment, service, limit: "1" }, POLL_MS);
  const [newest] = course.answer?.redeployments ?? [];
  return (
    <section aria-label="Plan" aria-busy={isLoading} class={isLoading ? "dimmed" : ""}>
      <p>
        <button type="button" class="link" onClick={() => go({ plan: undefined })}>
          ← the release
        </button>
      </p>
      {newest === undefined ? null : <Course one={newest} again={course.again} />}
      {error === undefined ? null : <Refused error={error} again={again} />}
      {plan === undefined || error !== undefined ? null : (
        <>
          <Summary plan={plan} />
          <Blockers plan={plan} choices={choices} />
          {plan.warnings.map(({ code, message }) => (
            <p key={`${code} ${message}`} class="tone-warn">
              ! {message}
            </p>
          ))}
          <Steps plan={plan} />
          {plan.status === "ready" && mayOperate.value ? (
            <Confirm plan={plan} choices={choices} done={course.again} />
          ) : null}
        </>
      )}
    </section>
  );
}
