/**
 * Timeout of every request to an AWS service. A fact is written well within the settle time after its `recordedAt`, or
 * not at all; settled answers depend on this.
 */
export const TIMEOUTS = { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true };
