/** A profile of the server, as `npm start` runs it, while it does one thing. */
import { join } from "node:path";
import { filledFolder } from "./filled.ts";
import { BUSY, type Extent } from "./history.ts";
import { profileClock, profiling, sharesTable } from "./profile.ts";
import { statementsOf } from "./recording.ts";
import { asking, type Running, recording, snapshotting, startLedgerOn } from "./sides.ts";

export const WORKS = ["release", "snapshot", "record"] as const;
export type Work = (typeof WORKS)[number];

/** More reports than are recorded in any time that somebody waits for. */
const REPORTS = 30_000;

const works: Record<Work, (running: Running) => (n: number) => Promise<unknown>> = {
  release: asking,
  snapshot: snapshotting(BUSY.environment),
  record: (running) => recording(statementsOf("acme/bench", REPORTS))(running),
};

/** Runs for a third of the time to warm up, and then for the time. */
export async function profiled(
  work: Work,
  folder: string,
  extent: Extent,
  seconds: number,
  progress: (text: string) => void,
): Promise<string> {
  const history = join(folder, "history");
  await filledFolder(history, extent, progress);
  const profile = profiling(join(folder, "profile"));
  const server = await startLedgerOn(history, join(folder, "ours"), profile.flags);
  const once = works[work](server);
  let count = 0;
  const run = async (ms: number) => {
    for (const end = performance.now() + ms; performance.now() < end; ) await once(count++);
  };
  progress("warming up");
  await run((seconds * 1000) / 3);
  progress(work);
  const [from, before] = [profileClock(), count];
  await run(seconds * 1000);
  const to = profileClock();
  await server.stop();
  return sharesTable(`\`${work}\` ${count - before} times`, profile.read({ from, to }));
}
