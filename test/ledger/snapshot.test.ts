import { describe, expect, it } from "vitest";
import type { AsOf } from "../../functions/ledger/as-of.ts";
import { BadCursor } from "../../functions/ledger/cursor.ts";
import { type Extent, snapshot } from "../../functions/queries/snapshot.ts";
import { Snapshot } from "../../schemas/answer.ts";
import { day, deployed, type Given, given, pagesOf, removed, retracted, said } from "./given.ts";

const named = (answer: Snapshot | undefined) =>
  answer?.releases.map(({ environment, service, status }) => `${environment} ${service} ${status}`);

const whole = async (moment: AsOf, extent: Extent, limit = 2): Promise<string[]> => {
  const pages = await pagesOf((cursor) => snapshot(moment, extent, { limit, cursor }));
  for (const page of pages) expect(page.releases.length).toBeLessThanOrEqual(limit);
  return pages.flatMap((page) => named(page) ?? []);
};

const twoClusters = (): Promise<Given> =>
  given(
    deployed("production.eu", "acme/web", "1", day(1), { group: "production" }),
    deployed("production.us", "acme/web", "2", day(2), { group: "Production" }),
    deployed("production.us", "acme/billing", "1", day(2), { group: "production" }),
    deployed("staging", "acme/web", "3", day(2)),
  );

describe("a snapshot", () => {
  it("holds every service heard of, each with its own status, by name without case", async () => {
    const ledger = await given(
      deployed("production", "acme/web", "1", day(1)),
      deployed("production", "Acme/Billing", "1", day(2)),
      removed("production", "Acme/Billing", day(3)),
      deployed("production", "acme/later", "1", day(9)),
      deployed("staging", "acme/elsewhere", "1", day(1)),
    );
    const answer = await snapshot(ledger.at(day(5)), { environment: "Production" });
    expect(Snapshot.parse(answer)).toMatchObject({ environment: "Production", settled: true, next: null });
    expect(named(answer)).toEqual([
      "production Acme/Billing removed",
      "production acme/later unknown",
      "production acme/web running",
    ]);
  });

  it("knows only what was known", async () => {
    const ledger = await given();
    await ledger.tell(deployed("production", "acme/web", "1", day(1)), day(2));
    await ledger.tell(deployed("production", "acme/billing", "1", day(1)), day(4));
    expect(named(await snapshot(ledger.at(day(9), day(3)), { environment: "production" }))).toEqual([
      "production acme/web running",
    ]);
    expect(await snapshot(ledger.at(day(9), day(1)), { environment: "production" })).toBeUndefined();
  });

  it("keeps a service whose only fact was retracted, as unknown", async () => {
    const wrong = deployed("production", "acme/web", "1", day(1));
    const ledger = await given(wrong, retracted(wrong));
    expect(named(await snapshot(ledger.at(day(9)), { environment: "production" }))).toEqual([
      "production acme/web unknown",
    ]);
  });

  it("of an environment without services is empty, and of one never heard of is none", async () => {
    const ledger = await given(said("environment.frozen", day(1), { environment: "empty" }));
    expect(named(await snapshot(ledger.at(day(2)), { environment: "empty" }))).toEqual([]);
    expect(await snapshot(ledger.at(day(2)), { environment: "emp" })).toBeUndefined();
    expect(await snapshot(ledger.at(day(2)), { group: "empty" })).toBeUndefined();
  });

  it("of a group sets its environments side by side and merges nothing", async () => {
    const ledger = await twoClusters();
    const answer = await snapshot(ledger.at(day(9)), { group: "PRODUCTION" });
    expect(Snapshot.parse(answer)).toMatchObject({ group: "PRODUCTION" });
    expect(named(answer)).toEqual([
      "production.eu acme/web running",
      "production.us acme/billing running",
      "production.us acme/web running",
    ]);
  });

  it.each([1, 2, 3, 4, 100])("is the same in pages of %i", async (limit) => {
    const ledger = await twoClusters();
    expect(await whole(ledger.at(day(9)), { group: "production" }, limit)).toEqual([
      "production.eu acme/web running",
      "production.us acme/billing running",
      "production.us acme/web running",
    ]);
    const services = Array.from({ length: 7 }, (_, n) => `acme/${n}`);
    for (const service of services) await ledger.tell(deployed("test", service, "1", day(1)));
    expect(await whole(ledger.at(day(9)), { environment: "test" }, limit)).toEqual(
      services.map((service) => `test ${service} running`),
    );
  });

  const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  it.each([
    ["empty", ""],
    ["no base64", "%%%"],
    ["no JSON", Buffer.from("{").toString("base64url")],
    ["of another question", forged(["the environments", "production"])],
    ["not made of texts", forged(["a snapshot", 1, 2])],
    ["padded", `${forged(["a snapshot", "production", "acme/web"])}=`],
  ])("refuses a cursor that is %s", async (_, cursor) => {
    const ledger = await twoClusters();
    await expect(snapshot(ledger.at(day(9)), { environment: "staging" }, { cursor })).rejects.toThrow(
      BadCursor,
    );
  });
});
