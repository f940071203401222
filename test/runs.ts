/**
 * How much is tried of what could be tried for ever: cases of each property, a hundredth as many kills of a ledger.
 * `npm test` tries few, the gate five times as many, `npm run test:long` forty times as many again.
 */
export const RUNS = Number(process.env.ASOF_RUNS ?? 100);
