/** The release in a panel: everything of one, and its plan. */
import { X } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import type { Release, ReleasedComponent } from "../../schemas/release.ts";
import { duration } from "../../schemas/words/durations.ts";
import { shortCommit, shortDigest } from "../../schemas/words/ids.ts";
import { compared, rowAt, versionOf } from "../lanes.ts";
import { address, columns, go, lanes, mayOperate, past, time } from "../state.ts";
import { useAsked } from "./asked.ts";
import { CopyButton, Fact, Out, Refused, Time } from "./parts.tsx";
import { PlanView } from "./plan.tsx";

const AVAILABLE: Record<ReleasedComponent["availability"], string> = {
  available: "in its registry",
  archived: "archived: restore it before it can run",
  deleted: "✗ gone from its registry",
  unknown: "? not known whether its registry has it",
};

const Component = ({ one, only }: { readonly one: ReleasedComponent; readonly only: boolean }) => (
  <>
    <Fact name={only ? "image" : one.component}>
      {one.image === null ? (
        <span class="quiet">? unresolved, {one.candidates.length} candidates</span>
      ) : (
        <>
          <code title={one.image}>
            {one.repository}@{shortDigest(one.digest ?? "")}
          </code>{" "}
          <CopyButton text={one.image} what="image" />
        </>
      )}
      <br />
      <span class={one.availability === "deleted" ? "tone-bad" : "quiet"}>{AVAILABLE[one.availability]}</span>
    </Fact>
    {one.commit === null ? null : (
      <Fact name={only ? "commit" : ""}>
        <Out
          href={
            one.commit.repository === undefined ? null : `${one.commit.repository}/commit/${one.commit.sha}`
          }
        >
          <code>{shortCommit(one.commit.sha)}</code>
        </Out>{" "}
        <CopyButton text={one.commit.sha} what="commit" />
        {one.build === null ? null : (
          <>
            {" · "}
            <Out href={one.build.url}>build</Out>
          </>
        )}
      </Fact>
    )}
  </>
);

function Migrations({ migrations }: { readonly migrations: Release["migrations"] }) {
  if (migrations === "unknown") return <Fact name="schema">? not known</Fact>;
  return (
    <>
      {migrations.map((one) => (
        <Fact key={`${one.database} ${one.version}`} name="schema">
          {one.database} <code>{one.version ?? one.status}</code>
          <br />
          <span class={one.failed === undefined ? "quiet" : "tone-bad"}>
            {one.failed === undefined
              ? [
                  one.tool,
                  one.reversible === true
                    ? "can be reverted"
                    : one.reversible === false
                      ? "NOT reversible"
                      : undefined,
                ]
                  .filter((part) => part !== undefined)
                  .join(" · ")
              : `✗ ${one.failed.version} failed`}
          </span>
        </Fact>
      ))}
    </>
  );
}

/** Where else it runs, by what the page holds already. */
function Elsewhere({ environment, service }: { readonly environment: string; readonly service: string }) {
  const own = rowAt(lanes.value.get(environment)?.get(service), time.value);
  const others = columns.value.shown.filter(
    (one) => one !== environment && lanes.value.get(one)?.has(service),
  );
  if (others.length === 0) return null;
  return (
    <Fact name="elsewhere">
      {others.map((other) => {
        const row = rowAt(lanes.value.get(other)?.get(service), time.value);
        const isSame = compared(row, own) === "same";
        return (
          <div key={other}>
            <button type="button" class="link" onClick={() => go({ place: { environment: other, service } })}>
              {other}
            </button>{" "}
            {isSame ? (
              <span class="quiet">= the same</span>
            ) : (
              <span class="tone-warn">
                ≠ {row?.status === "running" ? versionOf(row.release) : (row?.status ?? "unknown")}
              </span>
            )}
          </div>
        );
      })}
    </Fact>
  );
}

function Evidence({ evidence, deployedBy }: Pick<Release, "evidence" | "deployedBy">) {
  const approvals = evidence.filter(({ verdict }) => verdict !== undefined);
  return (
    <Fact name="who">
      {deployedBy ?? "somebody unknown"} deployed
      {approvals.length === 0 ? <span class="quiet">, nobody approved</span> : null}
      {evidence.map((one) => (
        <div key={`${one.fact.source} ${one.fact.id}`}>
          <Out href={one.url}>
            {one.type} {one.verdict ?? ""}
          </Out>{" "}
          <span class="quiet">
            {one.by ?? ""} <Time at={one.at} />
          </span>
        </div>
      ))}
    </Fact>
  );
}

function Doubts({ drift, attempt }: Pick<Release, "drift" | "attempt">) {
  return (
    <>
      {drift === null ? null : (
        <p class="tone-warn">
          ! Something else runs than was deployed, seen <Time at={drift.observedAt} />
        </p>
      )}
      {attempt === null ? null : (
        <p class={attempt.status === "failed" ? "tone-bad" : "tone-busy"}>
          {attempt.status === "failed"
            ? "✗ A deployment failed, started "
            : "◐ A deployment is in progress since "}
          <Time at={attempt.startedAt} /> {attempt.reason ?? ""}{" "}
          <Out href={attempt.url}>{attempt.url === null ? "" : "log"}</Out>
        </p>
      )}
    </>
  );
}

function Details({ release }: { readonly release: Release }) {
  const { components, config, owner, contact, warnings, drift, attempt, facts, cluster, namespace } = release;
  return (
    <>
      <dl class="facts">
        {components.map((one) => (
          <Component key={`${one.component} ${one.variant ?? ""}`} one={one} only={components.length === 1} />
        ))}
        {config.map((one) => (
          <Fact key={`${one.repository ?? ""} ${one.path ?? ""}`} name="config">
            <Out
              href={
                one.repository === undefined
                  ? null
                  : `${one.repository}/blob/${one.revision}/${one.path ?? ""}`
              }
            >
              {one.path ?? one.repository} <code>{shortCommit(one.revision)}</code>
            </Out>
          </Fact>
        ))}
        <Migrations migrations={release.migrations} />
        <Evidence evidence={release.evidence} deployedBy={release.deployedBy} />
        {owner === null ? null : (
          <Fact name="call">
            {contact ?? owner} {contact === null ? null : <span class="quiet">({owner})</span>}
          </Fact>
        )}
        {cluster === null ? null : (
          <Fact name="cluster">
            {cluster}
            {namespace === null ? "" : ` / ${namespace}`}
          </Fact>
        )}
        <Elsewhere environment={release.environment} service={release.service} />
      </dl>
      <Doubts drift={drift} attempt={attempt} />
      {warnings.map(({ code, message }) => (
        <p key={message} class="tone-warn" title={code}>
          ! {message}
        </p>
      ))}
      <details>
        <summary>Raw facts ({facts.length})</summary>
        <ul class="plain">
          {facts.map(({ source, id }) => (
            <li key={`${source} ${id}`}>
              <code>
                {source} {id}
              </code>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

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
  const version = versionOf({
    owner: null,
    components: release.components.map((one) => ({ ...one, commit: one.commit?.sha ?? null })),
  });
  return (
    <p>
      <strong class="version">{version}</strong>{" "}
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
  const close = () => {
    document
      .querySelector<HTMLElement>(
        `[data-environment="${CSS.escape(environment)}"][data-service="${CSS.escape(service)}"]`,
      )
      ?.focus();
    go({ place: undefined, plan: undefined });
  };
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
