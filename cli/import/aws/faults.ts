/** Turns a refusal of AWS into one line, and tells which refusals concern only a single resource. */
import * as z from "zod";
import { CliError } from "../../error.ts";

const Failed = z.looseObject({
  name: z.string(),
  message: z.string(),
  $metadata: z.looseObject({ httpStatusCode: z.int().optional() }).optional(),
});

const THROTTLED = /Throttl|TooManyRequests|RequestLimit/;
const NOT_SIGNED_IN = /Credential|Token|UnrecognizedClient|InvalidSignature|AuthFailure/;

/** Why AWS does not answer about one thing, where it may answer about others; undefined for every other error. */
export function refusalOf(error: unknown): string | undefined {
  const failed = Failed.safeParse(error).data;
  const status = failed?.$metadata?.httpStatusCode ?? 0;
  if (failed === undefined || status < 400 || status >= 500) return undefined;
  return THROTTLED.test(failed.name) || NOT_SIGNED_IN.test(failed.name) ? undefined : failed.name;
}

/** The error as one line that says what to do. */
export function asCliError(error: unknown, service: string): unknown {
  const failed = error instanceof CliError ? undefined : Failed.safeParse(error).data;
  if (failed === undefined) return error;
  const { name, message, $metadata: { httpStatusCode: status } = {} } = failed;
  const isRegion = message.startsWith("Region is missing");
  if (status === undefined && !isRegion && !NOT_SIGNED_IN.test(name))
    return new CliError(`${service} does not answer: ${message || name}`, { cause: error });
  const hint = isRegion
    ? "set AWS_REGION, or AWS_PROFILE"
    : NOT_SIGNED_IN.test(name)
      ? "sign in as for AWS's own command line: AWS_PROFILE, or the variables of a role"
      : THROTTLED.test(name)
        ? "run it again later: what is recorded is a duplicate then"
        : "the login may not read it, or there is none";
  return new CliError(`${service} answered ${name}: ${message.split("\n")[0] ?? ""}: ${hint}`, {
    cause: error,
  });
}
