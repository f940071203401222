/** A timeline as CSV: one line for each component of an entry, or one for an entry without components. */
import { stringify } from "csv-stringify/sync";
import { Timeline, type TimelineEntry } from "../../../schemas/answer.ts";

type Component = NonNullable<TimelineEntry["components"]>[number];

const COLUMNS: readonly [
  header: string,
  cell: (entry: TimelineEntry, component: Component | undefined) => string | null | undefined,
][] = [
  ["at", ({ at }) => at],
  ["what", ({ what }) => what],
  ["service", ({ service }) => service],
  ["component", (_, component) => component?.component],
  ["variant", (_, component) => component?.variant],
  ["repository", (_, component) => component?.repository],
  ["digest", (_, component) => component?.digest],
  ["tag", (_, component) => component?.tag],
  ["commit", ({ commit }) => commit],
  ["database", ({ database }) => database],
  ["version", ({ version }) => version],
  ["deployment", ({ deployment }) => deployment?.id],
  ["rollback", ({ rollback }) => rollback?.toString()],
  ["type", ({ type }) => type],
  ["title", ({ title }) => title],
  ["reason", ({ reason }) => reason],
  ["by", ({ by }) => by],
  ["url", ({ url }) => url],
  ["source", ({ fact }) => fact.source],
  ["id", ({ fact }) => fact.id],
];

/**
 * The lines of a page; the header `Link` leads to the next one (RFC 8288).
 * @param answer the page as JSON
 * @param address of the request
 */
export function timelineTable(answer: string, address: string): Response {
  const { environment, entries, next } = Timeline.parse(JSON.parse(answer));
  const lines = entries.flatMap((entry) =>
    (entry.components ?? [undefined]).map((component) => [
      environment,
      ...COLUMNS.map(([, cell]) => cell(entry, component) ?? ""),
    ]),
  );
  const head = ["environment", ...COLUMNS.map(([header]) => header)];
  // A spreadsheet would run a cell that starts like a formula.
  const text = stringify([head, ...lines], { escape_formulas: true });
  const page = new URL(address);
  if (next !== null) page.searchParams.set("cursor", next);
  return new Response(text, {
    headers: {
      "Content-Type": "text/csv; charset=utf-8; header=present",
      ...(next === null ? {} : { Link: `<${page.pathname}${page.search}>; rel="next"` }),
    },
  });
}
