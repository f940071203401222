/** What somebody reports with tokens of staging. */
import { type Answer, type Client, event } from "../../client.ts";
import {
  day,
  EVIL,
  type Given,
  main,
  OLD,
  OURS,
  OWN_FORGE,
  OWN_SHA,
  PROD,
  REAL,
  REPOSITORY,
  run,
  SHA,
  STAGE,
} from "./given.ts";

export interface Attack {
  readonly what: string;
  /** The token's name. */
  readonly by: string;
  readonly does: (ledger: Given, as: Client) => Promise<Answer>;
}

const tells =
  (kind: string, data: object | ((redeployment: string) => object), source = "/ci/team"): Attack["does"] =>
  ({ id }, as) =>
    as.say(event(kind, "evil", day(21), typeof data === "function" ? data(id) : data, source));

export const STATEMENTS: readonly Attack[] = [
  {
    what: "a deployment in its environment that carries production's id",
    by: "team",
    does: tells("deployment.succeeded", { ...STAGE, deployment: run("2"), components: main(EVIL, OURS) }),
  },
  {
    what: "a removal in its environment that names production's deployment",
    by: "team",
    does: tells("deployment.removed", { ...STAGE, deployment: run("2") }),
  },
  {
    what: "a failure in its environment of production's deployment",
    by: "team",
    does: tells("deployment.failed", { ...STAGE, deployment: run("2"), components: main(REAL) }),
  },
  {
    what: "a task of production's deployment",
    by: "team",
    does: tells("task.observed", { ...STAGE, deployment: run("2"), component: "main", digest: EVIL }),
  },
  {
    what: "a task of a rollout that is under way",
    by: "bare",
    does: tells("task.observed", { ...STAGE, deployment: run("9"), component: "main", digest: EVIL }),
  },
  {
    what: "a look at production's image",
    by: "bare",
    does: tells("deployment.observed", { ...STAGE, deployment: run("2"), components: main(EVIL) }),
  },
  {
    what: "a deployment that names production's redeployment",
    by: "team",
    does: tells("deployment.succeeded", (id) => ({
      ...STAGE,
      deployment: run("77"),
      components: main(OLD),
      redeployment: id,
    })),
  },
  {
    what: "a failed deployment that names it",
    by: "team",
    does: tells("deployment.failed", (id) => ({
      ...STAGE,
      deployment: run("77"),
      components: main(OLD),
      redeployment: id,
    })),
  },
  {
    what: "a deployment that joins production's group",
    by: "bare",
    does: tells("deployment.succeeded", {
      ...STAGE,
      group: "live",
      deployment: run("78"),
      components: main(EVIL),
    }),
  },
  {
    what: "a look that joins production's group",
    by: "bare",
    does: tells("deployment.observed", { ...STAGE, group: "LIVE", components: main(EVIL) }),
  },
  {
    what: "a deployment in production's cluster",
    by: "bare",
    does: tells("deployment.succeeded", {
      ...STAGE,
      cluster: "eu-1",
      deployment: run("79"),
      components: main(EVIL),
    }),
  },
  {
    what: "the end of production's incident",
    by: "bare",
    does: tells("incident.resolved", { ...STAGE, incident: "INC-1", title: "prices" }),
  },
  {
    what: "the end of production's incident, from its source",
    by: "bare",
    does: tells("incident.resolved", { ...STAGE, incident: "INC-1", title: "prices" }, "/ci/production"),
  },
  {
    what: "an incident that names no place",
    by: "team",
    does: tells("incident.opened", { incident: "INC-2", title: "all is down" }),
  },
  {
    what: "a migration that names production's image",
    by: "team",
    does: tells("migration.applied", {
      environment: "staging",
      database: "billing",
      version: "99",
      image: REAL,
      service: "acme/billing",
    }),
  },
  {
    what: "a snapshot without production's migrations",
    by: "bare",
    does: tells("migration.snapshot", {
      environment: "staging",
      database: "billing",
      mode: "set",
      versions: [],
    }),
  },
  {
    what: "that production's image needs a schema that is not there",
    by: "team",
    does: tells("artifact.built", {
      repository: OURS,
      digest: REAL,
      commit: { repository: OWN_FORGE, sha: OWN_SHA },
      evidence: "declared",
      requires: [{ database: "billing", version: "99" }],
    }),
  },
  {
    what: "another build of production's commit",
    by: "team",
    does: tells("artifact.built", {
      repository: OURS,
      digest: EVIL,
      commit: { repository: OWN_FORGE, sha: SHA },
      evidence: "declared",
    }),
  },
  {
    what: "a build that says it is SLSA",
    by: "team",
    does: tells("artifact.built", {
      repository: OURS,
      digest: REAL,
      commit: { repository: OWN_FORGE, sha: OWN_SHA },
      evidence: "slsa",
      verified: true,
    }),
  },
  {
    what: "a build for production's service",
    by: "team",
    does: tells("artifact.built", {
      digest: EVIL,
      service: "acme/billing",
      commit: { repository: OWN_FORGE, sha: SHA },
      evidence: "declared",
    }),
  },
  {
    what: "a merge of production's commit in its own repository",
    by: "team",
    does: tells("change.merged", {
      repository: OWN_FORGE,
      number: 1,
      head: SHA,
      mergeCommit: SHA,
      authors: ["hubot"],
      title: "mine",
    }),
  },
  {
    what: "a merge in a path that climbs out",
    by: "team",
    does: tells("change.merged", {
      repository: "https://github.com/acme/staging/../billing",
      number: 7,
      head: SHA,
      mergeCommit: SHA,
      authors: ["hubot"],
      title: "mine",
    }),
  },
  {
    what: "a rejection of production's commit in its own change",
    by: "team",
    does: tells("evidence.attached", {
      change: { repository: OWN_FORGE, number: 1 },
      commit: SHA,
      type: "review",
      verdict: "rejected",
      by: "mona",
    }),
  },
  {
    what: "a failed test of production's commit",
    by: "team",
    does: tells("evidence.attached", { commit: SHA, type: "test", verdict: "failed" }),
  },
  {
    what: "a failed test of production's image in its own repository",
    by: "team",
    does: tells("evidence.attached", { digest: REAL, repository: OURS, type: "test", verdict: "failed" }),
  },
  {
    what: "a delete of production's image in its own repository",
    by: "team",
    does: tells("artifact.deleted", { repository: OURS, digest: REAL, what: "manifest" }),
  },
  {
    what: "a push in a repository that begins like its own",
    by: "team",
    does: tells("artifact.pushed", { repository: "ghcr.io/acme/staging-billing", digest: EVIL, tag: "1.4" }),
  },
  {
    what: "a push to production's repository, in capitals",
    by: "team",
    does: tells("artifact.pushed", { repository: "ghcr.io/acme/Billing", digest: EVIL, tag: "1.4" }),
  },
  {
    what: "an index in production's repository",
    by: "team",
    does: tells("artifact.indexed", { repository: REPOSITORY, digest: EVIL, manifests: [{ digest: REAL }] }),
  },
  {
    what: "a description that lists production's places",
    by: "bare",
    does: tells("service.described", {
      service: "acme/billing",
      environments: ["staging"],
      places: [{ environment: "production", clusters: [{ cluster: "evil" }] }],
    }),
  },
  {
    what: "a description of where it runs, in its place alone",
    by: "bare",
    does: tells("service.described", {
      service: "acme/billing",
      owner: "evil",
      databases: ["none"],
      deployTool: "evil",
    }),
  },
  {
    what: "an environment whose name looks the same",
    by: "bare",
    does: tells("deployment.succeeded", {
      environment: "prod\u200buction",
      service: "acme/billing",
      deployment: run("80"),
      components: main(EVIL),
    }),
  },
  {
    what: "an environment in capitals",
    by: "bare",
    does: tells("deployment.succeeded", {
      environment: "PRODUCTION",
      service: "acme/billing",
      deployment: run("80"),
      components: main(EVIL),
    }),
  },
  {
    what: "a statement under production's identity",
    by: "sourced",
    does: (_, as) =>
      as.say(
        event(
          "deployment.succeeded",
          "11",
          day(21),
          { ...STAGE, deployment: run("81"), components: main(EVIL, OURS) },
          "/ci/production",
        ),
      ),
  },
  {
    what: "an own kind: a freeze",
    by: "team",
    does: tells("environment.frozen", { environment: "staging" }),
  },
  {
    what: "an own kind: the end of production's redeployment",
    by: "team",
    does: tells(
      "redeployment.ended",
      (id) => ({ ...PROD, redeployment: id, outcome: "failed" }),
      "/asof/redeployments",
    ),
  },
  {
    what: "a statement under the ledger's own source",
    by: "team",
    does: tells("change.noted", { ...STAGE, type: "flag", title: "x" }, "/asof/notes"),
  },
  {
    what: "a statement under a vendor's source",
    by: "team",
    does: tells(
      "change.noted",
      { ...STAGE, type: "flag", title: "x" },
      "/webhooks/github/github.com/acme/billing",
    ),
  },
  {
    what: "a batch that hides one of production among its own",
    by: "team",
    does: (_, as) =>
      as.sayAll([
        event("change.noted", "e1", day(21), { ...STAGE, type: "flag", title: "x" }, "/ci/team"),
        event("change.noted", "e2", day(21), { ...PROD, type: "flag", title: "x" }, "/ci/team"),
      ]),
  },
];
