/** The metrics of a server about itself. */
import { prometheusMetrics } from "../../adapters/metrics/prometheus.ts";
import type { Database } from "../../adapters/sqlite/database.ts";
import { queueAgesS } from "../../adapters/sqlite/jobs.ts";
import type { Ledger } from "../../http/context.ts";
import type { Quarantine } from "../../ledger/ingest/quarantine.ts";
import type { SealingRunner } from "./sealing-runner.ts";

/**
 * The metrics. What is a state and not an event is measured whenever the metrics are read.
 * @param jobs the name of the queue of jobs
 */
export function measured(
  database: Database,
  quarantine: Quarantine,
  sealing: SealingRunner | undefined,
  jobs: string,
): Pick<Ledger, "recorder" | "metrics"> {
  const recorder = prometheusMetrics();
  const queues = new Set([jobs]);
  return {
    recorder,
    metrics: async () => {
      const ages = queueAgesS(database);
      // A queue that was emptied has the age 0.
      for (const queue of ages.keys()) queues.add(queue);
      for (const queue of queues) recorder.record("queue_age", { queue }, ages.get(queue) ?? 0);
      sealing?.measure(recorder);
      recorder.record("quarantine_items", {}, (await quarantine.list()).count ?? 0);
      return { type: recorder.type, text: await recorder.text() };
    },
  };
}
