/**
 * How long any service of AWS is waited for. A fact is then put well within the settle time of its stamp, or not
 * at all, which is what settled answers rest on.
 */
export const TIMEOUTS = { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true };
