/** Amazon ECS as an executor: the SDK's own client against a server that speaks ECS's JSON. */
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { withoutExecutor } from "../../functions/reactions/executors/executors.ts";
import { LookAgain } from "../../functions/reactions/reaction.ts";
import { configuration } from "../../functions/runtime/config/environment.ts";
import { Plan } from "../../schemas/plan.ts";
import { event } from "../client.ts";
import { cleanUp, NOW } from "../http/given.ts";
import { type AskedBack, askedBack, ONE, PLACE, REPOSITORY, reporting, TWO } from "./asked-back.ts";
import { arnOf, definitionOf, type EcsServer, ecsServer } from "./ecs-server.ts";

const stops: (() => Promise<void>)[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(NOW) });
  vi.stubEnv("AWS_ACCESS_KEY_ID", "none");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "none-that-anybody-may-see");
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  for (const stop of stops.splice(0)) await stop();
});
afterAll(cleanUp);

const IMAGE = `${REPOSITORY}@${ONE}`;
const BY_ECS = {
  deployment: { provider: "ecs", instance: "123456789012/eu-central-1/eu-1", id: "ecs-svc/1" },
  cluster: "eu-1",
};
/** The task definition of then is known. */
const AT_REVISION = { ...BY_ECS, config: [{ revision: "billing:41" }] };
/** It has a sidecar, so the description says which container is whose. */
const described = event("service.described", "described", "2026-11-01T00:00:00Z", {
  service: PLACE.service,
  deployTool: "ecs",
  workloads: [{ component: "main", workload: "billing", container: "app" }],
});

const OF_THEN = definitionOf(41, IMAGE);
const OF_NOW = definitionOf(42, `${REPOSITORY}@${TWO}`);

async function given(
  definitions = [OF_THEN, OF_NOW],
  { deployment = AT_REVISION, more = {} }: { deployment?: object; more?: object } = {},
) {
  const server = await ecsServer(42, ...definitions);
  stops.push(server.stop);
  const asked = await askedBack({ deployment, events: [described] });
  const executor = {
    ...{ kind: "ecs", region: "eu-central-1", clusters: ["eu-1"], endpoint: server.address },
    ...more,
  };
  /** Another process each time: nothing but the ledger and ECS knows what was begun. */
  const react = () => asked.executing(executor).react(asked.heard);
  return { server, ...asked, react };
}
type Given = Awaited<ReturnType<typeof given>>;

const goesOn = ({ react }: Given) => expect(react()).rejects.toThrow(LookAgain);
const operationsOf = ({ asked }: EcsServer) => asked.map(({ operation }) => operation);
const newest = ({ service }: EcsServer) => service.deployments[0] ?? expect.fail("nothing was deployed");

function at({ setNow }: AskedBack, time: string): void {
  setNow(time);
  vi.setSystemTime(Date.parse(time));
}

const secondsOf = (time: string): number => Date.parse(time) / 1000;

describe("Amazon ECS", () => {
  it("deploys the task definition of then as it is, and the end is what the ledger shows", async () => {
    const one = await given();
    await goesOn(one);
    const taskDefinition = arnOf("billing:41");
    expect(one.server.asked).toEqual([
      { operation: "UpdateService", body: { cluster: "eu-1", service: "billing", taskDefinition } },
    ]);
    await goesOn(one);
    Object.assign(newest(one.server), {
      rolloutState: "COMPLETED",
      updatedAt: secondsOf("2026-11-22T09:01:00Z"),
    });
    at(one, "2026-11-22T09:02:00.000Z");
    await goesOn(one);
    await one.admin.say(reporting("2026-11-22T09:01:30.000Z"));
    await one.react();
    expect(await one.status()).toMatchObject({ status: "succeeded" });
    expect(operationsOf(one.server)).toEqual(["UpdateService"]);
  });

  it("pins the plan's images in a copy of the task definition of then, where that names tags", async () => {
    const one = await given([definitionOf(41, `${REPOSITORY}:1.4`), OF_NOW]);
    await goesOn(one);
    expect(operationsOf(one.server)).toEqual(["RegisterTaskDefinition", "UpdateService"]);
    const [registered, updated] = one.server.asked;
    expect(registered?.body).toMatchObject({
      family: "billing",
      taskRoleArn: "arn:aws:iam::123456789012:role/billing",
      containerDefinitions: [{ name: "app", image: IMAGE }, { name: "sidecar" }],
    });
    expect(Object.keys(registered?.body ?? {})).not.toContain("compatibilities");
    expect(updated?.body.taskDefinition).toBe(arnOf("billing:102"));
    await goesOn(one);
    expect(one.server.asked).toHaveLength(2);
  });

  it("pins them in the task definition of now, where that of then is not known", async () => {
    const one = await given([OF_NOW], { deployment: BY_ECS });
    await goesOn(one);
    expect(one.server.asked[0]?.body).toMatchObject({ containerDefinitions: [{ image: IMAGE }, {}] });
  });

  it("changes the task definition where only its settings differ", async () => {
    const other = definitionOf(42, IMAGE, { cpu: "512" });
    const one = await given([OF_THEN, other]);
    await goesOn(one);
    expect(one.server.asked[0]?.body.taskDefinition).toBe(arnOf("billing:41"));
  });

  it("goes on where a process was killed before ECS began, and begins once", async () => {
    const one = await given([definitionOf(41, `${REPOSITORY}:1.4`), OF_NOW]);
    one.server.refusals.set("UpdateService", { status: 500, type: "ServerException", message: "try again" });
    await expect(one.react()).rejects.not.toThrow(LookAgain);
    expect(await one.status()).toMatchObject({ status: "requested" });
    one.server.refusals.clear();
    await goesOn(one);
    await goesOn(one);
    expect(one.server.history).toEqual([{ status: "IN_PROGRESS", taskDefinition: expect.any(String) }]);
    expect(newest(one.server).taskDefinition).toBe(arnOf(one.server.history[0]?.taskDefinition ?? ""));
  });

  it("fails with the reason of the circuit breaker", async () => {
    const one = await given();
    await goesOn(one);
    Object.assign(newest(one.server), {
      rolloutState: "FAILED",
      rolloutStateReason: "ECS deployment circuit breaker: tasks failed to start.",
    });
    await one.react();
    expect(await one.status()).toMatchObject({
      status: "failed",
      why: "Amazon ECS ended it: ECS deployment circuit breaker: tasks failed to start.",
    });
  });

  it("fails where the circuit breaker went back, and is not tried a second time", async () => {
    const one = await given();
    await goesOn(one);
    one.server.service.deployments.shift();
    newest(one.server).status = "PRIMARY";
    one.server.history[0] = {
      status: "ROLLBACK_SUCCESSFUL",
      statusReason: "Service deployment rolled back because the circuit breaker threshold was exceeded.",
      taskDefinition: "billing:41",
    };
    await one.react();
    expect((await one.status()).why).toBe(
      "Amazon ECS ended it, and rolled it back: Service deployment rolled back because the circuit breaker threshold was exceeded.",
    );
    expect(operationsOf(one.server)).toEqual(["UpdateService"]);
  });

  it("finds its deployment behind those that came after it, whatever number of them", async () => {
    const one = await given();
    await goesOn(one);
    one.server.service.deployments.shift();
    newest(one.server).status = "PRIMARY";
    one.server.history[0] = { status: "STOPPED", statusReason: "superseded", taskDefinition: "billing:41" };
    const later = Array.from({ length: 25 }, (_, n) => `billing:${n + 100}`);
    for (const taskDefinition of later) {
      one.server.history.unshift({ status: "SUCCESSFUL", taskDefinition });
      const revision = Number(taskDefinition.split(":")[1]);
      one.server.definitions.set(taskDefinition, definitionOf(revision, `${REPOSITORY}@${TWO}`));
    }
    await one.react();
    expect((await one.status()).why).toBe("another deployment took its place (STOPPED): superseded");
    expect(operationsOf(one.server)).toEqual(["UpdateService"]);
  });

  it("fails where nobody reports for two minutes what it deployed", async () => {
    const one = await given();
    await goesOn(one);
    Object.assign(newest(one.server), {
      rolloutState: "COMPLETED",
      updatedAt: secondsOf("2026-11-22T09:01:00Z"),
    });
    at(one, "2026-11-22T09:03:00.000Z");
    await one.react();
    expect((await one.status()).why).toMatch(
      /^it was deployed, and two minutes later the ledger shows sha256:/,
    );
  });

  it("is not looked at any more after the deadline, which is logged", async () => {
    const one = await given();
    await goesOn(one);
    at(one, "2026-11-22T10:00:01.000Z");
    await one.react();
    expect(await one.status()).toMatchObject({ status: "timed out" });
    expect(one.logged()).toContain("past its deadline");
  });

  it.each([
    [
      "it may not",
      (server: EcsServer) =>
        server.refusals.set("UpdateService", {
          status: 400,
          type: "AccessDeniedException",
          message: "not authorized to perform: ecs:UpdateService",
        }),
      "Amazon ECS refuses: AccessDeniedException: not authorized to perform: ecs:UpdateService",
    ],
    [
      "there is no such service",
      ({ service }: EcsServer) => void Object.assign(service, { status: "INACTIVE" }),
      "there is no service billing in the cluster eu-1",
    ],
    [
      "CodeDeploy deploys it",
      ({ service }: EcsServer) =>
        void Object.assign(service, { deploymentController: { type: "CODE_DEPLOY" } }),
      "the deployments of billing are made by CODE_DEPLOY, not by ECS",
    ],
    [
      "the task definition has no such container",
      ({ definitions }: EcsServer) =>
        void definitions.set("billing:41", { ...OF_THEN, containerDefinitions: [{ name: "other" }] }),
      "the task definition billing:41 has no container app",
    ],
  ])("has failed where %s", async (_, change, why) => {
    const one = await given();
    change(one.server);
    await one.react();
    expect(await one.status()).toMatchObject({ status: "failed", why });
    const seen = `${one.logged()}${JSON.stringify(await one.status())}`;
    expect(seen).not.toContain("none-that-anybody-may-see");
  });

  it("is asked nothing for a cluster or a region that is not the executor's", async () => {
    for (const [more, why] of [
      [{ clusters: ["eu-2"] }, "the cluster eu-1 is not one of this executor's"],
      [{ region: "us-east-1" }, "the plan is for eu-central-1, this executor for us-east-1"],
    ] as const) {
      const one = await given(undefined, { more });
      await one.react();
      expect((await one.status()).why).toBe(why);
      expect(one.server.asked).toEqual([]);
    }
  });

  it("is asked nothing of a redeployment that was cancelled", async () => {
    const one = await given();
    const { id } = one.redeployment;
    await one.admin.post(`/v1/redeployments/${id}/cancel`, { reason: "found it" });
    await one.react();
    expect(one.server.asked).toEqual([]);
  });

  it("carries out only plans that deploy to it, which the ledger knows before it is requested", async () => {
    const { executors } = configuration({
      ASOF_EXECUTORS: JSON.stringify([{ kind: "ecs", region: "eu-central-1", clusters: ["eu-1"] }]),
    });
    const refusalOf = async (deployment: object) => {
      const { admin, redeployment } = await askedBack({ deployment });
      return withoutExecutor(executors, Plan.parse((await admin.get(redeployment.plan)).json));
    };
    expect(await refusalOf(AT_REVISION)).toBeUndefined();
    expect(await refusalOf({})).toBe("its executor (ecs) does not run it: the plan does not deploy to ECS");
  });
});
