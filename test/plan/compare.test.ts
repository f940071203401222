import { describe, expect, it } from "vitest";
import { compareUrl } from "../../functions/plan/compare.ts";
import { succeeded } from "../ledger/saying.ts";
import { oneThenTwo, planOf, released } from "./asking.ts";

const NEW = "b".repeat(40);
const OLD = "a".repeat(40);

describe("the page of a forge that shows what is undone", () => {
  it.each([
    ["https://github.com/acme/web", `https://github.com/acme/web/compare/${OLD}...${NEW}`],
    ["https://github.com/acme/web.git", `https://github.com/acme/web/compare/${OLD}...${NEW}`],
    ["https://github.acme.example/acme/web/", `https://github.acme.example/acme/web/compare/${OLD}...${NEW}`],
    ["https://gitlab.com/a/b/c", `https://gitlab.com/a/b/c/-/compare/${OLD}...${NEW}`],
    [
      "https://gitlab.acme.example:8443/a/b",
      `https://gitlab.acme.example:8443/a/b/-/compare/${OLD}...${NEW}`,
    ],
    ["https://bitbucket.org/acme/web", `https://bitbucket.org/acme/web/branches/compare/${NEW}..${OLD}`],
    [
      "https://dev.azure.com/acme/My%20Project/_git/web",
      `https://dev.azure.com/acme/My%20Project/_git/web/branchCompare?baseVersion=GC${OLD}&targetVersion=GC${NEW}`,
    ],
    [
      "https://acme.visualstudio.com/Shop/_git/web",
      `https://acme.visualstudio.com/Shop/_git/web/branchCompare?baseVersion=GC${OLD}&targetVersion=GC${NEW}`,
    ],
    ["https://git.acme.example/acme/web", null],
    ["https://notgithub.com/acme/web", null],
    [
      "https://github.com.evil.example/acme/web",
      `https://github.com.evil.example/acme/web/compare/${OLD}...${NEW}`,
    ],
    ["https://github.com/", null],
  ])("of %s is %s", (repository, expected) => {
    expect(compareUrl(repository, NEW, OLD)).toBe(expected);
  });

  it("is none without a repository, or between a commit and itself", () => {
    expect(compareUrl(undefined, NEW, OLD)).toBeNull();
    expect(compareUrl("https://github.com/acme/web", NEW, NEW)).toBeNull();
  });

  it.each(["a/../../settings", "a...b", "?x=1", "#x", "main branch", "-x", ""])(
    "is none of the revision %j, which could change the address",
    (revision) => {
      expect(compareUrl("https://github.com/acme/web", NEW, revision)).toBeNull();
      expect(compareUrl("https://github.com/acme/web", revision, OLD)).toBeNull();
    },
  );
});

const config = (revision: string, path = "web.yaml") => ({
  repository: "https://gitlab.com/acme/deploy",
  revision,
  path,
});

describe("commits and configuration of a plan", () => {
  it("go from what runs to what ran", async () => {
    const { commits } = await planOf(oneThenTwo());
    expect(commits).toMatchObject({
      from: { repository: "https://github.com/acme/billing" },
      compareUrl: `https://github.com/acme/billing/compare/${commits.to?.sha}...${commits.from?.sha}`,
    });
    expect(commits.from?.sha).not.toBe(commits.to?.sha);
  });

  it("are compared place by place", async () => {
    const plan = await planOf([
      ...released("10 12:00", "one", {
        config: [config("r1"), config("same", "other.yaml"), config("r1", "old.yaml")],
      }),
      ...released("20 12:00", "two", {
        config: [config("r2"), config("same", "other.yaml"), config("r2", "new.yaml")],
      }),
    ]);
    expect(plan.config).toEqual([
      { from: config("r2", "new.yaml"), to: null, compareUrl: null },
      { from: null, to: config("r1", "old.yaml"), compareUrl: null },
      {
        from: config("r2"),
        to: config("r1"),
        compareUrl: "https://gitlab.com/acme/deploy/-/compare/r1...r2",
      },
    ]);
  });

  it("have no page where the code moved to another repository", async () => {
    const { commits } = await planOf([
      ...released("10 12:00", "one", { commit: { sha: OLD, repository: "https://github.com/acme/old" } }),
      ...released("20 12:00", "two"),
    ]);
    expect(commits).toMatchObject({ to: { sha: OLD }, compareUrl: null });
  });

  it("are not told where components came from several commits", async () => {
    const { commits } = await planOf([
      succeeded("10 12:00", [{ component: "web" }, { component: "worker" }]),
      ...released("20 12:00", "two"),
    ]);
    expect(commits).toMatchObject({ to: null, compareUrl: null });
  });
});
