/** How a question reads: pages that several rules take, item by item. */
import { expect, test } from "vitest";
import { itemsOf, partitionText, shared } from "../../functions/ledger/loader.ts";
import type { Page } from "../../functions/ledger/store.ts";

interface Item {
  readonly n: number;
}

/** Pages of two items, the last of one; and how often one was loaded. */
function threePages() {
  const made = [[0, 1], [2, 3], [4]];
  let loads = 0;
  const next = async (): Promise<Page<Item>> => {
    const entries = (made[loads++] ?? []).map((n) => ({ n }));
    return loads < made.length ? { entries, cursor: String(loads) } : { entries };
  };
  return { pages: shared(next), loads: () => loads };
}

async function taken(items: AsyncIterable<number>): Promise<number[]> {
  const found: number[] = [];
  for await (const one of items) found.push(one);
  return found;
}

test("what several rules take of a reading is loaded once, page by page, and then there without a promise", async () => {
  const { pages, loads } = threePages();
  const [one, other] = [itemsOf(pages, ({ n }) => n), itemsOf(pages, ({ n }) => n)];
  expect(await Promise.all([one.next(), other.next()])).toEqual([
    { done: false, value: 0 },
    { done: false, value: 0 },
  ]);
  expect(loads()).toBe(1);
  expect([await taken(one), await taken(other)]).toEqual([
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ]);
  expect(loads()).toBe(3);
  expect([pages(0), pages(2), pages(3)]).toEqual([[{ n: 0 }, { n: 1 }], [{ n: 4 }], undefined]);
});

test("items that are asked for at once come in order", async () => {
  const items = itemsOf(threePages().pages, ({ n }) => n);
  const found = await Promise.all([1, 2, 3, 4, 5, 6].map(() => items.next()));
  expect(found.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4, undefined]);
});

test("two partitions have two texts, whatever their names hold", () => {
  const texts = [
    partitionText({ of: "run", environment: "a", service: "b" }),
    partitionText({ of: "run", environment: "a service 1 b" }),
    partitionText({ of: "tagged", repository: "a", tag: "b" }),
    partitionText({ of: "tagged", service: "a", tag: "b" }),
    partitionText({ of: "change", repository: "a", number: 1 }),
    partitionText({ of: "change", repository: "a", number: 2 }),
  ];
  expect(new Set(texts).size).toBe(texts.length);
});
