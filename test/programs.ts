/**
 * The programs as the package has them, built before the tests that start them: from their sources, they take five times
 * as long to start. That the sources start, too, is for test/setup.process.test.ts and test/local/loaded.process.test.ts.
 */
import { join } from "node:path";

export const PROGRAMS_FOLDER = join(import.meta.dirname, "../.build/programs");
/** The server, as `npm start` runs it. */
export const SERVER = join(PROGRAMS_FOLDER, "server.mjs");
/** The command line. */
export const CLI = join(PROGRAMS_FOLDER, "asof.mjs");

/** Called by the test runner once for each project that starts programs: the first call builds them. */
export async function setup(): Promise<void> {
  const run = String(process.pid);
  if (process.env.ASOF_PROGRAMS_OF === run) return;
  process.env.ASOF_PROGRAMS_OF = run;
  const { buildPrograms } = await import("../functions/runtime/build.ts");
  await buildPrograms(PROGRAMS_FOLDER);
}
