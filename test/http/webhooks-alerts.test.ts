/** What broke, as Alertmanager and PagerDuty report it. */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { Timeline } from "../../schemas/answer.ts";
import { outcomesOf } from "../client.ts";
import { cleanUp, deployed, givenDoors } from "./given.ts";

afterAll(cleanUp);

const golden = (file: string): string => readFileSync(join(import.meta.dirname, "../golden", file), "utf8");

const BEARER = "Bearer a-secret-that-nobody-may-see";
const TOKEN = "a-token-that-nobody-may-see";
const KEY = "a-key-that-nobody-may-see";
const NEXT = "the-next-key-that-nobody-may-see";
const webhooks = { alertmanager: [BEARER], pagerduty: [KEY, NEXT] };
const rules = [
  {
    match: { vendor: "pagerduty", service: "Billing (*)" },
    set: { environment: "$1", service: "acme/billing" },
  },
];
const doors = () =>
  givenDoors({
    rules,
    secrets: () => Promise.resolve({ tokens: parseTokens(`admin:anna:${TOKEN}`), webhooks }),
  });
type Doors = ReturnType<typeof doors>;

const fires = (given: Doors, body: string, authorization = BEARER) =>
  given.stranger().post("/v1/webhooks/alertmanager", body, { authorization });
const signature = (body: string, key: string) => `v1=${createHmac("sha256", key).update(body).digest("hex")}`;
const pages = (given: Doors, body: string, signed: string) =>
  given.stranger().post("/v1/webhooks/pagerduty", body, { "x-pagerduty-signature": signed });

async function entriesOf({ stranger }: Doors) {
  const client = stranger(TOKEN);
  // Incidents make no place known, so something has to run there.
  await client.say(deployed("one"));
  const span = { environment: "production", from: "2026-11-22", to: "2026-11-22" };
  const { json } = await client.get("/v1/timeline", span);
  return Timeline.parse(json).entries.filter(({ what }) => what.startsWith("incident"));
}

describe("an alert", () => {
  it("that fires opens an incident, and resolves it when it ends", async () => {
    const given = doors();
    expect(outcomesOf(await fires(given, golden("alertmanager/firing.json")))).toEqual(["recorded"]);
    expect(outcomesOf(await fires(given, golden("alertmanager/resolved.json")))).toEqual(["recorded"]);
    expect(await entriesOf(given)).toMatchObject([
      { what: "incident opened", service: "acme/billing", title: "97% of invoices are empty" },
      { what: "incident resolved", service: "acme/billing", at: "2026-11-22T03:40:00.500Z" },
    ]);
  });

  it("that fires on is a duplicate, whatever its annotations and links say by then", async () => {
    const given = doors();
    const first = golden("alertmanager/firing.json");
    await fires(given, first);
    const again = first.replace("97%", "99%").replace("prometheus.acme", "prometheus-2.acme");
    expect(again).not.toBe(first);
    expect(outcomesOf(await fires(given, again))).toEqual(["duplicate"]);
    expect(given.quarantine()).toEqual([]);
  });

  it("that fires again later is another incident", async () => {
    const given = doors();
    const first = golden("alertmanager/firing.json");
    await fires(given, first);
    expect(outcomesOf(await fires(given, first.replace("02:55:00", "06:55:00")))).toEqual(["recorded"]);
  });

  it("whose labels name no environment is kept aside, and the others of its group are recorded", async () => {
    const given = doors();
    const answer = await fires(given, golden("alertmanager/mixed.json"));
    expect(outcomesOf(answer)).toEqual(["recorded", "rejected", "recorded"]);
    expect(given.quarantine()).toMatchObject([{ reason: expect.stringContaining("external_labels") }]);
  });

  it("of a sender without the secret is refused", async () => {
    const { status } = await fires(doors(), golden("alertmanager/firing.json"), "Bearer another");
    expect(status).toBe(401);
  });
});

describe("PagerDuty", () => {
  const triggered = golden("pagerduty/incident.triggered.json");
  const resolved = golden("pagerduty/incident.resolved.json");

  it("is heard where one of its signatures is of one of the secrets, and rules say which place is meant", async () => {
    const given = doors();
    const several = `${signature(triggered, "an older key")},${signature(triggered, NEXT)}`;
    expect(outcomesOf(await pages(given, triggered, several))).toEqual(["recorded"]);
    expect(outcomesOf(await pages(given, resolved, signature(resolved, KEY)))).toEqual(["recorded"]);
    expect(await entriesOf(given)).toMatchObject([
      { what: "incident opened", incident: "PGR0VU2", service: "acme/billing" },
      { what: "incident resolved", incident: "PGR0VU2", type: "P1" },
    ]);
  });

  it("reports one event once, however many subscriptions send it", async () => {
    const given = doors();
    await pages(given, triggered, signature(triggered, KEY));
    const other = triggered.replace("5ac64822", "6bc64822");
    expect(other).not.toBe(triggered);
    expect(outcomesOf(await pages(given, other, signature(other, KEY)))).toEqual(["duplicate"]);
  });

  it.each([
    ["another key made it", signature(triggered, "another")],
    ["it is of another body", signature(resolved, KEY)],
    ["it is of another version", signature(triggered, KEY).replace("v1", "v2")],
    ["there is none", ""],
  ])("is refused where %s", async (_, signed) => {
    const given = doors();
    expect((await pages(given, triggered, signed)).status).toBe(401);
    expect(await entriesOf(given)).toEqual([]);
  });
});
