/** Settings of AWS clients that read much: they wait long, and retry throttled requests with growing delays. */
export const PATIENT = {
  maxAttempts: 10,
  requestHandler: { connectionTimeout: 5000, requestTimeout: 30_000, throwOnRequestTimeout: true },
};
