/** Which forge is asked about two commits, with what, and what its answer means. */
import { describe, expect, it } from "vitest";
import { forgeOf, isAncestorBy } from "../../cli/ask/forge.ts";
import type { exchange } from "../../functions/adapters/http-client.ts";
import { NoAnswer } from "../../functions/adapters/http-client.ts";

const [SHA, LATER] = ["4be1".padEnd(40, "0"), "77aa".padEnd(40, "0")];
const TOKENS = { GITHUB_TOKEN: "of-github", GITLAB_TOKEN: "of-gitlab" };
const LISTED = ["github.com", "gitlab.com", "gitlab.acme.example", "git.acme.example"];

/** What a forge is asked, if it answers so. */
async function asked(repository: string, status: number, json: unknown) {
  const requests: (readonly [string, object])[] = [];
  const send: typeof exchange = async (url, { headers = {} }) => {
    requests.push([String(url), headers]);
    return { status, headers: new Headers(), text: JSON.stringify(json) };
  };
  const forge = forgeOf(repository, LISTED, TOKENS);
  const isAncestor = forge && (await isAncestorBy(forge, SHA, LATER, send));
  return { isAncestor, requests };
}

describe("the forge of a clone", () => {
  it.each([
    [
      "https://github.com/acme/web",
      `https://api.github.com/repos/acme/web/compare/${SHA}...${LATER}?per_page=1`,
      { authorization: "Bearer of-github" },
    ],
    [
      "https://git.acme.example/acme/web",
      `https://git.acme.example/api/v3/repos/acme/web/compare/${SHA}...${LATER}?per_page=1`,
      { authorization: "Bearer of-github" },
    ],
    [
      "https://gitlab.acme.example/acme/group/web.git",
      `https://gitlab.acme.example/api/v4/projects/acme%2Fgroup%2Fweb/repository/merge_base?refs[]=${SHA}&refs[]=${LATER}`,
      { "private-token": "of-gitlab" },
    ],
  ])("%s is asked with its own token", async (repository, url, headers) => {
    const { requests } = await asked(repository, 200, {});
    expect(requests).toEqual([[url, expect.objectContaining(headers)]]);
    expect(Object.values(requests[0]?.[1] ?? {}).join()).not.toContain(
      "authorization" in headers ? "of-gitlab" : "of-github",
    );
  });

  it.each(["https://evil.example/acme/web", "http://github.com/acme/web", "https://github.com/", "acme/web"])(
    "%s is not asked: no listed host over https, or no repository",
    (repository) => {
      expect(forgeOf(repository, LISTED, TOKENS)).toBeUndefined();
    },
  );

  it.each([
    ["https://github.com/acme/web", 200, { status: "ahead" }, true],
    ["https://github.com/acme/web", 200, { status: "identical" }, true],
    ["https://github.com/acme/web", 200, { status: "behind" }, false],
    ["https://github.com/acme/web", 200, { status: "diverged" }, false],
    ["https://github.com/acme/web", 404, { message: "Not Found" }, undefined],
    ["https://github.com/acme/web", 302, { status: "ahead" }, undefined],
    ["https://github.com/acme/web", 200, "no JSON of GitHub", undefined],
    ["https://gitlab.com/acme/web", 200, { id: SHA }, true],
    ["https://gitlab.com/acme/web", 200, { id: LATER }, false],
    ["https://gitlab.com/acme/web", 404, { message: "404 Not found" }, undefined],
  ])("%s that answers %i %j says %s", async (repository, status, json, isAncestor) => {
    expect((await asked(repository, status, json)).isAncestor).toBe(isAncestor);
  });

  it("says nothing where it does not answer", async () => {
    const forge = forgeOf("https://github.com/acme/web", LISTED, {});
    const send: typeof exchange = () => Promise.reject(new NoAnswer(new Error("no route"), 5000));
    expect(forge && (await isAncestorBy(forge, SHA, LATER, send))).toBeUndefined();
    expect(forge?.headers).not.toHaveProperty("authorization");
  });
});
