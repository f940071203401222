/** GitHub's REST API by Octokit: pages, rate limits, and errors as one line. */
import { Octokit } from "@octokit/core";
import { paginateRest } from "@octokit/plugin-paginate-rest";
import { throttling } from "@octokit/plugin-throttling";
import * as z from "zod";
import { CliError } from "../../error.ts";
import type { Io } from "../../io.ts";

/** Times that a request waits for a rate limit to end. */
const WAITS_MAX = 5;

const Client = Octokit.plugin(paginateRest, throttling);
export type GitHubApi = InstanceType<typeof Client>;

const Failed = z.looseObject({ status: z.int(), message: z.string() });

/** The status of a refused request; undefined for every other error. */
export const statusOf = (error: unknown): number | undefined => Failed.safeParse(error).data?.status;

/** The error as one line that says what to do; errors of another kind as they are. */
export function asCliError(error: unknown, what: string): unknown {
  const failed = Failed.safeParse(error).data;
  if (failed === undefined) return error;
  const { status } = failed;
  const [message = ""] = failed.message.split(" - ");
  const hint =
    status === 401
      ? ": set GITHUB_TOKEN"
      : status === 403 || status === 404
        ? ": the token may not read it, or there is none"
        : "";
  return new CliError(`GitHub answered ${status} for ${what}: ${message}${hint}`);
}

/** @param url of the API: `https://api.github.com`, or `https://<host>/api/v3` of GitHub Enterprise */
export function gitHubApi(url: string, token: string | undefined, { err }: Io): GitHubApi {
  const wait = (afterS: number, _: object, __: unknown, count: number): boolean => {
    err(`asof: GitHub's rate limit is reached; going on in ${afterS} s`);
    return count < WAITS_MAX;
  };
  return new Client({
    baseUrl: url.replace(/\/+$/, ""),
    ...(token === undefined ? {} : { auth: token }),
    throttle: { onRateLimit: wait, onSecondaryRateLimit: wait },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  });
}
