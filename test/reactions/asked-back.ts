/** A service whose second release is broken, in a ledger in this process; and a click that asks the first one back. */

import { executors } from "../../functions/reactions/executors/executors.ts";
import { asofOver, type Send } from "../../functions/reactions/ledger-client.ts";
import type { Heard, Reaction } from "../../functions/reactions/reaction.ts";
import { configuration } from "../../functions/runtime/config/environment.ts";
import { Plan } from "../../schemas/plan.ts";
import { Redeployment, Redeployments } from "../../schemas/redeployment.ts";
import { type Client, event } from "../client.ts";
import { type GivenDoors, givenDoors, NOW, tokenOf } from "../http/given.ts";
import { digestOf } from "../ledger/given.ts";

export const PLACE = { environment: "production", service: "acme/billing" };
export const REPOSITORY = "ghcr.io/acme/billing";
export const ONE = digestOf("one");
export const TWO = digestOf("two");

const daysBefore = (now: string, days: number): string =>
  new Date(Date.parse(now) - days * 86_400_000).toISOString();

const main = (digest: string) => [{ component: "main", repository: REPOSITORY, digest }];

/** Tells of a release of twelve days ago, and of one of two days ago. @param more what their deployments say beside */
export async function tellReleases(admin: Client, now: string, more: object = {}): Promise<void> {
  for (const [days, digest] of [
    [12, ONE],
    [2, TWO],
  ] as const) {
    const time = daysBefore(now, days);
    const deployment = { provider: "test", instance: "here", id: digest };
    const said = { ...PLACE, deployment, components: main(digest), ...more };
    await admin.sayAll([
      event("artifact.pushed", `${digest}/p`, time, { repository: REPOSITORY, digest }),
      event("deployment.succeeded", `${digest}/d`, time, said),
    ]);
  }
}

/** A migration that came with the second release, and can be reverted. */
export const migrated = (now: string) =>
  event("migration.applied", "migration", daysBefore(now, 2), {
    environment: PLACE.environment,
    service: PLACE.service,
    database: "billing",
    version: "20261012093000_add_iban.js",
    tool: "knex",
    reversible: true,
    losesData: false,
    oldCodeRuns: false,
    image: TWO,
  });

/** Asks for what ran a week ago, as whoever looked at the plan. @param schema what becomes of it, where the plan asks */
export async function click(
  operator: Client,
  now: string,
  { schema, ...more }: { readonly schema?: "revert"; readonly timeoutSeconds?: number } = {},
): Promise<Redeployment> {
  const question = { at: daysBefore(now, 7), ...(schema === undefined ? {} : { schema }) };
  const plan = Plan.parse((await operator.get("/v1/plan", { ...PLACE, ...question })).json);
  const looked = { expectedCurrent: TWO, planHash: plan.hash, reason: "rounds wrongly" };
  const body = { ...PLACE, ...question, ...looked, ...more };
  const answer = await operator.post("/v1/redeployments", body, { "idempotency-key": "click-1" });
  const [redeployment] = Redeployments.parse(answer.json).redeployments;
  if (redeployment === undefined) throw new Error(`nothing was asked back: ${answer.text}`);
  return redeployment;
}

/** A deployment of its image since then, that names it. */
export const deploying = (kind: "started" | "succeeded", { id }: Redeployment, time: string) =>
  event(`deployment.${kind}`, `${id}/${kind}`, time, {
    ...PLACE,
    deployment: { provider: "test", instance: "here", id },
    components: main(ONE),
    redeployment: id,
  });

/** A report of its image that does not name it, as of a deployer that knows no ledger. */
export const reporting = (time: string) =>
  event("deployment.succeeded", "reported", time, {
    ...PLACE,
    deployment: { provider: "test", instance: "here", id: "reported" },
    components: main(ONE),
  });

export const statusOf = async (client: Client, { id }: Redeployment): Promise<Redeployment> =>
  Redeployment.parse((await client.get(`/v1/redeployments/${id}`)).json);

export interface AskedBack extends GivenDoors {
  readonly admin: Client;
  readonly redeployment: Redeployment;
  readonly status: () => Promise<Redeployment>;
  readonly heard: Heard;
  /** The reaction of these executors, as they are configured. */
  readonly executing: (...list: readonly object[]) => Reaction;
}

interface Told {
  /** What the deployments say beside. */
  readonly deployment?: object;
  readonly events?: readonly object[];
  readonly click?: Parameters<typeof click>[2];
  /** What stands between the executors and the ledger. */
  readonly between?: (send: Send, given: GivenDoors) => Send;
  /** How long an executor may take to answer. */
  readonly timeoutMs?: number;
  /** The executors that the ledger is configured with: plans may name their hosts. */
  readonly executors?: readonly object[];
}

export async function askedBack(told: Told = {}): Promise<AskedBack> {
  const { hosts } = configuration({ ASOF_EXECUTORS: JSON.stringify(told.executors ?? []) });
  const given = givenDoors({ hosts });
  const admin = given.client("admin");
  await tellReleases(admin, NOW, told.deployment);
  await admin.sayAll(told.events ?? []);
  const redeployment = await click(given.client("operator"), NOW, told.click);
  const { between = (send) => send, timeoutMs = 10_000 } = told;
  const send = between(async (path, init) => given.app.request(path, init), given);
  const asof = asofOver(send, tokenOf("executor"));
  return {
    ...given,
    admin,
    redeployment,
    status: () => statusOf(admin, redeployment),
    heard: { kind: "redeployment.requested", id: redeployment.id, ...PLACE },
    executing: (...list) => {
      const settings = configuration({ ASOF_EXECUTORS: JSON.stringify(list) });
      return executors(settings.executors, { asof, now: given.ledger.now, log: given.ledger.log, timeoutMs });
    },
  };
}
