import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { matches, ownersOf } from "../../cli/record/codeowners.ts";
import { NOW, tokenOf } from "../http/given.ts";
import { asof, cleanUp, ledgerServer, newFolder } from "./harness.ts";

afterEach(cleanUp);

describe("a pattern of GitHub", () => {
  it.each([
    ["*", "a/b.ts", true],
    ["*.js", "a/b.js", true],
    ["*.js", "a/b.ts", false],
    ["/build/logs/", "build/logs/x/y", true],
    ["/build/logs/", "a/build/logs/x", false],
    ["docs/*", "docs/a.md", true],
    ["docs/*", "docs/build/a.md", false],
    ["docs/*", "a/docs/a.md", false],
    ["apps/", "a/apps/x", true],
    ["apps/", "apps", false],
    ["/docs/", "docs/a/b", true],
    ["/apps/github", "apps/github/a", true],
    ["/apps/github", "apps/githubs/a", false],
    ["/scripts/", "scripts/a", true],
    ["**/logs", "build/logs/a", true],
    ["**/logs", "logs/a", true],
    ["/services/**/api", "services/a/b/api/x", true],
    ["/services/**/api", "services/api/x", true],
    ["services/billing", "services/billing/x", true],
    ["services/billing", "old/services/billing/x", false],
    ["billing", "old/services/billing/x", true],
    ["Billing", "services/billing/x", false],
    ["a?c", "abc", true],
    ["a.c", "abc", false],
  ])("%s matches %s: %s", (pattern, path, expected) => {
    expect(matches(pattern, path, "github")).toBe(expected);
  });
});

describe("a pattern of GitLab", () => {
  it.each([
    ["README.md", "a/README.md", true],
    ["/README.md", "a/README.md", false],
    ["internal/README.md", "docs/internal/README.md", true],
    ["/docs/", "docs/a/b", true],
    ["docs/", "a/docs/b", true],
    ["/docs/*", "docs/a", true],
    ["/docs/*", "docs/a/b", false],
    ["/docs/**/*.md", "docs/a/b.md", true],
    ["/docs/**/*.md", "docs/b.md", true],
    ["/docs", "docs/a", false],
  ])("%s matches %s: %s", (pattern, path, expected) => {
    expect(matches(pattern, path, "gitlab")).toBe(expected);
  });
});

describe("the owners of a path", () => {
  const GITHUB = `
# everything
*                      @acme/platform
/services/billing/     @acme/team-billing @octocat  # call them first
/services/billing/docs
/with\\ blank/          @acme/blank
`;
  it.each([
    ["services/billing/", ["@acme/team-billing", "@octocat"]],
    ["services/billing/docs/", []],
    ["services/orders/", ["@acme/platform"]],
    ["", ["@acme/platform"]],
    ["with blank/x", ["@acme/blank"]],
  ])("%j are those of the last line that matches: %j", (path, expected) => {
    expect(ownersOf(GITHUB, path, "github")).toEqual(expected);
  });

  it("in GitLab are those of the last match of each section, or the section's own", () => {
    const text = `
* @acme/platform
[Billing][2] @acme/team-billing
/services/billing/
/services/billing/sql/ @acme/team-data
^[Docs] @acme/writers
*.md
`;
    expect(ownersOf(text, "services/billing/", "gitlab")).toEqual(["@acme/platform", "@acme/team-billing"]);
    expect(ownersOf(text, "services/billing/sql/a.md", "gitlab")).toEqual([
      "@acme/platform",
      "@acme/team-data",
      "@acme/writers",
    ]);
  });
});

describe("asof record service", () => {
  it("reports the owner of a path, the contact, and what else is known", async () => {
    const { url, doors } = await ledgerServer();
    const folder = newFolder();
    mkdirSync(join(folder, "services/billing"), { recursive: true });
    const file = join(folder, "CODEOWNERS");
    writeFileSync(file, "* @acme/platform\n/services/billing/ ann@acme.example @ann @acme/team-billing\n");
    const env = { ASOF_URL: url, ASOF_TOKEN: tokenOf("writer") };
    const args = ["record", "service", "--service", "acme/billing", "--codeowners", file];
    const more = ["--path", "services/billing/", "--contact", "#billing-oncall", "--database", "billing"];
    const { code, err } = await asof([...args, ...more], env, NOW);
    expect([code, err]).toEqual([0, ""]);
    const { json } = await doors.client("reader").get("/v1/services");
    expect(json).toMatchObject({
      services: [
        {
          service: "acme/billing",
          owner: "acme/team-billing",
          contact: "#billing-oncall",
          databases: ["billing"],
        },
      ],
    });
  });

  it.each([
    ["* @octocat ann@acme.example\n", ". is owned by persons, and by no team: give --owner"],
    ["/other/ @acme/team\n", "nobody owns .: give --owner"],
  ])("refuses a file without a team: %j", async (text, why) => {
    const file = join(newFolder(), "CODEOWNERS");
    writeFileSync(file, text);
    const args = ["record", "service", "--service", "acme/billing", "--codeowners", file, "--dry-run"];
    const { code, err } = await asof(args, {}, NOW);
    expect(code).toBe(1);
    expect(err).toContain(why);
  });
});
