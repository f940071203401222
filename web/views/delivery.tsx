/** Delivery: DORA's four numbers of a place, what each means, and the facts behind them. */

import type { Delivery as Answer } from "../../schemas/answers/delivery.ts";
import { counted } from "../../schemas/words/counted.ts";
import { duration } from "../../schemas/words/durations.ts";
import { shortCommit } from "../../schemas/words/ids.ts";
import { hrefOf } from "../address.ts";
import { address, columns } from "../state.ts";
import { Out, Refused, Time } from "./parts.tsx";
import { PlaceAndDays, spanOf } from "./period.tsx";
import { useAsked } from "./use-answer.ts";

const span = (seconds: number | null): string => (seconds === null ? "unknown" : duration(seconds * 1000));

const Figure = ({
  name,
  value,
  of,
  means,
}: {
  readonly name: string;
  readonly value: string;
  readonly of: string;
  readonly means: string | undefined;
}) => (
  <div>
    <dt>{name}</dt>
    <dd>
      <strong>{value}</strong>
      <span>{of}</span>
      <p class="hint">{means}</p>
    </dd>
  </div>
);

function Figures({ answer }: { readonly answer: Answer }) {
  const { definitions, deployments, leadTime, changeFailureRate: failures, timeToRestore: restore } = answer;
  const rate = failures.rate === null ? "unknown" : `${Math.round(failures.rate * 1000) / 10}%`;
  return (
    <dl class="figures">
      <Figure
        name="Deployment frequency"
        value={`${Math.round(deployments.perDay * 10) / 10} a day`}
        of={counted(deployments.count, "deployment")}
        means={definitions.deployments}
      />
      <Figure
        name="Lead time for changes"
        value={span(leadTime.medianS)}
        of={`${leadTime.known} known, ${leadTime.unknown} unknown`}
        means={definitions.leadTime}
      />
      <Figure
        name="Change failure rate"
        value={rate}
        of={`${failures.failed} of ${failures.of} failed`}
        means={definitions.changeFailureRate}
      />
      <Figure
        name="Time to restore"
        value={span(restore.medianS)}
        of={`${restore.restored} restored, ${restore.open} open`}
        means={definitions.timeToRestore}
      />
    </dl>
  );
}

const Incidents = ({ incidents }: Pick<Answer, "incidents">) =>
  incidents.length === 0 ? (
    <p class="quiet">No incident was told in this time: only rollbacks count.</p>
  ) : (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>began</th>
            <th>what</th>
            <th class="number">restored after</th>
          </tr>
        </thead>
        <tbody>
          {incidents.map(({ at, service, title, url, endedAt, restoreS, fact }) => (
            <tr key={`${fact.source} ${fact.id}`}>
              <td>
                <Time at={at} />
              </td>
              <td>
                <strong>{service ?? "everything here"}</strong> <Out href={url}>{title}</Out>
              </td>
              <td class="number">
                {endedAt === null ? <span class="tone-bad">✗ open</span> : span(restoreS)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );

type Point = Answer["points"][number];

const Row = ({ point, environment }: { readonly point: Point; readonly environment: string }) => (
  <tr>
    <td>
      <a
        href={hrefOf({
          ...address.value,
          view: "matrix",
          at: Date.parse(point.at),
          place: { environment, service: point.service },
        })}
      >
        <Time at={point.at} />
      </a>
    </td>
    <td>
      <span class="glyph">{point.rollback ? "▼" : "▲"}</span> <strong>{point.service}</strong>
    </td>
    <td>
      <code>{point.commit === null ? "" : shortCommit(point.commit)}</code>
    </td>
    <td class="number">{point.rollback ? "" : span(point.leadS)}</td>
    <td>
      {point.failed === null ? (
        ""
      ) : (
        <span class="tone-bad">
          ✗ {point.failed.by === "incident" ? "an incident" : "rolled back"} <Time at={point.failed.at} />
        </span>
      )}
    </td>
  </tr>
);

const Points = ({ answer }: { readonly answer: Answer }) =>
  answer.points.length === 0 ? (
    <p class="quiet">Nothing was deployed in this time. Look over more days, or at everything.</p>
  ) : (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>deployed</th>
            <th>service</th>
            <th>commit</th>
            <th class="number">lead time</th>
            <th>failed</th>
          </tr>
        </thead>
        <tbody>
          {answer.points.map((point) => (
            <Row
              key={`${point.fact.source} ${point.fact.id}`}
              point={point}
              environment={answer.environment}
            />
          ))}
        </tbody>
      </table>
    </div>
  );

export function Delivery() {
  const { place } = address.value;
  const environment = place?.environment ?? columns.value.shown[0];
  const query =
    environment === undefined
      ? undefined
      : { environment, service: place?.service, ...spanOf(address.value) };
  const { answer, isLoading, error, again } = useAsked("/v1/delivery", query);
  return (
    <main class="page">
      <h1>Delivery</h1>
      {environment === undefined ? null : <PlaceAndDays environment={environment} />}
      {error === undefined ? null : <Refused error={error} again={again} />}
      {answer === undefined && error === undefined ? <p class="empty">Loading …</p> : null}
      {answer === undefined || error !== undefined ? null : (
        <div class={isLoading ? "dimmed" : ""}>
          <Figures answer={answer} />
          <h2>Incidents</h2>
          <Incidents incidents={answer.incidents} />
          <h2>Deployments</h2>
          <Points answer={answer} />
          {answer.more ? <p class="hint">There are more; the numbers are of all.</p> : null}
        </div>
      )}
    </main>
  );
}
