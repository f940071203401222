/** Audit: every change of a period, who approved it, and what the controls find. For whoever may export the history. */

import { useState } from "preact/hooks";
import type { AuditChange, Audit as Report } from "../../schemas/answers/audit.ts";
import { broughtBy } from "../../schemas/words/changes.ts";
import { counted } from "../../schemas/words/counted.ts";
import { hrefOf } from "../address.ts";
import { address, columns } from "../state.ts";
import { Command, Out, Refused, Time } from "./parts.tsx";
import { PlaceAndDays, spanOf } from "./period.tsx";
import { useAsked } from "./use-answer.ts";

type Control = Report["controls"][number];

/** The controls: each chooses the changes that it finds. */
function Controls({
  controls,
  chosen,
  choose,
}: {
  readonly controls: readonly Control[];
  readonly chosen: string | undefined;
  readonly choose: (control: string | undefined) => void;
}) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th class="number">changes</th>
            <th>control</th>
            <th>what it finds</th>
          </tr>
        </thead>
        <tbody>
          {controls.map(({ control, title, count }) => (
            <tr key={control} class={count === 0 ? "quiet" : ""}>
              <td class="number">{count}</td>
              <td>
                {count === 0 ? (
                  control
                ) : (
                  <button
                    type="button"
                    class="link"
                    aria-pressed={chosen === control}
                    onClick={() => choose(chosen === control ? undefined : control)}
                  >
                    {control}
                  </button>
                )}
              </td>
              <td>{title}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What became of an exception. */
function Outcome({ outcome }: { readonly outcome: NonNullable<AuditChange["outcome"]> | null }) {
  if (outcome === null) return null;
  if (outcome.state === "reviewed")
    return (
      <span title={outcome.comment}>
        {outcome.verdict} <span class="quiet">{outcome.by ?? "unknown"}</span>
      </span>
    );
  return (
    <span class={outcome.state === "overdue" ? "tone-warn" : "quiet"}>
      {outcome.state === "overdue" ? "! overdue since " : "open until "}
      <Time at={outcome.due} />
    </span>
  );
}

const Row = ({ change, environment }: { readonly change: AuditChange; readonly environment: string }) => (
  <tr>
    <td class="number">{change.n}</td>
    <td>
      {change.service === null ? (
        <Time at={change.at} />
      ) : (
        <a
          href={hrefOf({
            ...address.value,
            view: "matrix",
            at: Date.parse(change.at),
            place: { environment, service: change.service },
          })}
        >
          <Time at={change.at} />
        </a>
      )}
    </td>
    <td>{change.kind}</td>
    <td>
      <strong>{change.service ?? "everything here"}</strong> <Out href={change.url}>{broughtBy(change)}</Out>
    </td>
    <td>{change.by ?? ""}</td>
    <td>
      {change.approvals.map((one) => (
        <div key={`${one.fact.source} ${one.fact.id}`}>
          <Out href={one.url}>{one.by ?? "unknown"}</Out>
          {one.isBefore ? "" : <span class="tone-warn"> ! afterwards</span>}
        </div>
      ))}
    </td>
    <td>
      {change.findings.map(({ control, message }) => (
        <div key={`${control} ${message}`} title={message}>
          <span class="tone-warn">! {control}</span> <span class="quiet">{message}</span>
        </div>
      ))}
    </td>
    <td>
      <Outcome outcome={change.outcome ?? null} />
    </td>
  </tr>
);

/** Rows that are drawn; a report may have many thousands. */
const MOST = 500;

function Changes({ report, chosen }: { readonly report: Report; readonly chosen: string | undefined }) {
  const found = report.changes.filter(
    ({ findings }) => chosen === undefined || findings.some(({ control }) => control === chosen),
  );
  if (found.length === 0) return <p class="quiet">Nothing is known to have changed in this time.</p>;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th class="number">#</th>
            <th>when</th>
            <th>what</th>
            <th>service</th>
            <th>by</th>
            <th>approved by</th>
            <th>findings</th>
            <th>review</th>
          </tr>
        </thead>
        <tbody>
          {found.slice(0, MOST).map((change) => (
            <Row key={change.n} change={change} environment={report.environment} />
          ))}
        </tbody>
      </table>
      {found.length > MOST ? (
        <p class="quiet">
          The first {MOST} of {found.length} are shown; the document below has them all.
        </p>
      ) : null}
    </div>
  );
}

const Coverage = ({ coverage, gaps }: Pick<Report, "coverage" | "gaps">) => (
  <ul class="plain">
    {coverage.map(({ source, days, longestPauseDays, silent, last }) => (
      <li key={source}>
        <code>{source}</code> reported on {counted(days.length, "day")}
        {longestPauseDays === 0 ? (
          ""
        ) : (
          <span class="quiet">, longest pause {counted(longestPauseDays, "day")}</span>
        )}
        {(silent === true || days.length === 0) && last !== undefined ? (
          <span class="tone-warn">
            {" "}
            ! silent since <Time at={last} />
          </span>
        ) : null}
      </li>
    ))}
    {gaps.map(({ provider, instance, service, missing }) => (
      <li key={`${provider} ${instance} ${service}`} class="tone-warn">
        ! {provider} {instance} {service} did not report {missing.join(", ")}
      </li>
    ))}
  </ul>
);

/** The gate's policy in the period: the one in force at the beginning, and each later one. */
const Policies = ({ policies = [], changes }: Pick<Report, "policies" | "changes">) => (
  <ul class="plain">
    {policies.map(({ since, sha256, rules }) => (
      <li key={sha256 + since}>
        since <Time at={since} />:{" "}
        {rules.length === 0
          ? "nothing is required here"
          : rules.map(({ require }) => require.join(", ")).join("; ")}{" "}
        <code>{sha256.slice(0, 12)}</code>
      </li>
    ))}
    {policies.length === 0 ? <li class="quiet">None is recorded in this time.</li> : null}
    {changes.some(({ policy }) => policy?.assumed === true) ? (
      <li class="tone-warn">! Some changes are judged by a policy that was recorded only after them.</li>
    ) : null}
  </ul>
);

export function Audit() {
  const { place } = address.value;
  const [chosen, choose] = useState<string>();
  const environment = place?.environment ?? columns.value.shown[0];
  const span = spanOf(address.value);
  const query = environment === undefined ? undefined : { environment, service: place?.service, ...span };
  const { answer, isLoading, error, again } = useAsked("/v1/audit", query);
  return (
    <main class="page">
      <h1>Audit</h1>
      {environment === undefined ? null : <PlaceAndDays environment={environment} />}
      {error === undefined ? null : <Refused error={error} again={again} />}
      {answer === undefined && error === undefined ? <p class="empty">Loading …</p> : null}
      {answer === undefined ? null : (
        <div class={isLoading ? "dimmed" : ""}>
          <p>
            {counted(answer.changes.length, "change")}.{" "}
            <span class="quiet">Shown is what was reported; what nobody reported is in no report.</span>
          </p>
          <Controls controls={answer.controls} chosen={chosen} choose={choose} />
          <h2>Changes{chosen === undefined ? "" : `: ${chosen}`}</h2>
          <Changes report={answer} chosen={chosen} />
          <h2>Coverage</h2>
          <Coverage coverage={answer.coverage} gaps={answer.gaps} />
          <h2>The gate's policy</h2>
          <Policies {...answer} />
          <h2>As a document</h2>
          <Command
            text={`asof audit --environment ${answer.environment} --from ${answer.from} --to ${answer.to} --known-at ${answer.knownAt} --format html > audit.html`}
          />
        </div>
      )}
    </main>
  );
}
