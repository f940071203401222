/** The client of S3. */
import { memoised } from "../../ledger/loader.ts";
import { TIMEOUTS } from "../timeouts.ts";

/**
 * Loads the SDK's client on first use: most invocations need none, and loading it would slow every cold start.
 * @param endpoint of a server with the API of S3; absent: AWS
 */
export const s3Client = (endpoint: string | undefined) =>
  memoised(async () => {
    const sdk = await import("@aws-sdk/client-s3");
    const local = endpoint === undefined ? {} : { endpoint, forcePathStyle: true };
    return { ...sdk, client: new sdk.S3Client({ requestHandler: TIMEOUTS, ...local }) };
  });

/** The HTTP status of a failure that S3 answered. */
export const statusOf = (error: unknown): number | undefined => {
  const { $metadata }: { $metadata?: { httpStatusCode?: number } } = Object(error);
  return $metadata?.httpStatusCode;
};
