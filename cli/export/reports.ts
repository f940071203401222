/** The audit reports of a package: one for each of its environments, as a document and as a table. */
import { join } from "node:path";
import { allPages } from "../../schemas/words/answer-pages.ts";
import { timesIn } from "../ask/words-for.ts";
import { auditTable } from "../audit/csv.ts";
import { auditPage } from "../audit/page.ts";
import { writeInto } from "../file/disk.ts";
import type { Io } from "../io.ts";
import { callLedger } from "../ledger/client.ts";
import type { Ledger } from "../ledger/ledger.ts";

interface Period {
  readonly environment?: string | undefined;
  readonly service?: string | undefined;
  readonly from: string;
  readonly to?: string | undefined;
  readonly tz?: string | undefined;
}

async function environmentsOf(ledger: Ledger, { environment }: Period): Promise<string[]> {
  if (environment !== undefined) return [environment];
  const pages = await callLedger(ledger, (client) =>
    allPages((more) => client.environments({ limit: 100, ...more })),
  );
  return pages.flatMap(({ environments }) => environments.map((one) => one.environment));
}

/** @returns the environments with a report */
export async function writeReports(
  folder: string,
  io: Io,
  ledger: Ledger,
  period: Period,
): Promise<string[]> {
  const environments = await environmentsOf(ledger, period);
  const at = io.now().toISOString();
  const { session } = await callLedger(ledger, (client) => client.session());
  const { from, to, tz = "UTC", service } = period;
  const made = { by: session?.name ?? "unknown", at, tz };
  for (const environment of environments) {
    const query = {
      environment,
      from,
      tz,
      sealing: "true" as const,
      ...(to && { to }),
      ...(service && { service }),
    };
    const report = await callLedger(ledger, (client) => client.audit(query));
    const file = join(folder, "audit", encodeURIComponent(environment));
    writeInto(`${file}.html`, auditPage(report, timesIn(tz, at), made));
    writeInto(`${file}.csv`, auditTable(report));
  }
  return environments;
}
