import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { receive } from "../../functions/ledger/ingest/ingest.ts";
import { Outcomes } from "../../schemas/answer.ts";
import { ALL, CASES, mapCase } from "../sources/golden.ts";
import { mutate, mutations } from "../sources/mutations.ts";
import { cleanUp, givenDoors, tokenOf } from "./given.ts";

afterAll(cleanUp);

const isOfSource = ({ vendor }: { vendor: string }) => ALL.some((one) => one.vendor === vendor);

describe("a mutilated delivery of any vendor", () => {
  it("is recorded, ignored or kept aside, and never fails", async () => {
    const { ledger, quarantine } = givenDoors();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...CASES), mutations, async (one, some) => {
        // Whatever is left is JSON, or no request would bring it.
        const mapped = mapCase(one, some.reduce(mutate, one.payload) ?? null);
        const sender = { door: one.vendor, reportedBy: `webhook:${one.vendor}` };
        const outcomes = (await receive(ledger, sender, mapped)).map(({ said }) => said);
        expect(outcomes).toHaveLength(mapped.length);
        expect(Outcomes.safeParse({ outcomes }).error).toBeUndefined();
      }),
    );
    expect(quarantine().length).toBeGreaterThan(0);
  });
});

describe("a mutilated request", () => {
  const tokenProved = ALL.filter(({ verify }) => verify === undefined).map(({ vendor }) => vendor);
  const cases = CASES.filter(({ vendor }) => tokenProved.includes(vendor) || !isOfSource({ vendor }));

  it("is answered, and never with a fault of ours", async () => {
    const { app } = givenDoors();
    const authorization = `Bearer ${tokenOf("writer")}`;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...cases), mutations, async (one, some) => {
        const payload = some.reduce(mutate, one.payload);
        const path = isOfSource(one) ? `/v1/webhooks/${one.vendor}` : "/v1/events";
        const type = Array.isArray(payload) ? "cloudevents-batch+json" : "cloudevents+json";
        const headers = new Headers(one.headers);
        headers.set("authorization", authorization);
        headers.set("content-type", `application/${type}`);
        const body = JSON.stringify(payload) ?? "";
        const { status } = await app.request(path, { method: "POST", headers, body });
        expect([200, 201, 202, 400, 403, 409, 413, 415, 422]).toContain(status);
      }),
    );
  });
});
