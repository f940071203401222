/** The audit report as one HTML file, to be printed or sent: no script, nothing from elsewhere. */
import { html, raw } from "hono/html";
import type { Audit, AuditChange } from "../../schemas/answers/audit.ts";
import { broughtBy } from "../../schemas/words/changes.ts";
import type { Times } from "../ask/words-for.ts";
import { counted, shortCommit } from "../ask/words-for.ts";
import {
  approversOf,
  assumedUntil,
  isQuietAtEnd,
  type Made,
  outcomesOf,
  rulesOf,
  silentWords,
} from "./text.ts";

const STYLE = `
body { font: 13px/20px system-ui, sans-serif; color: #1f2328; max-width: 1100px; margin: 32px auto; padding: 0 16px; font-variant-numeric: tabular-nums; }
h1 { font-size: 22px; line-height: 28px; margin: 0 0 8px; } h2 { font-size: 15px; margin: 32px 0 8px; } h3 { font-size: 13px; margin: 0; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: 4px 12px 4px 0; border-bottom: 1px solid #d1d9e0; }
th { font-weight: 600; } .number { text-align: right; } .quiet { color: #59636e; } code { font: 12px/20px ui-monospace, Menlo, monospace; }
.found { color: #9a6700; font-weight: 600; } dl { display: grid; grid-template-columns: 160px 1fr; gap: 0 12px; margin: 8px 0; } dt { color: #59636e; } dd { margin: 0; overflow-wrap: anywhere; }
section.change { border-top: 1px solid #d1d9e0; padding: 12px 0; break-inside: avoid; }
@media print { body { margin: 0; max-width: none; } section.sampled { break-before: page; } a { color: inherit; text-decoration: none; } }
`;

type Html = ReturnType<typeof html>;

/** What a browser may open safely. */
const link = (url: string | null, text: string): Html | string =>
  url !== null && /^https?:\/\//.test(url) ? html`<a href="${url}">${text}</a>` : text;

const row = (name: string, value: Html | string | (Html | string)[]): Html | "" =>
  value === "" || (Array.isArray(value) && value.length === 0) ? "" : html`<dt>${name}</dt><dd>${value}</dd>`;

const time = (times: Times, at: string): Html => html`<time datetime="${at}">${times.zoned(at)}</time>`;

/** What became of an exception, in words. */
const outcomeOf = ({ outcome }: AuditChange, times: Times): Html | "" => {
  if (outcome == null) return "";
  if (outcome.state !== "reviewed")
    return html`<span class="found">${outcome.state}</span>, due ${time(times, outcome.due)}`;
  const { verdict, by, at, comment } = outcome;
  return html`${verdict} by ${by ?? "unknown"}, ${time(times, at)}: ${comment}`;
};

/** What the gate's policy of then required of a change, and what it lacked. */
const requiredOf = ({ requirements = [], policy }: AuditChange): Html[] => [
  ...requirements.map(
    ({ requirement, met, missing }) =>
      html`<div>${requirement}: ${met ? "met" : html`<span class="found">not met</span> ${missing ?? ""}`}</div>`,
  ),
  ...(policy === undefined
    ? []
    : [
        html`<div class="quiet">by the policy <code>${policy.sha256.slice(0, 12)}</code>${policy.assumed ? ", which is assumed" : ""}</div>`,
      ]),
];

function sealingSection({ sealing, from }: Audit, times: Times): Html {
  if (sealing === undefined) return html`<p>This ledger is not sealed here.</p>`;
  const { since, checkedFrom, gaps } = sealing;
  return html`<p>${gaps.length === 0 ? "No time without a seal is longer than 65 minutes." : html`${counted(gaps.length, "time")} without a seal for longer than 65 minutes:`}${since === null ? html` <span class="found">Nothing was sealed by the end of the period.</span>` : since === undefined ? "" : html` <span class="found">The first seal is of ${time(times, since)}.</span>`}${checkedFrom === from ? "" : html` <span class="found">Looked at from ${time(times, checkedFrom)} on; before, see <code>asof verify</code>.</span>`}</p>
${gaps.map((gap) => html`<div class="found">${time(times, gap.from)} to ${time(times, gap.to)}</div>`)}
<p class="quiet">That no sealed fact was altered or dropped is shown by <code>asof verify</code>, not by this document.</p>`;
}

function changeSection(change: AuditChange, times: Times, isSampled: boolean): Html | Promise<Html> {
  const { n, at, kind, service, by, commits, components, config, changes, approvals, evidence, findings } =
    change;
  const images = components.map(
    ({ component, repository, digest, tag }) =>
      html`<div>${component}: <code>${repository ?? ""}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}</code></div>`,
  );
  const requests = changes.map(
    (one) =>
      html`<div>${link(one.url, `${one.repository}#${one.number}`)} ${one.title}; written by ${one.authors.join(", ") || "unknown"}, merged by ${one.mergedBy ?? "unknown"} ${time(times, one.at)}${one.ticket === null ? "" : `; ticket ${one.ticket}`}</div>`,
  );
  const given = approvals.map(
    (one) =>
      html`<div>${one.by ?? "unknown"}${one.bot ? " (a bot)" : ""}, ${time(times, one.at)}, of the ${one.of}${one.isBefore ? "" : html`, <span class="found">after the change</span>`} ${link(one.url, "shown")}</div>`,
  );
  const shown = evidence.map(
    (one) =>
      html`<div>${one.type}: ${one.verdict ?? ""}${one.by === undefined ? "" : ` by ${one.by}`}, ${time(times, one.at)} ${link(one.url, "shown")}</div>`,
  );
  const found = findings.map(
    ({ control, message }) => html`<div><span class="found">${control}</span> ${message}</div>`,
  );
  return html`<section class="change${isSampled ? " sampled" : ""}" id="change-${n}">
<h3>#${n} ${kind} · ${service ?? ""} · ${broughtBy(change)}${isSampled ? " · sampled" : ""}</h3>
<dl>
${row("when", time(times, at))}
${row("recorded", html`${time(times, change.recordedAt)}`)}
${row("deployed by", by ?? "unknown")}
${row("images", images)}
${row(
  "commits",
  commits.map((sha) => html`<div><code>${sha}</code></div>`),
)}
${row(
  "configuration",
  config.map(
    (one) => html`<div>${one.repository} ${one.path ?? ""} <code>${shortCommit(one.revision)}</code></div>`,
  ),
)}
${row("migration", change.database === null ? "" : `${change.database} ${change.version ?? ""}`)}
${row("what", change.kind === "noted" ? (change.title ?? "") : "")}
${row("reason", change.reason ?? "")}
${row("requested", requests)}
${row("approved", given)}
${row("evidence", shown)}
${row("required", requiredOf(change))}
${row(
  "frozen",
  change.freezes.map(
    (one) =>
      html`<div>since ${time(times, one.since)} by ${one.by ?? "unknown"}: ${one.reason ?? "no reason given"}${one.letThrough ? "; an exception let it through" : ""}${one.exception === undefined ? "" : html`, made by ${one.exception.by ?? "unknown"} ${time(times, one.exception.at)}: ${one.exception.reason ?? "no reason given"}`}</div>`,
  ),
)}
${row("findings", found)}
${row("review", outcomeOf(change, times))}
${row("as reported", html`${link(change.url, "the sender's page")} <code>${change.fact.source} ${change.fact.id}</code>`)}
</dl>
</section>`;
}

const controlRows = ({ controls }: Audit): Html[] =>
  controls.map(
    ({ control, title, count, changes }) =>
      html`<tr><td>${control}</td><td>${title}</td><td class="number">${count === 0 ? count : html`<span class="found">${count}</span>`}</td><td>${changes.map((n) => html`<a href="#change-${n}">#${n}</a> `)}</td></tr>`,
  );

/** The question, as its address has it. */
const askedOf = ({ environment, service, from, to, knownAt, sample }: Audit, tz: string): string => {
  const { seed, stratify = [], changes = [] } = sample ?? {};
  const query = {
    ...{ environment, service, from, to, tz, knownAt, seed },
    ...(sample === undefined ? {} : { sample: changes.length, stratify: stratify.join(",") || undefined }),
  };
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.map(([name, value]) => `${name}=${value}`).join(" ");
};

function policySection(report: Audit, times: Times): Html {
  const { policies = [] } = report;
  const until = assumedUntil(report);
  return html`<p class="quiet">What counts as evidence of a change is decided by the policy that was in force then.${policies.length === 0 ? " No policy is recorded for this period." : ""}</p>
${until === undefined ? "" : html`<p class="found">Which policy was in force before ${until === "now" ? "now" : time(times, until)} is not recorded: changes until then are judged by the first that is.</p>`}
${policies.length === 0 ? "" : html`<table><thead><tr><th>since</th><th>required here</th><th>review of exceptions within</th><th>SHA-256 of the whole policy</th></tr></thead><tbody>${policies.map((one) => html`<tr><td>${time(times, one.since)}</td><td>${rulesOf(one.rules)}</td><td>${one.rules.flatMap(({ reviewWithinDays }) => (reviewWithinDays === undefined ? [] : [`${reviewWithinDays} days`])).join(", ")}</td><td><code>${one.sha256}</code></td></tr>`)}</tbody></table>`}`;
}

/** The report as a whole document. */
export function auditPage(report: Audit, times: Times, made: Made): string {
  const { environment, service, from, to, knownAt, settled, totals, coverage, gaps, acts, changes, sample } =
    report;
  const sampled = new Set(sample?.changes);
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Audit of ${environment}, ${from} to ${to}</title><style>${raw(STYLE)}</style></head><body>
<h1>Audit of ${service === undefined ? "" : `${service} in `}${environment}</h1>
<p>${counted(changes.length, "change")} from ${time(times, from)} to ${time(times, to)}, as known at ${time(times, knownAt)}${settled ? "" : " (not settled yet)"}.
<br><span class="quiet">Made by ${made.by}, ${time(times, made.at)}, with asof ${report.asof ?? "(unknown)"}. The same question with <code>knownAt=${knownAt}</code> has the same answer.</span>
<br><span class="quiet">Asked for: <code>${askedOf(report, made.tz)}</code>. Times without a year are of ${made.at.slice(0, 4)}.</span></p>
<h2>Controls</h2>
<table><thead><tr><th>control</th><th>what it finds</th><th class="number">changes</th><th></th></tr></thead><tbody>${controlRows(report)}</tbody></table>
<p>Exceptions: ${outcomesOf(report)}. An exception is a change that somebody has to review afterwards.</p>
<h2>The population</h2>
<table><thead><tr><th>month</th><th>service</th><th class="number">changes</th></tr></thead><tbody>${totals.map((one) => html`<tr><td>${one.month}</td><td>${one.service ?? "(no service)"}</td><td class="number">${one.changes}</td></tr>`)}<tr><th>all</th><td></td><th class="number">${totals.reduce((sum, one) => sum + one.changes, 0)}</th></tr></tbody></table>
<p class="quiet">This shows what was reported. It cannot show what nobody reported; what follows helps to judge that.</p>
<table><thead><tr><th>source</th><th class="number">days with reports</th><th class="number">longest pause, days</th><th>last heard</th><th></th></tr></thead><tbody>${coverage.map((one) => html`<tr><td><code>${one.source}</code></td><td class="number">${one.days.length}</td><td class="number">${one.longestPauseDays}</td><td>${one.last === undefined ? "" : time(times, one.last)}</td><td>${isQuietAtEnd(one) ? html`<span class="found">${silentWords(one)}</span>` : ""}</td></tr>`)}</tbody></table>
<p>${gaps.length === 0 ? "No deployer that numbers its deployments left one out." : gaps.map((one) => html`<div><span class="found">${one.provider} ${one.instance ?? ""} ${one.service ?? ""}</span> did not report ${one.missing.join(", ")}</div>`)}</p>
<h2>Sealing</h2>
${sealingSection(report, times)}
<h2>The gate's policy</h2>
${policySection(report, times)}
<h2>What people did in the ledger</h2>
<table><thead><tr><th>when</th><th>what</th><th>who</th><th>where</th><th>reason</th></tr></thead><tbody>${acts.map((one) => html`<tr><td>${time(times, one.at)}</td><td>${one.what}</td><td>${one.by ?? one.reportedBy}</td><td>${[one.environment, one.service].filter((part) => part !== null).join(" ")}</td><td>${one.detail ?? one.reason ?? ""}</td></tr>`)}</tbody></table>
${sample === undefined ? "" : html`<h2>The sample</h2><p>${counted(sample.changes.length, "change")}, drawn with the seed <code>${sample.seed}</code>: ${sample.changes.map((n) => html`<a href="#change-${n}">#${n}</a> `)}</p>`}
<h2>Each change</h2>
<table><thead><tr><th></th><th>when</th><th>what</th><th>service</th><th>brought</th><th>by</th><th>approved by</th><th>findings</th><th>review</th></tr></thead><tbody>${changes.map((one) => html`<tr><td><a href="#change-${one.n}">#${one.n}</a></td><td>${time(times, one.at)}</td><td>${one.kind}</td><td>${one.service ?? ""}</td><td>${broughtBy(one)}</td><td>${one.by ?? "unknown"}</td><td>${approversOf(one)}</td><td>${one.findings.map(({ control }) => control).join(", ")}</td><td>${outcomeOf(one, times)}</td></tr>`)}</tbody></table>
${changes.map((one) => changeSection(one, times, sampled.has(one.n)))}
</body></html>
`;
  return String(page);
}
