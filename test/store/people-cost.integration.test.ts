/** Cost is behaviour: how many requests it takes to record a fact that names persons. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { day, deployed } from "../ledger/given.ts";
import { type Counted, recording, startCounted } from "./counting.ts";

let counted: Counted;
beforeEach(async () => {
  counted = await startCounted();
});
afterEach(() => counted.stop());

const named = { actor: "octocat" };

describe("recording a fact that names a person", () => {
  it("costs one request in the steady state", async () => {
    const told = recording(counted);
    await told(deployed("production", "acme/billing", "a", day(1), named));
    for (let n = 0; n < 10; n++) {
      const { cost } = await told(deployed("production", "acme/billing", `b${n}`, day(1), named));
      expect(cost.waves).toEqual([["PutItemCommand"]]);
    }
  });

  it("costs one more in a process that does not know the person yet, and three more where nobody does", async () => {
    const told = recording(counted);
    await told(deployed("production", "acme/billing", "a", day(1)));
    const first = await told(deployed("production", "acme/billing", "b", day(1), named));
    expect(first.cost.waves).toEqual([
      ["GetItemCommand"],
      ["GetItemCommand"],
      ["PutItemCommand"],
      ["PutItemCommand"],
    ]);
    const elsewhere = recording(counted);
    await elsewhere(deployed("production", "acme/billing", "c", day(1)));
    const second = await elsewhere(deployed("production", "acme/billing", "d", day(1), named));
    expect(second.cost.waves).toEqual([["GetItemCommand"], ["PutItemCommand"]]);
  });
});
