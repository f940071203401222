/** How clients of AWS ask that read much: they wait for answers, and repeat what is throttled, with longer and longer waits. */
export const PATIENT = {
  maxAttempts: 10,
  requestHandler: { connectionTimeout: 5000, requestTimeout: 30_000, throwOnRequestTimeout: true },
};
