import { expect, it } from "vitest";
import { mapLimit } from "../../functions/ledger/map-limit.ts";

const items = Array.from({ length: 50 }, (_, n) => n);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

it("does all work, so much of it at once, and keeps the order of the items", async () => {
  let running = 0;
  let most = 0;
  const results = await mapLimit(7, items, async (n) => {
    most = Math.max(most, ++running);
    for (let turns = n % 5; turns >= 0; turns--) await turn();
    running--;
    return n * 2;
  });
  expect(results).toEqual(items.map((n) => n * 2));
  expect(most).toBe(7);
});

it("fails with the work that failed", async () => {
  const failing = mapLimit(3, items, async (n) => {
    if (n === 20) throw new Error("the twentieth");
  });
  await expect(failing).rejects.toThrow("the twentieth");
});

it("does nothing for no items", async () => {
  expect(await mapLimit(3, [], async () => 1)).toEqual([]);
});
