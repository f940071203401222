/** Has every random case come from the seed of the run, which is printed at its start. */
import * as fc from "fast-check";
import { RUNS } from "./runs.ts";

fc.configureGlobal({ seed: Number(process.env.ASOF_SEED), numRuns: RUNS });
