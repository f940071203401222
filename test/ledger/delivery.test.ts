import { describe, expect, it } from "vitest";
import { delivery } from "../../functions/queries/delivery/delivery.ts";
import type { Statement } from "../../schemas/fact.ts";
import { day, deployed, digestOf, given, said, shaOf } from "./given.ts";

const SERVICE = "acme/billing";
const deploy = (image: string, at: string, more: object = {}) =>
  deployed("production", SERVICE, image, at, more);
const incident = (kind: "opened" | "resolved", at: string, more: object = {}) =>
  said(`incident.${kind}`, at, {
    environment: "production",
    service: SERVICE,
    incident: "1",
    title: "it is slow",
    ...more,
  });
const built = (image: string, committedAt?: string) =>
  said("artifact.built", day(1), {
    digest: digestOf(image),
    commit: {
      repository: "https://github.com/acme/billing",
      sha: shaOf(image),
      ...(committedAt === undefined ? {} : { committedAt }),
    },
    evidence: "declared",
  });

async function asked(statements: readonly Statement[], service?: string) {
  const ledger = await given(...statements);
  const span = { from: day(1, "00:00"), to: day(31, "00:00") };
  const answer = await delivery(ledger.at(span.to), { environment: "production", service, ...span });
  return answer ?? expect.fail("the environment is unknown");
}

describe("a deployment counts", () => {
  it("where it brings another image, or configuration alone, and once however many report it", async () => {
    const { deployments } = await asked([
      deploy("one", day(2)),
      deploy("one", day(3)),
      deploy("two", day(4)),
      deploy("two", day(4, "12:01"), { deployment: { provider: "forge", instance: "here", id: "7" } }),
      said("deployment.succeeded", day(5), {
        environment: "production",
        service: SERVICE,
        deployment: { provider: "test", instance: "here", id: "c" },
        config: [{ revision: shaOf("config") }],
      }),
    ]);
    expect(deployments).toEqual({ count: 3, perDay: 0.1 });
  });
});

describe("the lead time", () => {
  it("begins with the oldest commit of what was brought, and is the median", async () => {
    const { leadTime, points } = await asked([
      built("one", day(1)),
      built("two", day(2)),
      deploy("one", day(2)),
      deploy("two", day(5)),
      deploy("three", day(6)),
    ]);
    expect(leadTime).toEqual({ medianS: 2 * 86_400, known: 2, unknown: 1 });
    expect(points.map(({ leadS, begins }) => [leadS, begins?.from])).toEqual([
      [null, undefined],
      [3 * 86_400, "commit"],
      [86_400, "commit"],
    ]);
  });

  it("begins with the merge where nobody names the commit's time, and is unknown where only some is known", async () => {
    const merged = said("change.merged", day(3), {
      repository: "https://github.com/acme/billing",
      number: 7,
      head: shaOf("head"),
      mergeCommit: shaOf("two"),
      authors: [],
      title: "Charge VAT",
    });
    const both = [
      { component: "api", digest: digestOf("two") },
      { component: "worker", digest: digestOf("nobody knows") },
    ];
    const { points } = await asked([
      built("two"),
      built("nobody knows"),
      merged,
      deploy("two", day(4)),
      deploy("x", day(5), { components: both }),
    ]);
    expect(points.map(({ leadS, begins }) => [leadS, begins?.from ?? null])).toEqual([
      [null, null],
      [86_400, "merge"],
    ]);
  });
});

describe("a failure", () => {
  const [one, two, three] = [deploy("one", day(2)), deploy("two", day(4)), deploy("three", day(6))];

  it("is an incident before the next deployment, and its end is what restored it", async () => {
    const told = [
      one,
      two,
      incident("opened", day(4, "13:00")),
      incident("resolved", day(4, "14:30")),
      three,
    ];
    const { changeFailureRate, timeToRestore, incidents, points } = await asked(told);
    expect(changeFailureRate).toEqual({ rate: 0.3333, failed: 1, of: 3 });
    expect(timeToRestore).toEqual({ medianS: 5400, restored: 1, open: 0 });
    expect(incidents).toMatchObject([{ title: "it is slow", restoreS: 5400, after: { id: two.id } }]);
    expect(points[1]?.failed).toMatchObject({ by: "incident", at: day(4, "13:00") });
  });

  it("is a rollback, which is no failure itself", async () => {
    const { changeFailureRate, timeToRestore, leadTime } = await asked([
      built("one", day(1)),
      one,
      two,
      deploy("one", day(4, "12:30"), { rollback: true }),
    ]);
    expect(changeFailureRate).toEqual({ rate: 0.5, failed: 1, of: 2 });
    expect(timeToRestore).toEqual({ medianS: 1800, restored: 1, open: 0 });
    expect(leadTime).toMatchObject({ known: 1, unknown: 1 });
  });

  it.each([
    ["a day later", incident("opened", day(5, "12:01"))],
    ["of another service", incident("opened", day(4, "13:00"), { service: "acme/orders" })],
    ["elsewhere", incident("opened", day(4, "13:00"), { environment: "staging" })],
  ])("is no incident %s", async (_, opened) => {
    expect((await asked([one, two, opened])).changeFailureRate).toMatchObject({ failed: 0 });
  });

  it("of a whole environment counts against the newest deployment, and for its service alone", async () => {
    const everywhere = said("incident.opened", day(4, "13:00"), {
      environment: "production",
      incident: "2",
      title: "down",
    });
    const orders = deployed("production", "acme/orders", "x", day(4, "12:30"));
    const told = [one, two, orders, everywhere];
    expect((await asked(told, "acme/orders")).incidents).toMatchObject([
      { after: { id: orders.id }, endedAt: null },
    ]);
    expect(await asked(told, SERVICE)).toMatchObject({ incidents: [], changeFailureRate: { failed: 0 } });
    expect((await asked(told)).timeToRestore).toEqual({ medianS: null, restored: 0, open: 1 });
  });
});

it("says nothing of what nobody told", async () => {
  const { deployments, leadTime, changeFailureRate, timeToRestore, points, incidents, definitions } =
    await asked([deploy("one", "2026-08-01T00:00:00.000Z")]);
  expect({ deployments, leadTime, changeFailureRate, timeToRestore, points, incidents }).toEqual({
    deployments: { count: 0, perDay: 0 },
    leadTime: { medianS: null, known: 0, unknown: 0 },
    changeFailureRate: { rate: null, failed: 0, of: 0 },
    timeToRestore: { medianS: null, restored: 0, open: 0 },
    points: [],
    incidents: [],
  });
  expect(Object.keys(definitions)).toEqual(["deployments", "leadTime", "changeFailureRate", "timeToRestore"]);
});
