/** Recording a fact through the door, against the one conditional `PutItem` that it takes. */
import { type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { append } from "../../functions/ledger/append.ts";
import type { Posted } from "../../functions/ledger/store.ts";
import { memoryStore } from "../../functions/store/memory.ts";
import type { Statement } from "../../schemas/fact.ts";
import type { RemoteEngine } from "./engine.ts";
import { turn } from "./history.ts";
import { itemOf } from "./items.ts";
import { type Ask, expecting, inProcess, ledgerOn, overHttp, served } from "./ledger.ts";
import type { Row } from "./rows.ts";
import { inTurns, median } from "./timing.ts";
import { counting } from "./waves.ts";

/** Kinds that need more than their own item: pointers to further digests, tasks of a deployment. */
const WITH_MORE: ReadonlySet<Statement["kind"]> = new Set(["artifact.indexed", "task.observed"]);

/** What CI of one service says, of all kinds that take one request. */
function statementsOf(service: string, count: number): Statement[] {
  const statements: Statement[] = [];
  for (let n = 0; statements.length < count; n++) {
    const said = turn({ environment: "production", service }, n, (n % 1000) / 1000);
    statements.push(...said.filter(({ kind }) => !WITH_MORE.has(kind)));
  }
  return statements.slice(0, count);
}

/** A statement as a sender writes it. */
function eventOf({ kind, source, id, occurredAt, ...data }: Statement): string {
  const type = `dev.asof.${kind}.v1`;
  return JSON.stringify({ specversion: "1.0", type, source, id, time: occurredAt, data });
}

/** The item that the ledger puts for a statement. */
async function itemFor(statement: Statement) {
  const puts: Posted[] = [];
  const store = memoryStore();
  const put = (posted: Posted) => {
    puts.push(posted);
    return store.put(posted);
  };
  const appending = { store: { ...store, put }, rules: [], now: () => new Date(), heard: new Set<string>() };
  await append(appending, statement, { reportedBy: "bench", vendor: "events" });
  const [posted] = puts;
  if (posted === undefined) throw new Error("the ledger puts nothing for a statement of the history");
  return Object.fromEntries(Object.entries(itemOf(posted)).map(([name, value]) => [name, { S: value }]));
}

const barePut = (client: DynamoDBClient, table: string, item: Awaited<ReturnType<typeof itemFor>>) =>
  client.send(
    new PutItemCommand({
      TableName: table,
      Item: item,
      ConditionExpression: "attribute_not_exists(#key)",
      ExpressionAttributeNames: { "#key": "key" },
    }),
  );

/** Records the nth of some statements; each is recorded once. */
function recordingOf(ask: Ask, service: string, count: number) {
  const events = statementsOf(service, count).map(eventOf);
  return (n: number) => expecting(201, ask("/v1/events", events[n] ?? ""));
}

export async function recordingRows({ client, table }: RemoteEngine, samples: number): Promise<Row[]> {
  const warm = Math.min(samples, 300);
  const count = warm + samples;
  const ledger = ledgerOn({ client, name: table });
  const server = await served(ledger);
  const overNetwork = recordingOf(overHttp(server.address), "acme/billing", count);
  const direct = recordingOf(inProcess(ledger), "acme/booking", count);
  const items = await Promise.all(statementsOf("acme/banking", count).map(itemFor));
  const bare = (n: number) => barePut(client, table, items[n] ?? {});

  const competitors = { bare, http: overNetwork, direct };
  await inTurns(warm, competitors);
  const times = await inTurns(samples, {
    bare: (n) => bare(warm + n),
    http: (n) => overNetwork(warm + n),
    direct: (n) => direct(warm + n),
  });
  await server.stop();

  const floor = median(times.get("bare") ?? []);
  const requests = await steadyRequests(client, table);
  const row = (what: string, name: string) => {
    const ours = median(times.get(name) ?? []);
    return { what, unit: "ms", ours, floor, floorIs: "bare PutItem", ratio: ours / floor };
  };
  return [
    {
      ...row("record a fact, `POST /v1/events` over HTTP", "http"),
      aim: { atMost: 1.3 },
      note: `median of ${samples}; ${requests} request a fact`,
    },
    { ...row("the same without HTTP", "direct"), note: "what the door and the ledger add" },
  ];
}

/** Requests to the table for one fact, once the names it uses have been heard. */
async function steadyRequests(client: DynamoDBClient, table: string): Promise<number> {
  const each = 40;
  const counted = counting(client);
  const ask = inProcess(ledgerOn({ client: counted.client, name: table }));
  const record = recordingOf(ask, "acme/backing", 2 * each);
  for (let n = 0; n < each; n++) await record(n);
  const before = counted.count();
  for (let n = each; n < 2 * each; n++) await record(n);
  return (counted.count() - before) / each;
}
