/** Everything of a release: images, commits, configuration, schema, who, where else, and the facts. */
import type { AppliedMigration, Release, ReleasedComponent } from "../../schemas/answers/release.ts";
import { duration } from "../../schemas/words/durations.ts";
import { shortCommit, shortDigest, shortRevision } from "../../schemas/words/ids.ts";
import { versionsOf } from "../../schemas/words/version.ts";
import { compared, rowAt } from "../lanes.ts";
import { columns, go, lanes, time } from "../state.ts";
import { CopyButton, Fact, Out, Time } from "./parts.tsx";
import { RawFact } from "./raw-fact.tsx";
import { useAsked } from "./use-answer.ts";

const AVAILABLE: Record<ReleasedComponent["availability"], string> = {
  available: "in its registry",
  archived: "archived: restore it before it can run",
  deleted: "✗ gone from its registry",
  unknown: "? not known whether its registry has it",
};

/** The change that brought a commit, as its forge told: its title and who wrote it. */
function Change({ sha }: { readonly sha: string }) {
  const { answer } = useAsked("/v1/commit", { sha });
  const change = answer?.commits.find((one) => one.sha === sha)?.changes?.at(-1);
  if (change === undefined) return null;
  return (
    <div>
      <Out href={change.url}>{change.title}</Out> <span class="quiet">{change.authors.join(", ")}</span>
    </div>
  );
}

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
        <Change sha={one.commit.sha} />
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

const REVERSIBLE = { true: "can be reverted", false: "NOT reversible", unknown: undefined } as const;

function Migration({ one }: { readonly one: AppliedMigration }) {
  const { database, version, status, failed, tool, appliedAt, reversible = "unknown" } = one;
  const notes = [tool, REVERSIBLE[`${reversible}`]].filter((part) => part !== undefined);
  return (
    <Fact name="schema">
      {database} <code>{version ?? status}</code>
      {appliedAt === undefined ? null : (
        <span class="quiet">
          {" "}
          <Time at={appliedAt} />
        </span>
      )}
      <br />
      {failed === undefined ? (
        <span class="quiet">{notes.join(" · ")}</span>
      ) : (
        <span class="tone-bad">✗ {failed.version} failed</span>
      )}
    </Fact>
  );
}

const Migrations = ({ migrations }: { readonly migrations: Release["migrations"] }) =>
  migrations === "unknown" ? (
    <Fact name="schema">? not known</Fact>
  ) : (
    <>
      {migrations.map((one) => (
        <Migration key={`${one.database} ${one.version}`} one={one} />
      ))}
    </>
  );

/** The release that ran before, by what the page holds already. */
function Before({ environment, service, since }: Pick<Release, "environment" | "service" | "since">) {
  const rows = lanes.value.get(environment)?.get(service)?.rows ?? [];
  const began = since === null ? Number.NaN : Date.parse(since);
  const before = rows.findLast((row) => row.at < began && row.since !== null && row.since < began);
  if (before?.status !== "running" || before.since === null) return null;
  return (
    <Fact name="before">
      <button type="button" class="link" onClick={() => go({ at: began - 1 })}>
        {versionsOf({ ...before.release, status: before.status })}
      </button>{" "}
      <span class="quiet">
        from <Time at={before.since} /> ({duration(began - before.since)})
      </span>
    </Fact>
  );
}

/** What its cluster showed beside the images when somebody last looked. */
function Pods({ release: { clusterState } }: { readonly release: Release }) {
  if (clusterState === undefined) return null;
  const { ready, pods, desired = pods, obstacles = [] } = clusterState;
  return (
    <Fact name="pods">
      {ready}/{desired} ready
      {obstacles.length === 0 ? null : (
        <span class="tone-bad"> ✗ {[...new Set(obstacles.map(({ reason }) => reason))].join(", ")}</span>
      )}
    </Fact>
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
                ≠ {row === undefined ? "unknown" : versionsOf({ ...row.release, status: row.status })}
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
      {deployedBy === null ? "nobody is named as deployer" : `${deployedBy} deployed`}
      {approvals.length === 0 ? <span class="quiet">, no approval is recorded</span> : null}
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

export function Details({ release }: { readonly release: Release }) {
  const { components, config, owner, contact, warnings, drift, attempt, facts, cluster, namespace } = release;
  return (
    <>
      <Doubts drift={drift} attempt={attempt} />
      {warnings.map(({ code, message }) => (
        <p key={message} class="tone-warn" title={code}>
          ! {message}
        </p>
      ))}
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
              {one.path ?? one.repository} <code>{shortRevision(one.revision)}</code>
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
        <Pods release={release} />
        <Before environment={release.environment} service={release.service} since={release.since} />
        <Elsewhere environment={release.environment} service={release.service} />
      </dl>
      <details>
        <summary>Raw facts ({facts.length})</summary>
        {facts.map((one) => (
          <RawFact key={`${one.source} ${one.id}`} {...one} />
        ))}
      </details>
    </>
  );
}
