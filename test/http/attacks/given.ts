/** A ledger with a history of production, another of staging, and tokens that are bound to staging. */
import { expect } from "vitest";
import { parseTokens } from "../../../functions/ledger/authority/authority.ts";
import { Plan } from "../../../schemas/plan.ts";
import { Redeployments } from "../../../schemas/redeployment.ts";
import { event } from "../../client.ts";
import { digestOf } from "../../ledger/given.ts";
import { type GivenDoors, givenDoors, NOW } from "../given.ts";

export const token = (name: string) => `${name}-token-that-nobody-may-see`;
const OF_STAGING = "environments=staging:repositories=ghcr.io/acme/staging:commits=github.com/acme/staging";
const TOKENS = [
  `admin:admin:${token("admin")}`,
  `writer:bare:${token("bare")}:environments=staging`,
  `writer:team:${token("team")}:${OF_STAGING}`,
  `writer:sourced:${token("sourced")}:${OF_STAGING}:sources=/ci/team`,
  `reader:reader:${token("reader")}:${OF_STAGING}`,
  `auditor:auditor:${token("auditor")}:${OF_STAGING}`,
  `operator:operator:${token("operator")}:${OF_STAGING}`,
  `executor:executor:${token("executor")}:${OF_STAGING}`,
  `operator:web:${token("web")}:services=acme/web|acme/wbe`,
  `admin:chief:${token("chief")}:${OF_STAGING}`,
  `auditor:prod:${token("prod")}:environments=production:repositories=ghcr.io/acme/billing|ghcr.io/acme/web:commits=github.com/acme/billing`,
].join(",");
export const BASIC = `Basic ${Buffer.from("staging:secret-of-team").toString("base64")}`;

export const OLD = digestOf("old");
export const REAL = digestOf("real");
export const OWN = digestOf("own");
export const EVIL = digestOf("evil");
export const SHA = "4be1".padEnd(40, "0");
export const OWN_SHA = "bad1".padEnd(40, "0");
const FORGE = "https://github.com/acme/billing";
export const OWN_FORGE = "https://github.com/acme/staging";
export const REPOSITORY = "ghcr.io/acme/billing";
export const OURS = "ghcr.io/acme/staging/billing";
export const PROD = { environment: "production", service: "acme/billing" };
export const STAGE = { environment: "staging", service: "acme/billing" };
export const run = (id: string) => ({ provider: "github", instance: "github.com", id });
export const main = (digest: string, repository = REPOSITORY) => [{ component: "main", repository, digest }];

export const day = (n: number, hour = 8) =>
  `2026-10-${String(n).padStart(2, "0")}T${String(hour).padStart(2, "0")}:00:00Z`;
type Said = readonly [kind: string, time: string, data: object];

const HISTORY: readonly Said[] = [
  ["artifact.pushed", day(1), { digest: OLD, repository: REPOSITORY, tag: "1.3" }],
  ["artifact.pushed", day(5), { digest: REAL, repository: REPOSITORY, tag: "1.4" }],
  [
    "artifact.built",
    day(5),
    { digest: REAL, repository: REPOSITORY, commit: { repository: FORGE, sha: SHA }, evidence: "declared" },
  ],
  [
    "change.merged",
    day(4),
    { repository: FORGE, number: 7, head: SHA, mergeCommit: SHA, authors: ["mona"], title: "round" },
  ],
  [
    "evidence.attached",
    day(4, 9),
    {
      type: "review",
      verdict: "approved",
      by: "hubot",
      change: { repository: FORGE, number: 7 },
      commit: SHA,
    },
  ],
  ["evidence.attached", day(5, 9), { digest: REAL, repository: REPOSITORY, type: "test", verdict: "passed" }],
  [
    "service.described",
    day(1),
    {
      service: "acme/billing",
      environments: ["production"],
      owner: "team-billing",
      images: [REPOSITORY],
      databases: ["billing"],
      deployTool: "helm",
    },
  ],
  [
    "migration.applied",
    day(2),
    { environment: "production", database: "billing", version: "1", service: "acme/billing" },
  ],
  [
    "migration.applied",
    day(6),
    {
      environment: "production",
      database: "billing",
      version: "2",
      service: "acme/billing",
      reversible: true,
    },
  ],
  ["deployment.succeeded", day(2), { ...PROD, deployment: run("1"), components: main(OLD) }],
  [
    "deployment.started",
    day(6),
    { ...PROD, deployment: run("2"), components: main(REAL), commit: { repository: FORGE, sha: SHA } },
  ],
  [
    "deployment.succeeded",
    day(6, 9),
    {
      ...PROD,
      deployment: run("2"),
      components: main(REAL),
      commit: { repository: FORGE, sha: SHA },
      cluster: "eu-1",
      group: "live",
    },
  ],
  ["task.observed", day(6, 10), { ...PROD, deployment: run("2"), component: "main", digest: REAL }],
  ["deployment.observed", day(7), { ...PROD, components: main(REAL) }],
  [
    "deployment.succeeded",
    day(6),
    {
      environment: "production",
      service: "acme/web",
      deployment: run("3"),
      components: [{ component: "main", tag: "7" }],
    },
  ],
  ["change.noted", day(8), { ...PROD, type: "flag", title: "rounding on" }],
  ["incident.opened", day(9), { ...PROD, incident: "INC-1", title: "prices" }],
  ["deployment.started", day(20), { ...PROD, deployment: run("9"), components: main(OLD) }],
];
const OURS_HISTORY: readonly Said[] = [
  ["artifact.pushed", day(5), { digest: OWN, repository: OURS, tag: "1.4" }],
  ["artifact.pushed", day(5), { digest: EVIL, repository: OURS, tag: "evil" }],
  ["deployment.succeeded", day(6), { ...STAGE, deployment: run("s1"), components: main(OWN, OURS) }],
  [
    "migration.applied",
    day(6),
    { environment: "staging", database: "billing", version: "2", service: "acme/billing" },
  ],
];

export interface Given extends GivenDoors {
  readonly as: (name: string) => ReturnType<GivenDoors["stranger"]>;
  /** The redeployment that was requested in production. */
  readonly id: string;
}

/** What the ledger holds beside staging: all of production, nothing of it, or what the service `acme/web` and images are. */
export type Production = "all" | "nothing" | "web";

const isOfBilling = (data: object): boolean => "service" in data && data.service === PROD.service;

/** Asks for production's release of the third day back. Returns the redeployment's id. */
async function redeployed(as: Given["as"]): Promise<string> {
  const asked = { ...PROD, at: day(3), schema: "keep" } as const;
  const plan = Plan.parse((await as("admin").get("/v1/plan", asked)).json);
  const body = { ...asked, planHash: plan.hash, expectedCurrent: REAL, reason: "prices" };
  const { json } = await as("admin").post("/v1/redeployments", body, { "idempotency-key": "r" });
  const [redeployment] = Redeployments.parse(json).redeployments;
  return redeployment?.id ?? "";
}

export async function given(production: Production): Promise<Given> {
  const clock = { now: NOW };
  const doors = givenDoors({
    secrets: () =>
      Promise.resolve({
        tokens: parseTokens(TOKENS),
        webhooks: {
          distribution: [{ secret: BASIC, name: "team", repositories: ["ghcr.io/acme/staging"] }],
        },
      }),
    // It stands: answers are compared byte for byte.
    now: () => new Date(clock.now),
    gatePolicy: [{ environment: "production", require: ["approved_by_another", "tests_passed"] }],
  });
  const as = (name: string) => doors.stranger(token(name));
  const tell = async (history: readonly Said[], source: string) => {
    for (const [n, [kind, time, data]] of history.entries())
      if (production === "all" || source === "/ci/staging" || !isOfBilling(data))
        expect(await as("admin").say(event(kind, `${n}`, time, data, source))).toMatchObject({ status: 201 });
  };
  if (production !== "nothing") {
    await tell(HISTORY, "/ci/production");
    const freeze = { environment: "production", service: "acme/web", reason: "audit" };
    await as("admin").post("/v1/freezes", freeze, { "idempotency-key": "f" });
  }
  await tell(OURS_HISTORY, "/ci/staging");
  const id = production === "all" ? await redeployed(as) : "none";
  clock.now = "2026-11-22T10:00:00.000Z";
  return { ...doors, as, id };
}
