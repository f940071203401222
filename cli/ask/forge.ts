/**
 * Asks a repository's forge how two commits are related, if the clone lacks one of them. The user's token goes to the
 * host of the clone's own repository, over https, and only if the ledger's operator lists that host.
 *
 * GitHub: `GET /repos/{owner}/{repo}/compare/{base}...{head}`; GitLab: `GET /projects/{id}/repository/merge_base`.
 */
import * as z from "zod";
import { exchange, NoAnswer, parsed } from "../../functions/adapters/http-client.ts";
import type { Io } from "../io.ts";

const TIMEOUT_MS = 5000;

const Compared = z.looseObject({ status: z.enum(["ahead", "identical", "behind", "diverged"]) });
const MergeBase = z.looseObject({ id: z.string() });

/** A forge that may be asked, with what is sent to it. */
export interface Forge {
  readonly headers: Readonly<Record<string, string>>;
  /** The address of the question whether a commit is another one or comes before it. */
  readonly address: (sha: string, of: string) => string;
  readonly answers: (json: unknown, sha: string) => boolean | undefined;
}

type Env = Io["env"];

function gitHub(host: string, path: string, { GITHUB_TOKEN, GH_TOKEN }: Env): Forge {
  const api = host === "github.com" ? "https://api.github.com" : `https://${host}/api/v3`;
  const token = GITHUB_TOKEN ?? GH_TOKEN;
  return {
    headers: {
      accept: "application/vnd.github+json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    address: (sha, of) => `${api}/repos/${path}/compare/${sha}...${of}?per_page=1`,
    answers: (json) => {
      const status = Compared.safeParse(json).data?.status;
      return status === undefined ? undefined : status === "ahead" || status === "identical";
    },
  };
}

const gitLab = (host: string, path: string, { GITLAB_TOKEN }: Env): Forge => ({
  headers: GITLAB_TOKEN === undefined ? {} : { "private-token": GITLAB_TOKEN },
  address: (sha, of) =>
    `https://${host}/api/v4/projects/${encodeURIComponent(path)}/repository/merge_base?refs[]=${sha}&refs[]=${of}`,
  answers: (json, sha) => {
    const base = MergeBase.safeParse(json).data?.id;
    return base === undefined ? undefined : base === sha;
  },
});

/** The forge of a repository; undefined if its host is not listed, or no question can be made of its address. */
export function forgeOf(repository: string, listed: readonly string[], env: Env): Forge | undefined {
  if (!URL.canParse(repository)) return undefined;
  const { protocol, host, pathname } = new URL(repository);
  const path = pathname.replace(/^\/|\/$/g, "").replace(/\.git$/, "");
  if (protocol !== "https:" || path === "" || !listed.includes(host)) return undefined;
  return /(^|\.)gitlab\./.test(host) ? gitLab(host, path, env) : gitHub(host, path, env);
}

/** Whether a commit is another one or comes before it; undefined if the forge does not say. */
export async function isAncestorBy(
  { headers, address, answers }: Forge,
  sha: string,
  of: string,
  send: typeof exchange = exchange,
): Promise<boolean | undefined> {
  try {
    const { status, text } = await send(address(sha, of), {
      headers: { "user-agent": "asof", ...headers },
      redirect: "manual",
      timeoutMs: TIMEOUT_MS,
    });
    return status === 200 ? answers(parsed(text), sha) : undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return undefined;
    throw error;
  }
}
