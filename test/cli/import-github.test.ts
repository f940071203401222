/**
 * `asof import github`, against a server that answers as docs.github.com describes the REST API ("Deployments",
 * "Pull requests", "Workflow runs", "Packages"): with pages, and with rate limits.
 */
import { afterEach, describe, expect, it } from "vitest";
import { Release, Timeline } from "../../schemas/answer.ts";
import { closeForges, forgeServer } from "./forge-server.ts";
import { asof, cleanUp, ledgerServer } from "./harness.ts";

afterEach(async () => {
  await closeForges();
  await cleanUp();
});

const SHA = "4".repeat(40);
const DIGEST = `sha256:${"9".repeat(64)}`;
const ada = { login: "ada", type: "User" };
const REPOSITORY = {
  full_name: "acme/web",
  html_url: "https://github.com/acme/web",
  owner: { login: "acme", type: "Organization" },
};

const deployment = (id: number, day: string) => ({
  id,
  sha: SHA,
  ref: "main",
  task: "deploy",
  environment: "production",
  payload: { image: `ghcr.io/acme/web:${id}` },
  created_at: `2026-01-${day}T10:00:00Z`,
  updated_at: `2026-01-${day}T10:05:00Z`,
  creator: ada,
});
const status = (id: number, state: string, day: string) => ({
  id,
  state,
  environment: "production",
  description: "",
  created_at: `2026-01-${day}T10:05:00Z`,
  creator: ada,
  log_url: `https://github.com/acme/web/actions/runs/${id}`,
});

/** Answers by path; a list is given one a page. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  "/repos/acme/web": REPOSITORY,
  "/repos/acme/web/deployments": [deployment(2, "08"), deployment(1, "05")],
  "/repos/acme/web/deployments/1/statuses": [status(12, "success", "05"), status(11, "queued", "05")],
  "/repos/acme/web/deployments/2/statuses": [status(21, "failure", "08")],
  "/repos/acme/web/pulls": [
    { number: 7, merged_at: "2026-01-04T10:00:00Z", updated_at: "2026-01-04T10:00:00Z" },
    { number: 8, merged_at: null, updated_at: "2026-01-03T10:00:00Z" },
  ],
  "/repos/acme/web/pulls/7": {
    number: 7,
    title: "WEB-12 faster",
    merged: true,
    merged_at: "2026-01-04T10:00:00Z",
    merge_commit_sha: SHA,
    head: { sha: "5".repeat(40) },
    user: ada,
    merged_by: { login: "bob", type: "User" },
    html_url: "https://github.com/acme/web/pull/7",
  },
  "/repos/acme/web/pulls/7/reviews": [
    {
      id: 70,
      commit_id: "5".repeat(40),
      state: "APPROVED",
      submitted_at: "2026-01-04T09:00:00Z",
      html_url: "https://github.com/acme/web/pull/7#pullrequestreview-70",
      user: { login: "eve", type: "User" },
    },
  ],
  "/repos/acme/web/actions/runs": {
    total_count: 1,
    workflow_runs: [
      {
        id: 90,
        run_attempt: 1,
        head_sha: SHA,
        status: "completed",
        conclusion: "success",
        updated_at: "2026-01-04T11:00:00Z",
        html_url: "https://github.com/acme/web/actions/runs/90",
        triggering_actor: ada,
      },
    ],
  },
  "/orgs/acme/packages": [
    {
      name: "web",
      html_url: "https://github.com/orgs/acme/packages/container/package/web",
      repository: { full_name: "acme/web" },
    },
  ],
  "/orgs/acme/packages/container/web/versions": [
    {
      id: 5,
      name: DIGEST,
      created_at: "2026-01-04T12:00:00Z",
      html_url: "https://github.com/orgs/acme/packages/container/web/5",
      metadata: { package_type: "container", container: { tags: ["1", "latest"] } },
    },
  ],
};

/** A server of GitHub's API. @param first answers for the first requests, before it answers as it should */
async function gitHub(...first: readonly { status: number; headers?: Record<string, string> }[]) {
  const waiting = [...first];
  const seen: { path: string; authorization: string | undefined }[] = [];
  const url = await forgeServer((pathname, { authorization }) => {
    const path = pathname.replace("/api/v3", "");
    seen.push({ path, authorization });
    const early = waiting.shift();
    if (early !== undefined) return { ...early, json: { message: "API rate limit exceeded" } };
    const json = ANSWERS[path];
    return json === undefined ? { status: 404, json: { message: "Not Found" } } : { json };
  });
  return { url: `${url}/api/v3`, seen };
}

const ARGS = ["import", "github", "acme/web"];

describe("an import of GitHub", () => {
  it("records deployments, changes, runs and images as their webhooks would", {
    timeout: 60_000,
  }, async () => {
    const [ledger, api] = [await ledgerServer(), await gitHub()];
    const env = { ASOF_URL: ledger.url, GITHUB_API_URL: api.url, GITHUB_TOKEN: "secret" };
    const { out, err, code } = await asof(ARGS, env);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n")[0]).toBe("9 statements: 9 recorded");
    expect(out.split("\n")[1]).toContain("which images deployments had whose payload does not say it");
    expect(new Set(api.seen.map(({ authorization }) => authorization))).toEqual(new Set(["token secret"]));
    expect((await asof(ARGS, env)).out).toContain("0 recorded, 9 duplicate");

    const client = ledger.doors.client();
    const where = { environment: "production", service: "acme/web" };
    expect(
      Release.parse((await client.get("/v1/release", { ...where, at: "2026-01-06" })).json),
    ).toMatchObject({
      since: "2026-01-05T10:05:00.000Z",
      components: [{ digest: DIGEST, resolvedBy: "tag" }],
      deployment: { provider: "github", instance: "github.com", id: "1" },
      deployedBy: "ada",
    });
    const { json } = await client.get("/v1/commit", { sha: SHA });
    expect(json).toMatchObject({
      commits: [{ changes: [{ number: 7, authors: ["ada"], approvals: [{ by: "eve" }] }] }],
    });
  });

  it("gives way to the webhooks of the same deployments", { timeout: 60_000 }, async () => {
    const [ledger, api] = [await ledgerServer(), await gitHub()];
    const env = { ASOF_URL: ledger.url, GITHUB_API_URL: api.url };
    const { out } = await asof([...ARGS, "--only", "deployments", "--dry-run", "--json"], env);
    // Of the webhook it has another source, and otherwise the same identity.
    const live = out.split("\n").map((line) => {
      const { kind, occurredAt, source, id, ...data } = JSON.parse(line);
      return {
        specversion: "1.0",
        type: `dev.asof.${kind}.v1`,
        source: source.replace("/import/", "/live/"),
        id,
        time: occurredAt,
        data,
      };
    });
    await ledger.doors.client("writer").sayAll(live);
    await asof([...ARGS, "--only", "deployments"], env);
    const asked = { environment: "production", from: "2026-01-01", to: "2026-02-01" };
    const timeline = Timeline.parse((await ledger.doors.client().get("/v1/timeline", asked)).json);
    expect(timeline.entries.map(({ what }) => what)).toEqual(["started", "deployed", "started", "failed"]);
    expect(timeline.entries.map(({ alsoReported }) => alsoReported?.map(({ source }) => source))).toEqual(
      Array.from({ length: 4 }, () => ["/import/github/github.com/acme/web"]),
    );
  });

  it("waits for a rate limit, and says so", { timeout: 60_000 }, async () => {
    const reset = String(Math.floor(Date.now() / 1000));
    const api = await gitHub({
      status: 403,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset },
    });
    const { out, err } = await asof([...ARGS, "--only", "runs", "--dry-run"], { GITHUB_API_URL: api.url });
    expect(err).toMatch(/^asof: GitHub's rate limit is reached; going on in \d+ s$/);
    expect(out).toContain("would send 1 statement: 1 to record");
  });

  it("names what the token may not read, and what is no repository", async () => {
    const api = await gitHub();
    const env = { GITHUB_API_URL: api.url };
    const none = await asof(["import", "github", "acme/none", "--dry-run"], env);
    expect(none).toMatchObject({
      code: 1,
      err: "asof: GitHub answered 404 for acme/none: Not Found: the token may not read it, or there is none",
    });
    const wrong = await asof(["import", "github", "web", "--dry-run"], env);
    expect(wrong.err).toContain("must be the owner and the repository, like acme/billing");
    const unsafe = await asof([...ARGS, "--api-url", "http://ghe.example.org", "--dry-run"]);
    expect(unsafe.err).toContain("--api-url: must be an https URL");
  });
});
