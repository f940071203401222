import { describe, expect, it } from "vitest";
import { proposedHosts, renamedSince, withinHosts } from "../../functions/plan/hosts.ts";
import { command } from "../../functions/plan/shell.ts";
import type { Step } from "../../schemas/plan.ts";

const step = (...argv: string[]): Step => ({
  n: 1,
  does: "deploy",
  title: "deploy",
  why: "It does.",
  commands: [command("tool", ...argv)],
});
const isLeftOut = (given: Step, hosts = {}) => withinHosts([given], hosts).warnings.length > 0;

describe("hosts for the list", () => {
  const sources = [
    "/webhooks/github/github.acme.example/acme/billing",
    "/webhooks/gitlab/@team/gitlab.acme.example/acme",
    "/webhooks/github/github.com/acme/billing",
    "/webhooks/harbor/harbor.acme.example",
    "/webhooks/kubernetes/eu-1",
    "/ci/github/evil.example",
  ];

  it("are proposed where a verified webhook comes from them", () => {
    expect(proposedHosts(sources)).toEqual({ forges: ["github.acme.example", "gitlab.acme.example"] });
    expect(proposedHosts(sources, { registries: ["ghcr.io"] })?.registries).toEqual(["harbor.acme.example"]);
  });

  it("are not proposed where they are listed", () => {
    const forges = ["github.acme.example", "gitlab.acme.example", "github.com"];
    expect(proposedHosts(sources, { forges, registries: ["harbor.acme.example"] })).toBeUndefined();
  });
});

describe("the commands of a plan", () => {
  it.each([
    ["a run on GitHub", step("gh", "run", "rerun", "1", "--repo=evil.example/acme/billing")],
    [
      "a deployment on GitHub",
      step("gh", "api", "--hostname=evil.example", "repos/acme/billing/deployments"),
    ],
    ["a job on GitLab", step("glab", "ci", "retry", "7", "--repo=https://evil.example/acme/billing")],
    [
      "a pipeline on GitLab",
      step("glab", "api", "--hostname=gitlab.com.evil.example", "projects/x/pipeline"),
    ],
  ])("name no forge that is not listed: %s", (_, given) => {
    const { steps, warnings } = withinHosts([given]);
    expect(steps[0]?.commands).toEqual([]);
    expect(steps[0]?.why).toContain("By hand: ");
    expect(warnings).toMatchObject([{ code: "host_not_listed" }]);
    expect(isLeftOut(given, { forges: ["evil.example", "gitlab.com.evil.example"] })).toBe(false);
  });

  it("name the public forges where none are listed, and only those listed where some are", () => {
    const github = step("gh", "run", "rerun", "1", "--repo=github.com/acme/billing");
    expect(withinHosts([github])).toEqual({ steps: [github], warnings: [] });
    expect(isLeftOut(github, { forges: ["github.acme.example"] })).toBe(true);
  });

  it("copy between listed registries alone, where some are listed", () => {
    const copy = step("skopeo", "copy", "--all", "docker://evil.example/a@x", "docker://ghcr.io/a");
    expect(isLeftOut(copy)).toBe(false);
    expect(isLeftOut(copy, { registries: ["ghcr.io"] })).toBe(true);
    expect(isLeftOut(copy, { registries: ["ghcr.io", "evil.example"] })).toBe(false);
  });
});

describe("a rename", () => {
  const [from, to] = ["ghcr.io/acme/billing", "ghcr.io/pay/billing"];
  const released = (repository: string, at: string) =>
    renamedSince([{ from, to, at: "2026-10-20T08:00:00.000Z##x" }], { at, components: [{ repository }] });

  it("since a release is warned of, with the name of then", () => {
    expect(released(to, "2026-10-19T00:00:00.000Z")).toMatchObject([
      { code: "renamed_since", message: expect.stringContaining(from) },
    ]);
  });

  it("before a release, or of another repository, is not", () => {
    expect(released(to, "2026-10-21T00:00:00.000Z")).toEqual([]);
    expect(released("ghcr.io/acme/web", "2026-10-19T00:00:00.000Z")).toEqual([]);
  });
});
