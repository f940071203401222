/**
 * How much is tried of what could be tried for ever: cases of each property, a hundredth as many kills of a ledger.
 * `npm test` tries few, the gate 25 times as many, `npm run test:long` forty times as many again.
 */
export const RUNS = Number(process.env.ASOF_RUNS ?? 20);

/** Fewer cases of a property of which one takes as long as `cost` ordinary ones, about 20 ms of CPU time each. */
export const casesOf = (cost: number): number => Math.ceil(RUNS / cost);

/** Of a list of cases that the gate tries whole, `npm test` takes each `STEP`-th. */
export const STEP = Math.ceil(250 / RUNS);
