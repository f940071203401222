/** The release in a panel: everything of one, and its plan. */
import { X } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import type { Release } from "../../schemas/answers/release.ts";
import { duration } from "../../schemas/words/durations.ts";
import { versionsOf } from "../../schemas/words/version.ts";
import { address, close, go, mayOperate, past } from "../state.ts";
import { Refused, Time } from "./parts.tsx";
import { PlanView } from "./plan.tsx";
import { Details } from "./release.tsx";
import { useAsked } from "./use-answer.ts";

const Seen = ({ seenAt }: Pick<Release, "seenAt">) => (
  <span class="quiet">
    {seenAt == null ? (
      "? nobody looked whether it runs"
    ) : (
      <>
        seen running <Time at={seenAt} />
      </>
    )}
  </span>
);

function Ran({
  since,
  until,
  at,
}: {
  readonly since: string;
  readonly until: string | null;
  readonly at: string;
}) {
  return (
    <>
      since <Time at={since} />{" "}
      <span class="quiet">
        {until === null ? null : (
          <>
            until <Time at={until} />{" "}
          </>
        )}
        ({duration(Date.parse(until ?? at) - Date.parse(since))})
      </span>
    </>
  );
}

function Headline({ release }: { readonly release: Release }) {
  const { status, since, until, at, seenAt } = release;
  if (status !== "running") return <p>{status === "removed" ? "– Removed" : "? Nothing is known by then"}</p>;
  return (
    <p>
      <strong class="version">{versionsOf(release)}</strong>{" "}
      {since === null ? null : <Ran since={since} until={until} at={at} />}
      <br />
      <Seen seenAt={seenAt ?? null} />
    </p>
  );
}

function Actions({ release }: { readonly release: Release }) {
  const { environment, service, until } = release;
  const isOver = until !== null;
  return (
    <p class="actions">
      <button
        type="button"
        class="primary"
        onClick={() =>
          go({ plan: isOver && past.value !== undefined ? { at: release.at } : { last: "good" } })
        }
      >
        {isOver ? "Run this again" : "Undo: plan the release before"}
      </button>{" "}
      <button type="button" onClick={() => go({ view: "why", place: { environment, service } })}>
        What changed before
      </button>
      {mayOperate.value ? null : <span class="hint"> Your role can read plans, not carry them out.</span>}
    </p>
  );
}

export function Panel({ environment, service }: { readonly environment: string; readonly service: string }) {
  const at = address.value.at === undefined ? undefined : new Date(address.value.at).toISOString();
  const { answer, isLoading, error, again } = useAsked("/v1/release", { environment, service, at });
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [environment, service]);
  const isShown = answer !== undefined && error === undefined;
  return (
    <aside class="panel" aria-label={`${service} in ${environment}`} aria-busy={isLoading}>
      <header>
        <h2 tabIndex={-1} ref={heading}>
          {service} <span class="quiet">· {environment}</span>
        </h2>
        <button type="button" class="icon" aria-label="Close" onClick={close}>
          <X size={16} aria-hidden="true" />
        </button>
      </header>
      <div class={isLoading ? "dimmed" : ""}>
        {error === undefined ? null : <Refused error={error} again={again} />}
        {isShown ? (
          <>
            <Headline release={answer} />
            {address.value.plan === undefined ? (
              <>
                <Actions release={answer} />
                <Details release={answer} />
              </>
            ) : (
              <PlanView environment={environment} service={service} choices={address.value.plan} />
            )}
          </>
        ) : error === undefined ? (
          <p class="empty">Loading …</p>
        ) : null}
      </div>
    </aside>
  );
}
