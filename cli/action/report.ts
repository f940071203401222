/** Writes a command's answer into the job: its outputs, its annotations and its summary. */
import * as core from "@actions/core";
import * as z from "zod";
import { parsed } from "../../functions/adapters/http-client.ts";
import { Gate } from "../../schemas/answers/gate.ts";

const Result = z.looseObject({
  type: z.string(),
  id: z.string(),
  outcome: z.string(),
  reason: z.string().optional(),
});
const Recorded = z.looseObject({ results: z.array(Result), notes: z.array(z.string()) });
const Planned = z.looseObject({ events: z.array(z.unknown()) });

/** A text in HTML. GitHub's summary takes cells as they are. */
const html = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("|", "&#124;");

/** Adds a table to the job's summary; without one, as outside of GitHub, it shows nothing. */
async function summarize(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  if ((process.env.GITHUB_STEP_SUMMARY ?? "") === "") return;
  const header = head.map((data) => ({ data, header: true }));
  core.summary.addHeading(html(title), 3).addTable([header, ...rows.map((row) => row.map(html))]);
  await core.summary.write();
}

async function reportGate(gate: Gate): Promise<void> {
  const { environment, service, allowed, reasons, warnings, requirements = [] } = gate;
  core.setOutput("allowed", allowed);
  for (const { code, message } of reasons) core.error(message, { title: `asof: ${code}` });
  for (const { code, message } of warnings) core.warning(message, { title: `asof: ${code}` });
  const rows = [
    ...reasons.map(({ code, message }) => ["refused", code, message]),
    ...warnings.map(({ code, message }) => ["warning", code, message]),
    ...requirements.map(({ requirement, met, missing = "" }) => [
      met ? "met" : "not met",
      requirement,
      missing,
    ]),
  ];
  const title = `${service} in ${environment}: ${allowed ? "may be deployed" : "may not be deployed"}`;
  await summarize(
    title,
    ["", "what", "why"],
    rows.length === 0 ? [["allowed", "", "nothing speaks against it"]] : rows,
  );
}

/** Waiting and refused, the worst first, then what was accepted. */
const outcomeOf = (outcomes: readonly string[]): string =>
  ["refused", "waiting"].find((one) => outcomes.includes(one)) ?? outcomes[0] ?? "";

async function reportRecord({ results, notes }: z.infer<typeof Recorded>): Promise<void> {
  core.setOutput("outcome", outcomeOf(results.map(({ outcome }) => outcome)));
  for (const note of notes) core.notice(note, { title: "asof" });
  for (const { type, outcome, reason = "" } of results) {
    if (outcome === "refused") core.error(reason, { title: `asof: ${type} was refused` });
    if (outcome === "waiting") core.warning(reason, { title: `asof: ${type} waits in the outbox` });
  }
  const rows = results.map(({ type, outcome, id, reason = "" }) => [type, outcome, id, reason]);
  await summarize("Reported to the release ledger", ["event", "outcome", "id", ""], rows);
}

/** @param line what the command printed with `--json` */
export async function report(line: string): Promise<void> {
  const answer = parsed(line);
  core.setOutput("result", line);
  const gate = Gate.safeParse(answer).data;
  if (gate !== undefined) return reportGate(gate);
  const recorded = Recorded.safeParse(answer).data;
  if (recorded !== undefined) return reportRecord(recorded);
  if (Planned.safeParse(answer).success) core.info(line);
}
