/** Recording a fact through the door, against the one conditional `PutItem` that it takes. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { append } from "../../functions/ledger/append.ts";
import type { IndexedFact } from "../../functions/ledger/store.ts";
import type { Statement } from "../../schemas/fact.ts";
import { memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";
import type { RemoteEngine } from "./engine.ts";
import { turn } from "./history.ts";
import { itemOf } from "./items.ts";
import { type Ask, expecting, inProcess, ledgerOn, overHttp, served } from "./ledger.ts";
import type { Row } from "./rows.ts";
import { inTurns, median, type Sample } from "./timing.ts";
import { counting } from "./waves.ts";

/** Kinds that need more than their own item: pointers to further digests, tasks of a deployment. */
const WITH_MORE: ReadonlySet<Statement["kind"]> = new Set(["artifact.indexed", "task.observed"]);

/** What CI of one service says, of all kinds that take one request. */
export function statementsOf(service: string, count: number): Statement[] {
  const statements: Statement[] = [];
  for (let n = 0; statements.length < count; n++) {
    const said = turn({ environment: "production", service }, n, n / 10_000);
    statements.push(...said.filter(({ kind }) => !WITH_MORE.has(kind)));
  }
  return statements.slice(0, count);
}

/** A statement as a sender writes it. */
export function eventOf({ kind, source, id, occurredAt, ...data }: Statement): string {
  const type = `dev.asof.${kind}.v1`;
  return JSON.stringify({ specversion: "1.0", type, source, id, time: occurredAt, data });
}

/** The item that the ledger puts for a statement. */
async function itemFor(statement: Statement) {
  const puts: IndexedFact[] = [];
  const store = memoryStore();
  const put = (posted: IndexedFact) => {
    puts.push(posted);
    return store.put(posted);
  };
  const appending = {
    store: { ...store, put },
    rules: [],
    now: () => new Date(),
    heard: new Set<string>(),
    people: memoryPeople(),
  };
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

/** The least that HTTP in front of a put costs: a server that reads a JSON body, puts an item, and answers. */
async function bareServer(put: (n: number) => Promise<unknown>) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    JSON.parse(Buffer.concat(chunks).toString("utf8"));
    await put(Number(request.url?.slice(1)));
    response
      .writeHead(201, { "content-type": "application/json" })
      .end('{"outcomes":[{"outcome":"recorded"}]}');
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { ask: overHttp(`http://127.0.0.1:${port}`), stop };
}

/** Records the nth of some statements; each is recorded once. */
function recordingOf(ask: Ask, service: string, count: number) {
  const events = statementsOf(service, count).map(eventOf);
  return (n: number) => expecting(201, ask("/v1/events", events[n] ?? ""));
}

export async function recordingRows(engine: RemoteEngine, samples: number): Promise<Row[]> {
  const { client, table } = engine;
  const warm = Math.min(samples, 300);
  const count = warm + samples;
  const ledger = ledgerOn(engine);
  const server = await served(ledger);
  const overNetwork = recordingOf(overHttp(server.address), "acme/billing", count);
  const direct = recordingOf(inProcess(ledger), "acme/booking", count);
  const itemsOf = (service: string) => Promise.all(statementsOf(service, count).map(itemFor));
  const [items, more] = [await itemsOf("acme/banking"), await itemsOf("acme/bonding")];
  const events = statementsOf("acme/bonding", count).map(eventOf);
  const plain = await bareServer((n) => barePut(client, table, more[n] ?? {}));

  const competitors = {
    bare: (n: number) => barePut(client, table, items[n] ?? {}),
    plain: (n: number) => expecting(201, plain.ask(`/${n}`, events[n] ?? "")),
    http: overNetwork,
    direct,
  };
  await inTurns(warm, competitors);
  const later = (sample: Sample) => (n: number) => sample(warm + n);
  const times = await inTurns(samples, {
    bare: later(competitors.bare),
    plain: later(competitors.plain),
    http: later(overNetwork),
    direct: later(direct),
  });
  plain.stop();
  await server.stop();

  const of = (name: string) => median(times.get(name) ?? []);
  const row = (ours: number, floor: number) => ({ unit: "ms", ours, floor, ratio: ours / floor });
  const requests = await steadyRequests(engine);
  return [
    {
      what: "record a fact, `POST /v1/events` over HTTP",
      ...row(of("http"), of("bare")),
      floorIs: "bare PutItem",
      aim: { atMost: 1.3 },
      note: `median of ${samples}; ${requests} request a fact`,
    },
    {
      what: "the same, HTTP on both sides",
      ...row(of("http"), of("plain")),
      floorIs: "bare HTTP server, bare PutItem",
    },
    {
      what: "the same, HTTP on neither side",
      ...row(of("direct"), of("bare")),
      floorIs: "bare PutItem",
      note: "what the door and the ledger add",
    },
  ];
}

/** Requests to the table for one fact, once the names it uses have been heard. */
async function steadyRequests(engine: RemoteEngine): Promise<number> {
  const each = 40;
  const counted = counting(engine.client);
  const ask = inProcess(ledgerOn({ ...engine, client: counted.client }));
  const record = recordingOf(ask, "acme/backing", 2 * each);
  for (let n = 0; n < each; n++) await record(n);
  const before = counted.count();
  for (let n = each; n < 2 * each; n++) await record(n);
  return (counted.count() - before) / each;
}
