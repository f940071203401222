/**
 * `asof import gitlab`, against a server that answers as docs.gitlab.com describes the REST API ("Deployments",
 * "Merge requests", "Merge request approvals", "Container registry"), with pages.
 */
import { afterEach, describe, expect, it } from "vitest";
import { Release } from "../../schemas/answer.ts";
import { closeForges, forgeServer } from "./forge-server.ts";
import { asof, cleanUp, ledgerServer } from "./harness.ts";

afterEach(async () => {
  await closeForges();
  await cleanUp();
});

const SHA = "4".repeat(40);
const HEAD = "5".repeat(40);
const DIGEST = `sha256:${"9".repeat(64)}`;
const [ada, bob] = [
  { id: 1, username: "ada" },
  { id: 2, username: "bob" },
];

const deployment = (id: number, status: string, day: string) => ({
  id,
  iid: id,
  ref: "main",
  sha: SHA,
  status,
  created_at: `2026-01-${day}T10:00:00.000Z`,
  updated_at: `2026-01-${day}T10:09:00.000Z`,
  environment: { id: 1, name: "production" },
  user: ada,
  deployable: {
    id: id * 10,
    started_at: `2026-01-${day}T10:01:00.000Z`,
    finished_at: `2026-01-${day}T10:05:00.000Z`,
  },
  approvals: [{ user: bob, status: "approved", created_at: `2026-01-${day}T09:00:00.000Z` }],
});

const ANSWERS: Readonly<Record<string, unknown>> = {
  "/projects/acme/web": {
    id: 7,
    path_with_namespace: "acme/web",
    web_url: "https://gitlab.example.org/acme/web",
  },
  "/projects/7/deployments": [deployment(1, "success", "05"), deployment(2, "canceled", "08")],
  "/projects/7/merge_requests": [
    {
      iid: 12,
      title: "Faster",
      sha: HEAD,
      merge_commit_sha: SHA,
      squash_commit_sha: null,
      merged_at: "2026-01-04T10:00:00.000Z",
      web_url: "https://gitlab.example.org/acme/web/-/merge_requests/12",
      author: ada,
      merge_user: bob,
    },
  ],
  "/projects/7/merge_requests/12/approvals": {
    approved_by: [{ user: bob, approved_at: "2026-01-04T09:00:00.000Z" }],
  },
  "/projects/7/registry/repositories": [{ id: 3, location: "registry.example.org/acme/web" }],
  "/projects/7/registry/repositories/3/tags": [{ name: "1.0" }],
  "/projects/7/registry/repositories/3/tags/1.0": {
    name: "1.0",
    location: "registry.example.org/acme/web:1.0",
    digest: DIGEST,
    created_at: "2026-01-04T12:00:00.000+00:00",
  },
};

/** A server of GitLab's API. */
async function gitLab(without?: string) {
  const seen: (string | undefined)[] = [];
  const url = await forgeServer((pathname, headers) => {
    const path = pathname.replace("/api/v4", "");
    seen.push(String(headers["private-token"]));
    const json = path === without ? undefined : ANSWERS[path];
    return json === undefined ? { status: 404, json: { message: "404 Not Found" } } : { json };
  });
  return { url, seen };
}

const ARGS = ["import", "gitlab", "acme/web"];

describe("an import of GitLab", () => {
  it("records deployments, changes and images", { timeout: 60_000 }, async () => {
    const [ledger, api] = [await ledgerServer(), await gitLab()];
    const env = { ASOF_URL: ledger.url, CI_SERVER_URL: api.url, GITLAB_TOKEN: "secret" };
    const { out, err, code } = await asof(ARGS, env);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n")[0]).toBe("9 statements: 9 recorded");
    expect(out.split("\n")[1]).toContain("which images deployments had");
    expect(new Set(api.seen)).toEqual(new Set(["secret"]));
    expect((await asof(ARGS, env)).out).toContain("0 recorded, 9 duplicate");

    const client = ledger.doors.client();
    const asked = { environment: "production", service: "acme/web", at: "2026-01-10" };
    expect(Release.parse((await client.get("/v1/release", asked)).json)).toMatchObject({
      since: "2026-01-05T10:05:00.000Z",
      deployment: { provider: "gitlab", instance: "gitlab.example.org", id: "1" },
      components: [{ commit: { sha: SHA } }],
      evidence: [{ type: "approval", verdict: "approved", by: "bob" }],
      attempt: { status: "failed", outcome: "cancelled" },
    });
    const { json } = await client.get("/v1/commit", { sha: SHA });
    expect(json).toMatchObject({
      commits: [{ changes: [{ number: 12, authors: ["ada"], mergedBy: "bob", approvals: [{ by: "bob" }] }] }],
    });
  });

  it("names what the token may not read, and what is no project", async () => {
    const api = await gitLab("/projects/7/registry/repositories");
    const { out, code } = await asof([...ARGS, "--only", "images", "--dry-run"], { CI_SERVER_URL: api.url });
    expect(code).toBe(0);
    expect(out).toContain("images, which the token may not read (404) (acme/web)");
    const none = await asof(["import", "gitlab", "acme/none", "--dry-run"], { CI_SERVER_URL: api.url });
    expect(none).toMatchObject({
      code: 1,
      err: "asof: GitLab answered 404 for acme/none: the token may not read it, or there is none",
    });
  });
});
