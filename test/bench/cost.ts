/** What facts and releases cost on DynamoDB, worked out from the items as they are put and read. */
import * as z from "zod";
import { INDEXES } from "../../functions/adapters/keys.ts";
import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import type { IndexEntry } from "../../functions/ledger/store.ts";
import type { Statement } from "../../schemas/fact.ts";
import type { RemoteEngine } from "./engine.ts";
import { factOf } from "./fill.ts";
import { BUSY, moment, turn } from "./history.ts";
import { type Item, itemOf, itemOfDerived } from "./items.ts";
import { releaseWaves } from "./release.ts";
import type { Row } from "./rows.ts";
import { sum } from "./timing.ts";

/** On-demand list prices in dollars a million units, us-east-1, since 2024-11-01. */
const WRITE = 0.625;
const READ = 0.125;
export const PRICES = `us-east-1, on demand, list prices since 2024-11-01: $${WRITE} a million write units, $${READ} a million read units`;

/** How many facts a source says a day; the name of the day is put once for all of them. */
const FACTS_A_SOURCE_AND_DAY = 20;

/** DynamoDB counts the bytes of names and values in UTF-8. */
const sizeOf = (item: Item): number =>
  sum(Object.entries(item).map(([name, value]) => Buffer.byteLength(name) + Buffer.byteLength(value)));

const units = (item: Item): number => Math.ceil(sizeOf(item) / 1024);

/** What an index holds of an item; nothing where the item has no place in it. */
function projected(item: Item, index: (typeof INDEXES)[number]): Item | undefined {
  if (item[index.partition] === undefined || item[index.order] === undefined) return undefined;
  const names = new Set(["key", index.partition, index.order, ...index.include]);
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.has(name)));
}

/** Write units of one put: the item, and its copy in each index. */
function writeUnits(item: Item): number {
  const copies = INDEXES.map((index) => projected(item, index)).filter((copy) => copy !== undefined);
  return units(item) + sum(copies.map(units));
}

/** How much of an item beside a fact is this fact's: names that repeat are put once for many. */
function share(derived: IndexEntry): number {
  if (derived.is === "pointer") return 1;
  if (derived.directory.of === "tasks") return 1;
  return derived.directory.of === "days" ? 1 / FACTS_A_SOURCE_AND_DAY : 0;
}

/** Write units of recording a fact in the steady state. */
function unitsOf(statement: Statement): number {
  const { posted, derived } = accessPatternsOf(factOf(statement));
  const beside = derived.map((one) => share(one) * writeUnits(itemOfDerived(one)));
  return writeUnits(itemOf(posted)) + sum(beside);
}

/** Four turns hold every kind of the history, in its mix. */
const MIX = [0, 1, 2, 3].flatMap((n) => turn(BUSY, n, 0.5));

function writeRow(what: string, statements: readonly Statement[], note: string): Row {
  const mean = sum(statements.map(unitsOf)) / statements.length;
  return { what, unit: "$", ours: mean * WRITE, note: `${mean.toFixed(1)} write units a fact${note}` };
}

export function writeCostRows(): Row[] {
  const kinds = [...new Set(MIX.map(({ kind }) => kind))];
  const mix = writeRow(
    "a million facts, in the mix",
    MIX,
    "; 40% pushes and builds, 40% deployments, 10% migrations, 10% others",
  );
  return [
    { ...mix, aim: { atMost: 8 } },
    ...kinds.map((kind) => {
      const some = MIX.filter((one) => one.kind === kind);
      const bytes =
        sum(some.map((one) => sizeOf(itemOf(accessPatternsOf(factOf(one)).posted)))) / some.length;
      return writeRow(`a million \`${kind}\``, some, `, ${Math.round(bytes)} bytes an item`);
    }),
  ];
}

const Items = z.array(z.record(z.string(), z.object({ S: z.string() })));
const Read = z.object({
  Items: Items.optional(),
  Item: Items.element.optional(),
  Responses: z.record(z.string(), Items).optional(),
});

const plain = (item: z.infer<typeof Items>[number]): Item =>
  Object.fromEntries(Object.entries(item).map(([name, { S }]) => [name, S]));

/** Read units of an answer: a query's by all it read, those of single items by each. */
function readUnits(answer: unknown): number {
  const { Items: queried, Item: one, Responses: batch } = Read.parse(answer);
  const fours = (bytes: number) => Math.max(1, Math.ceil(bytes / 4096));
  // Queries of indexes are eventually consistent, which is half; items by key are read consistently.
  if (queried !== undefined) return fours(sum(queried.map((item) => sizeOf(plain(item))))) / 2;
  const items = [...(one === undefined ? [] : [one]), ...Object.values(batch ?? {}).flat()];
  return Math.max(1, sum(items.map((item) => fours(sizeOf(plain(item))))));
}

export async function releaseCostRow(engine: RemoteEngine): Promise<Row> {
  const waves = await releaseWaves(engine, BUSY, moment(0.5));
  const answers = await Promise.all(waves.flat().map(({ send }) => send(engine.client)));
  const read = sum(answers.map(readUnits));
  return {
    what: "a million releases",
    unit: "$",
    ours: read * READ,
    note: `${read} read units in ${answers.length} requests`,
  };
}
