import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { type Running, start } from "../functions/runtime/server/server.ts";
import { Release, Snapshot, Timeline } from "../schemas/answer.ts";
import { type Client, clientOf, type Event, over } from "./client.ts";
import { history } from "./demo/history.ts";
import { DemoError, run } from "./demo.ts";
import { cleanUp, newFolder, startProcess } from "./local/process.ts";

afterAll(cleanUp);

const DAY = "2026-11-22";
const TOKEN = "a-token-for-the-demo";
const EVENTS = history(DAY);

/* What the events say by themselves, without a ledger. */

const Data = z.looseObject({
  environment: z.string().optional(),
  service: z.string().optional(),
  digest: z.string().optional(),
  commit: z.looseObject({ sha: z.string() }).optional(),
  components: z.array(z.looseObject({ digest: z.string().optional() })).optional(),
  config: z.array(z.looseObject({ revision: z.string() })).optional(),
  database: z.string().optional(),
  version: z.string().optional(),
});

const said = (kind: string, which: (data: z.infer<typeof Data>, event: Event) => boolean) =>
  EVENTS.filter(({ type }) => type === `dev.asof.${kind}.v1`).flatMap((event) => {
    const data = Data.parse(event.data);
    return which(data, event) ? [{ ...data, time: event.time }] : [];
  });

const lastDeployed = (service: string, by: string) => {
  const found = said(
    "deployment.succeeded",
    (data, { time }) => data.environment === "production" && data.service === service && time <= by,
  ).at(-1);
  if (found === undefined) throw new Error(`${service} was never deployed by ${by}`);
  return { ...found, digest: found.components?.[0]?.digest ?? "" };
};

const builtFrom = (digest: string): string =>
  said("artifact.built", (data) => data.digest === digest)[0]?.commit?.sha ?? "";

describe("the history that it tells", () => {
  it("is the same whenever it is told, and another one on another day or from another seed", () => {
    expect(history(DAY)).toEqual(EVENTS);
    expect(history("2026-11-23")).not.toEqual(EVENTS);
    expect(history(DAY, "another")).not.toEqual(EVENTS);
  });

  it.each(["2026-11-22", "2026-11-23", "2027-01-01", "2028-02-29", "2026-07-15"])(
    "lies within the ninety days before %s, and says nothing twice",
    (day) => {
      const events = history(day);
      const ends = [new Date(Date.parse(day) - 90 * 86_400_000).toISOString(), `${day}T00:00:00.000Z`];
      for (const { time } of events) expect([...ends, time].sort()[1]).toBe(time);
      expect(new Set(events.map(({ source, id }) => `${source} ${id}`)).size).toBe(events.length);
    },
  );

  it("holds every kind of event that can be said but tasks and what came back", () => {
    const kinds = new Set(EVENTS.map(({ type }) => type.slice("dev.asof.".length, -".v1".length)));
    expect([...kinds].sort()).toEqual([
      "artifact.built",
      "artifact.deleted",
      "artifact.indexed",
      "artifact.pushed",
      "deployment.failed",
      "deployment.observed",
      "deployment.removed",
      "deployment.started",
      "deployment.succeeded",
      "evidence.attached",
      "migration.applied",
      "migration.reverted",
      "migration.snapshot",
      "service.described",
    ]);
  });
});

describe("the demo, with a running ledger", () => {
  let ledger: Running;
  let client: Client;
  const printed: string[][] = [];
  const demo = async (day = DAY) => {
    const lines: string[] = [];
    await run({ address: ledger.address, token: TOKEN, day, print: (line) => lines.push(line) });
    printed.push(lines);
  };
  const text = (n: number): string => printed[n]?.join("\n") ?? "";

  beforeAll(async () => {
    ledger = await start({ ASOF_PORT: "0", ASOF_DATA: newFolder(), ASOF_TOKENS: `admin:demo:${TOKEN}` });
    client = clientOf(over(ledger.address), TOKEN);
    await demo();
    await demo();
    await demo("2026-11-24");
  });
  afterAll(() => ledger.stop());

  it("records everything the first time, and nothing when it is run again, even on another day", () => {
    const all = `told ${EVENTS.length} of ${EVENTS.length} events`;
    expect(text(0)).toContain(`${all}: ${EVENTS.length} recorded, 0 known before`);
    expect(text(1)).toContain(`${all}: 0 recorded, ${EVENTS.length} known before`);
    expect(text(2)).toContain(`${all}: 0 recorded, ${EVENTS.length} known before`);
  });

  it("answers the same when it is run again", () => {
    const answers = (n: number) => text(n).slice(text(n).indexOf("\n1. "));
    expect(answers(0)).toMatch(/1\. .*\n[\s\S]*2\. .*\n[\s\S]*3\. /);
    expect(answers(1)).toBe(answers(0));
  });

  it("tells what billing ran a month ago, exactly", async () => {
    const { digest, config } = lastDeployed("acme/billing", "2026-10-24");
    const migrated = said(
      "migration.applied",
      (data, { time }) =>
        data.environment === "production" && data.database === "billing" && time < "2026-10-24",
    ).at(-1);
    const answer = text(0).slice(text(0).indexOf("1. "), text(0).indexOf("2. "));
    for (const exact of [digest, builtFrom(digest), config?.[0]?.revision, migrated?.version]) {
      expect(answer).toContain(exact);
    }
    expect(answer).toContain("it can be deployed again as it is");
    const query = { environment: "production", service: "acme/billing", at: "2026-10-23" };
    const release = Release.parse((await client.get("/v1/release", query)).json);
    expect(release).toMatchObject({
      status: "running",
      group: "production",
      cluster: "eu-1",
      components: [
        {
          image: `ghcr.io/acme/billing@${digest}`,
          availability: "available",
          commit: { sha: builtFrom(digest) },
        },
      ],
      migrations: [{ database: "billing", version: migrated?.version, status: "known", reversible: true }],
      owner: "team-billing",
      drift: null,
      warnings: [],
    });
  });

  it("tells what changed since then, from digest to digest", () => {
    const answer = text(0).slice(text(0).indexOf("2. "), text(0).indexOf("3. "));
    for (const service of ["acme/billing", "acme/orders"]) {
      for (const by of ["2026-10-24", DAY]) {
        expect(answer).toContain(lastDeployed(service, by).digest.slice(0, "sha256:".length + 12));
      }
    }
    expect(answer).toMatch(/migration billing at \d{14}, now at \d{14}/);
    expect(answer).toContain("and 1 service is the same");
    expect(answer).not.toContain("acme/reports");
  });

  it("tells that production runs a hotfix, and an image that is gone with what it was built from", () => {
    const answer = text(0).slice(text(0).indexOf("3. "));
    const search = lastDeployed("acme/search", DAY).digest;
    const reports = lastDeployed("acme/reports", DAY).digest;
    const hotfix = said("deployment.observed", (data) => data.service === "acme/search").at(-1);
    expect(answer).toMatch(
      new RegExp(`deployed +main ${search}\n +observed +main ${hotfix?.components?.[0]?.digest}`),
    );
    expect(answer).toContain(`ghcr.io/acme/reports@${reports}`);
    expect(answer).toContain(`build it again from ${builtFrom(reports)}`);
    expect(answer).toContain("acme/billing, acme/mailer, acme/orders, acme/shop.");
  });

  it("leaves both clusters of production in one group, side by side", async () => {
    const { releases } = Snapshot.parse(
      (await client.get("/v1/snapshot", { group: "production", limit: "100" })).json,
    );
    const environments = releases.map(({ environment }) => environment);
    expect(new Set(environments)).toEqual(new Set(["production", "production.us-1"]));
    expect(releases).toHaveLength(12);
    for (const { status, components, warnings } of releases) {
      const isLost = components.some(({ availability }) => availability === "deleted");
      expect([status, warnings.map(({ code }) => code)]).toEqual(["running", isLost ? ["image_lost"] : []]);
    }
  });

  it("leaves the failed deployments, the rollback and the removed review on the timeline", async () => {
    const entries = async (environment: string) => {
      const query = { environment, from: "2026-08-01", limit: "500" };
      return Timeline.parse((await client.get("/v1/timeline", query)).json).entries;
    };
    const production = await entries("production");
    const failed = production.filter(({ what }) => what === "failed");
    expect(failed.map(({ service }) => service).sort()).toEqual(["acme/billing", "acme/shop"]);
    expect(failed.find(({ service }) => service === "acme/shop")?.components).toMatchObject([
      { component: "web", variant: "canary", weight: 10 },
    ]);
    const back = production.filter(({ rollback }) => rollback === true);
    expect(back.map(({ service }) => service)).toEqual(["acme/orders"]);
    expect(production.filter(({ what }) => what === "reverted")).toMatchObject([{ database: "orders" }]);
    expect((await entries("review/pr-512")).at(-1)).toMatchObject({ what: "removed", service: null });
  });

  it("is refused with a token that the ledger does not know, and says what to do", async () => {
    const running = run({ address: ledger.address, token: "unknown", day: DAY, print: () => undefined });
    await expect(running).rejects.toThrow(DemoError);
    await expect(running).rejects.toThrow(/ASOF_TOKEN/);
  });
});

describe("the demo, as it is run", () => {
  const DEMO = join(import.meta.dirname, "demo.ts");

  it("tells how it is used", async () => {
    const { code, stdout, stderr } = await startProcess({}, DEMO, ["--help"]).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const variable of ["ASOF_URL", "ASOF_TOKEN", "ASOF_DATA"]) expect(stdout).toContain(variable);
  });

  it.each([
    ["there is no token", { ASOF_DATA: newFolder() }, "npm start"],
    ["no ledger is running", { ASOF_TOKEN: TOKEN, ASOF_URL: "http://127.0.0.1:9" }, "npm start"],
    ["the address is none", { ASOF_TOKEN: TOKEN, ASOF_URL: "ledger" }, "ASOF_URL"],
  ])("says in one line what to do where %s", async (_, env, advice) => {
    const { code, stderr } = await startProcess(env, DEMO).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^demo: [^\n]+\n$/);
    expect(stderr).toContain(advice);
  });

  it("does not know other arguments", async () => {
    const { code, stdout } = await startProcess({}, DEMO, ["--fast"]).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });
});
