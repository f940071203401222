/** The audit report as a table: one line a change. */
import { stringify } from "csv-stringify/sync";
import type { Audit, AuditChange } from "../../schemas/answers/audit.ts";
import { approversOf } from "./text.ts";

const joined = (values: readonly (string | null | undefined)[]): string =>
  values.filter((value) => value != null && value !== "").join("; ");

const COLUMNS: Readonly<Record<string, (change: AuditChange) => string>> = {
  n: ({ n }) => String(n),
  time: ({ at }) => at,
  recordedAt: ({ recordedAt }) => recordedAt,
  lateSeconds: ({ lateS }) => String(lateS),
  kind: ({ kind }) => kind,
  service: ({ service }) => service ?? "",
  components: ({ components }) => joined(components.map(({ component }) => component)),
  images: ({ components }) =>
    joined(components.map(({ repository, digest }) => `${repository ?? ""}@${digest ?? ""}`)),
  tags: ({ components }) => joined(components.map(({ tag }) => tag)),
  commits: ({ commits }) => joined(commits),
  configuration: ({ config }) =>
    joined(config.map(({ repository, path, revision }) => `${repository} ${path ?? ""} ${revision}`)),
  database: ({ database }) => database ?? "",
  version: ({ version }) => version ?? "",
  title: ({ title, changes }) => title ?? joined(changes.map((one) => one.title)),
  deployedBy: ({ by }) => by ?? "",
  authors: ({ changes }) => joined(changes.flatMap(({ authors }) => authors)),
  approvedBy: approversOf,
  approvedAt: ({ approvals }) => joined(approvals.map(({ at }) => at)),
  mergedBy: ({ changes }) => joined(changes.map(({ mergedBy }) => mergedBy)),
  tickets: ({ changes }) => joined(changes.map(({ ticket }) => ticket)),
  changeRequests: ({ changes }) =>
    joined(changes.map(({ url, repository, number }) => url ?? `${repository}#${number}`)),
  evidence: ({ evidence }) =>
    joined(evidence.map(({ type, verdict }) => [type, verdict].filter((part) => part != null).join(": "))),
  unmet: ({ requirements = [] }) =>
    joined(requirements.filter(({ met }) => !met).map(({ requirement }) => requirement)),
  policy: ({ policy }) => policy?.sha256 ?? "",
  freezes: ({ freezes }) => joined(freezes.map(({ since, reason }) => `${since} ${reason ?? ""}`.trim())),
  reason: ({ reason }) => reason ?? "",
  controls: ({ findings }) => joined(findings.map(({ control }) => control)),
  findings: ({ findings }) => joined(findings.map(({ control, message }) => `${control}: ${message}`)),
  outcome: ({ outcome }) => (outcome == null ? "not applicable" : outcome.state),
  reviewDue: ({ outcome }) => outcome?.due ?? "",
  reviewVerdict: ({ outcome }) => (outcome?.state === "reviewed" ? outcome.verdict : ""),
  reviewedBy: ({ outcome }) => (outcome?.state === "reviewed" ? (outcome.by ?? "") : ""),
  reviewedAt: ({ outcome }) => (outcome?.state === "reviewed" ? outcome.at : ""),
  reviewComment: ({ outcome }) => (outcome?.state === "reviewed" ? outcome.comment : ""),
  url: ({ url }) => url ?? "",
  source: ({ fact }) => fact.source,
  id: ({ fact }) => fact.id,
};

/** Text with a line for the names of the columns. A spreadsheet would run a cell that starts like a formula. */
export const auditTable = ({ changes }: Audit): string =>
  stringify(
    [Object.keys(COLUMNS), ...changes.map((change) => Object.values(COLUMNS).map((cell) => cell(change)))],
    { escape_formulas: true },
  );
