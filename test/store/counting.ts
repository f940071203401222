/**
 * What was asked of DynamoDB: every request, in waves. A wave is what was asked before anything of it was
 * answered: its answers are held back until all of them are there, as if every request took equally long. So
 * the number of waves is the number of sequential round trips, the same in every run.
 */
import type { DynamoDBClient, QueryCommandInput } from "@aws-sdk/client-dynamodb";
import { dynamodbPeople } from "../../functions/adapters/dynamodb/people.ts";
import { dynamodbStore } from "../../functions/adapters/dynamodb/store.ts";
import { PEOPLE } from "../../functions/adapters/keys.ts";
import { append } from "../../functions/ledger/append.ts";
import { type People, remembering } from "../../functions/ledger/people/people.ts";
import type { Store } from "../../functions/ledger/store.ts";
import type { Statement } from "../../schemas/fact.ts";
import { startEmulator } from "./emulator.ts";

interface Wave {
  readonly requests: string[];
  /** Whoever has an answer and waits for those of the rest. */
  readonly waiting: (() => void)[];
}

/** What some work cost, and how: one line for each sequential round trip. */
export interface Cost {
  readonly requests: number;
  readonly depth: number;
  readonly waves: readonly (readonly string[])[];
}

const isQuery = (input: object): input is QueryCommandInput => "KeyConditionExpression" in input;

/** A request in a few words: its command and, of a query, the partition and which page of it. */
function inWords(command: string, input: object): string {
  if (!isQuery(input)) return command;
  const partition = input.ExpressionAttributeValues?.[":partition"]?.S ?? "";
  const short = partition.replaceAll(/(sha256:[0-9a-f]{4})[0-9a-f]{60}/g, "$1");
  if (input.IndexName === PEOPLE.index.name) return "a person";
  return `${input.IndexName} ${short}${input.ExclusiveStartKey === undefined ? "" : ` (page of ${input.Limit})`}`;
}

/** Counts what goes through a client from now on. */
function watch(client: DynamoDBClient): { waves: Wave[] } {
  const seen: { waves: Wave[] } = { waves: [] };
  let current: Wave | undefined;
  const wave = (): Wave => {
    if (current !== undefined) return current;
    current = { requests: [], waiting: [] };
    seen.waves.push(current);
    return current;
  };
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const own = wave();
        own.requests.push(inWords(commandName ?? "", args.input));
        try {
          return await next(args);
        } finally {
          await new Promise<void>((resolve) => {
            own.waiting.push(resolve);
            if (own.waiting.length < own.requests.length) return;
            current = undefined;
            for (const go of own.waiting) go();
          });
        }
      },
    { step: "initialize", priority: "high", name: "counting" },
  );
  return seen;
}

export interface Counted {
  readonly store: Store;
  /** As a process has them that has just started. */
  readonly people: () => People;
  /** Does some work and tells what it cost; nothing else may run beside it. */
  readonly costOf: <T>(work: () => Promise<T>) => Promise<{ cost: Cost; result: T }>;
  readonly stop: () => Promise<void>;
}

/**
 * The store as it is on AWS, on the embedded engine, with every request counted.
 * @param folder where its data is; absent: in memory
 */
export async function startCounted(folder?: string): Promise<Counted> {
  const engine = await startEmulator(folder);
  const seen = watch(engine.client);
  return {
    store: dynamodbStore({ client: engine.client, name: engine.table }),
    people: () =>
      remembering(dynamodbPeople({ client: engine.client, name: engine.people }), () => new Date()),
    costOf: async (work) => {
      seen.waves = [];
      const result = await work();
      const waves = seen.waves.map(({ requests }) => requests);
      return { cost: { requests: waves.flat().length, depth: waves.length, waves }, result };
    },
    stop: engine.stop,
  };
}

export const NOW = "2026-11-22T09:00:00.000Z";

/** Records statements one by one, as one process does, and tells what each of them cost. */
export function recording({ store, people, costOf }: Counted) {
  let ms = Date.parse(NOW);
  const appending = {
    store,
    rules: [],
    now: () => new Date(ms++),
    heard: new Set<string>(),
    people: people(),
  };
  return async (statement: Statement): Promise<{ outcome: string; cost: Cost }> => {
    const { cost, result } = await costOf(() =>
      append(appending, statement, { reportedBy: "ci", vendor: "events" }),
    );
    return { outcome: result.outcome, cost };
  };
}
