/** Argo CD as an executor: against a server that takes what Argo CD's published description allows. */
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { withoutExecutor } from "../../functions/reactions/executors/executors.ts";
import { LookAgain } from "../../functions/reactions/reaction.ts";
import { configuration } from "../../functions/runtime/config/environment.ts";
import { Plan } from "../../schemas/plan.ts";
import { cleanUp, NOW } from "../http/given.ts";
import { type ArgoServer, argoServer } from "./argocd-server.ts";
import { type AskedBack, askedBack, PLACE, reporting } from "./asked-back.ts";

const TOKEN = "a-token-that-nobody-may-see";
const THEN = "a".repeat(40);
const AUTOMATED = { prune: true, selfHeal: true };

const stops: (() => Promise<void>)[] = [];
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(NOW) }));
afterEach(async () => {
  vi.useRealTimers();
  for (const stop of stops.splice(0)) await stop();
});
afterAll(cleanUp);

const byArgo = {
  deployment: { provider: "argocd", instance: "argocd", id: "uid-1/2026-11-10T09:00:00Z" },
};
const AT_REVISION = {
  ...byArgo,
  config: [{ repository: "https://github.com/acme/deploy", revision: THEN, path: "billing" }],
};

async function given(deployment: object = AT_REVISION, automated: object | undefined = AUTOMATED) {
  const server = await argoServer(automated);
  stops.push(server.stop);
  const asked = await askedBack({ deployment });
  const executor = { kind: "argocd", url: server.address, token: TOKEN };
  /** Another process each time: nothing but the ledger and Argo CD knows what was begun. */
  const react = () => asked.executing(executor).react(asked.heard);
  return { server, ...asked, react };
}
type Given = Awaited<ReturnType<typeof given>>;

/** It has begun, and looks again. */
const goesOn = ({ react }: Given) => expect(react()).rejects.toThrow(LookAgain);

async function reported({ admin, setNow }: AskedBack): Promise<void> {
  setNow("2026-11-22T09:02:00.000Z");
  vi.setSystemTime(Date.parse("2026-11-22T09:02:00.000Z"));
  await admin.say(reporting("2026-11-22T09:01:30.000Z"));
}

const syncsOf = ({ asked }: ArgoServer) => asked.filter(({ verb }) => verb !== "patch");

describe("Argo CD", () => {
  it("is held and synced to the revision of then, and the end is what the ledger shows", async () => {
    const one = await given();
    await goesOn(one);
    const { application, asked, authorizations, operate } = one.server;
    expect(asked.map(({ verb }) => verb)).toEqual(["patch", "sync"]);
    expect(asked[1]?.body).toEqual({ name: "billing", appNamespace: "argocd", revision: THEN });
    expect(application.spec.syncPolicy).toEqual({});
    expect(new Set(authorizations)).toEqual(new Set([`Bearer ${TOKEN}`]));
    await goesOn(one);
    operate("Running");
    await goesOn(one);
    application.status.health = { status: "Progressing" };
    operate("Succeeded", { finishedAt: "2026-11-22T09:01:00Z" });
    await goesOn(one);
    application.status.health = { status: "Healthy" };
    await goesOn(one);
    await reported(one);
    await one.react();
    expect(await one.status()).toMatchObject({ status: "succeeded" });
    expect(syncsOf(one.server)).toHaveLength(1);
    expect(`${one.logged()}${JSON.stringify(await one.status())}`).not.toContain(TOKEN);
  });

  it("tells that auto-sync is off, and what it was, where nobody reported it", async () => {
    const one = await given();
    await goesOn(one);
    one.server.operate("Succeeded", { finishedAt: "2026-11-22T09:01:00Z" });
    one.setNow("2026-11-22T09:03:01.000Z");
    vi.setSystemTime(Date.parse("2026-11-22T09:03:01.000Z"));
    await one.react();
    const { status, why } = await one.status();
    expect(status).toBe("failed");
    expect(why).toMatch(/^it was deployed, and two minutes later the ledger shows sha256:/);
    expect(why).toContain("auto-sync of argocd/billing is off");
  });

  it("rolls back by its history where no revision is known", async () => {
    const one = await given(byArgo);
    await goesOn(one);
    expect(syncsOf(one.server)).toEqual([
      { verb: "rollback", body: { name: "billing", appNamespace: "argocd", id: 3 } },
    ]);
    one.server.operate("Running");
    await goesOn(one);
    expect(syncsOf(one.server)).toHaveLength(1);
  });

  it("changes nothing where its history has no such sync any more", async () => {
    const one = await given({
      deployment: { provider: "argocd", instance: "argocd", id: "uid-1/2026-01-10T09:00:00Z" },
    });
    await one.react();
    expect(one.server.asked).toEqual([]);
    expect((await one.status()).why).toBe(
      "Argo CD's history of billing has no sync of 2026-01-10T09:00:00Z any more",
    );
  });

  it("goes on where a process was killed between holding auto-sync and the sync, and keeps the policy", async () => {
    const one = await given();
    one.server.refusals.push({ status: 0 }, { status: 503 });
    await expect(one.react()).rejects.toThrow(`${one.server.host} answers 503`);
    expect(one.server.application.spec.syncPolicy).toEqual({});
    await goesOn(one);
    expect(one.server.asked.map(({ verb }) => verb)).toEqual(["patch", "sync", "patch", "sync"]);
    const kept = one.server.application.metadata.annotations?.["asof.dev/held"] ?? "";
    expect(JSON.parse(kept)).toMatchObject({ redeployment: one.redeployment.id, automated: AUTOMATED });
  });

  it("gets its auto-sync back where it refuses the sync", async () => {
    const one = await given();
    const body = JSON.stringify({ code: 7, message: "permission denied: applications, sync" });
    one.server.refusals.push({ status: 0 }, { status: 403, body });
    await one.react();
    const why = `${one.server.host} answers 403: permission denied: applications, sync`;
    expect(await one.status()).toMatchObject({ status: "failed", why });
    expect(one.server.application.spec.syncPolicy).toEqual({ automated: AUTOMATED });
    expect(one.server.application.metadata.annotations).toEqual({});
  });

  it("is not followed elsewhere", async () => {
    const one = await given();
    const elsewhere = await argoServer();
    stops.push(elsewhere.stop);
    one.server.refusals.push({ status: 302, headers: { location: elsewhere.address } });
    await one.react();
    expect((await one.status()).why).toBe(`${one.server.host} answers 302`);
    expect(elsewhere.authorizations).toEqual([]);
  });

  it("fails with the message of its sync, and stays held", async () => {
    const one = await given();
    await goesOn(one);
    one.server.operate("Failed", { message: "one or more objects failed to apply" });
    await one.react();
    const { status, why } = await one.status();
    expect(status).toBe("failed");
    expect(why).toContain("Argo CD's sync ended with Failed: one or more objects failed to apply; auto-sync");
    expect(one.server.application.spec.syncPolicy).toEqual({});
  });

  it("fails where it is not healthy ten minutes after its sync", async () => {
    const one = await given();
    await goesOn(one);
    one.server.application.status.health = { status: "Degraded", message: "crashes" };
    one.server.operate("Succeeded", { finishedAt: "2026-11-22T09:01:00Z" });
    for (const [time, isOver] of [
      ["2026-11-22T09:10:59.000Z", false],
      ["2026-11-22T09:11:00.000Z", true],
    ] as const) {
      one.setNow(time);
      vi.setSystemTime(Date.parse(time));
      await (isOver ? one.react() : goesOn(one));
    }
    expect((await one.status()).why).toBe("Argo CD synced it, and it is Degraded ten minutes later: crashes");
  });

  it("fails where somebody else's sync took its place", async () => {
    const one = await given();
    await goesOn(one);
    one.server.application.operation = { sync: { revision: "c".repeat(40) } };
    one.server.operate("Running");
    await one.react();
    expect(await one.status()).toMatchObject({
      status: "failed",
      why: "another sync of Argo CD took its place",
    });
  });

  it("is asked nothing of a redeployment that was cancelled, or that somebody else has taken", async () => {
    const cancelled = await given();
    const { id } = cancelled.redeployment;
    const answer = await cancelled.admin.post(`/v1/redeployments/${id}/cancel`, { reason: "found it" });
    expect(answer.status).toBe(201);
    await cancelled.react();
    const taken = await given();
    await taken.admin.post(`/v1/redeployments/${taken.redeployment.id}/take`, {});
    await taken.react();
    for (const one of [cancelled, taken]) expect(one.server.asked).toEqual([]);
    expect(await taken.status()).toMatchObject({ status: "requested" });
  });

  describe("gets its auto-sync back", () => {
    const synced = async () => {
      const one = await given();
      await goesOn(one);
      one.server.operate("Failed", { message: "it does not apply" });
      await one.react();
      return one;
    };
    const hears = (one: Given, kind: string) =>
      one
        .executing({ kind: "argocd", url: one.server.address, token: TOKEN })
        .react({ ...one.heard, kind, id: "another" });

    it("when the freeze of its redeployment ends, and not before", async () => {
      const one = await synced();
      await hears(one, "redeployment.ended");
      expect(one.server.application.spec.syncPolicy).toEqual({});
      one.setNow("2026-11-22T09:30:00.000Z");
      expect((await one.admin.post("/v1/freezes/end", PLACE)).status).toBe(201);
      await hears(one, "environment.unfrozen");
      expect(one.server.application.spec.syncPolicy).toEqual({ automated: AUTOMATED });
      expect(one.server.application.metadata.annotations).toEqual({});
    });

    it("when its redeployment is cancelled after it began", async () => {
      const one = await given();
      await goesOn(one);
      one.setNow("2026-11-22T09:30:00.000Z");
      const path = `/v1/redeployments/${one.redeployment.id}/cancel`;
      expect((await one.admin.post(path, { reason: "found it" })).status).toBe(201);
      await hears(one, "redeployment.ended");
      expect(one.server.application.spec.syncPolicy).toEqual({ automated: AUTOMATED });
      await one.react();
      expect(syncsOf(one.server)).toHaveLength(1);
    });
  });

  it("carries out only plans that deploy with it, which the ledger knows before it is requested", async () => {
    const { executors } = configuration({
      ASOF_EXECUTORS: JSON.stringify([{ kind: "argocd", url: "https://argocd.acme.example", token: TOKEN }]),
    });
    const planOf = async (deployment: object) => {
      const one = await askedBack({ deployment });
      return Plan.parse((await one.admin.get(one.redeployment.plan)).json);
    };
    expect(withoutExecutor(executors, await planOf(AT_REVISION))).toBeUndefined();
    expect(withoutExecutor(executors, await planOf({}))).toBe(
      "its executor (argocd) does not run it: the plan does not deploy with Argo CD",
    );
    const plan = await planOf(AT_REVISION);
    const steps = plan.steps.map((step) => ({
      ...step,
      does: step.n === 1 ? ("revert" as const) : step.does,
    }));
    expect(withoutExecutor(executors, { ...plan, steps })).toContain(
      "its executor (argocd) runs only steps of the kinds deploy and check, but step 1 is revert",
    );
  });
});
