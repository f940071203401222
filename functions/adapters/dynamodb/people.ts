/** The table of people on DynamoDB; its keys are in `keys.ts`. */
import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import * as z from "zod";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import {
  commitmentOf,
  newSalt,
  type People,
  type Person,
  type PersonRecord,
  type PersonRecords,
  personKey,
} from "../../ledger/people.ts";
import { StoreError } from "../../ledger/store.ts";
import { PEOPLE } from "../keys.ts";
import { asked, fault, type Table } from "./store.ts";

/** The whole table, for copies of a ledger. */
export function dynamodbPersonRecords({ client, name: table }: Table): PersonRecords {
  return {
    async *all() {
      let from: Record<string, AttributeValue> | undefined;
      do {
        const start = from === undefined ? {} : { ExclusiveStartKey: from };
        const page = await asked(
          client.send(new ScanCommand({ TableName: table, ConsistentRead: true, ...start })),
        );
        yield (page.Items ?? []).map(recordOf);
        from = page.LastEvaluatedKey;
      } while (from !== undefined);
    },
    put: async (record) => {
      await putIfAbsent({ client, name: table }, record);
    },
  };
}

const Key = z.tuple([z.string(), z.string()]);

function recordOf(item: Record<string, AttributeValue>): PersonRecord {
  const [issuer] = Key.parse(JSON.parse(item[PEOPLE.key]?.S ?? ""));
  const salt = Buffer.from(item.salt?.B ?? []).toString("hex");
  return { issuer, login: item.login?.S ?? "", commitment: item.commitment?.S ?? "", salt };
}

/** Returns false if the person already exists. */
async function putIfAbsent({ client, name }: Table, record: PersonRecord): Promise<boolean> {
  const { login, commitment, salt } = record;
  const item = { commitment: { S: commitment }, login: { S: login }, salt: { B: Buffer.from(salt, "hex") } };
  const input = {
    TableName: name,
    Item: { [PEOPLE.key]: { S: personKey(record) }, ...item },
    ConditionExpression: "attribute_not_exists(#key)",
    ExpressionAttributeNames: { "#key": PEOPLE.key },
  };
  try {
    await client.send(new PutItemCommand(input));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ConditionalCheckFailedException") return false;
    throw fault(error);
  }
}

export function dynamodbPeople({ client, name: table }: Table): People {
  const keyOf = (person: Person) => ({ [PEOPLE.key]: { S: personKey(person) } });

  async function find(person: Person): Promise<string | undefined> {
    const input = { TableName: table, Key: keyOf(person), ConsistentRead: true };
    return (await asked(client.send(new GetItemCommand(input)))).Item?.commitment?.S;
  }

  async function itemsOf(commitment: string) {
    const input = {
      TableName: table,
      IndexName: PEOPLE.index.name,
      KeyConditionExpression: "#commitment = :commitment",
      ExpressionAttributeNames: { "#commitment": PEOPLE.index.partition },
      ExpressionAttributeValues: { ":commitment": { S: commitment } },
    };
    return (await asked(client.send(new QueryCommand(input)))).Items ?? [];
  }

  return {
    find,

    commit: async (person) => {
      const salt = newSalt();
      const commitment = commitmentOf(person, salt);
      const record = { ...person, commitment, salt: salt.toString("hex") };
      if (await putIfAbsent({ client, name: table }, record)) return commitment;
      // Another process created the person first, or the SDK's retry finds its own write.
      const known = await find(person);
      if (known === undefined) throw new StoreError("unavailable", "a person was erased in this moment");
      return known;
    },

    reveal: async (commitments) => {
      const found = await mapLimit(AT_ONCE, [...new Set(commitments)], itemsOf);
      return new Map(
        found.flat().flatMap(({ commitment, login }): [string, string][] => {
          const [of, is] = [commitment?.S, login?.S];
          return of === undefined || is === undefined ? [] : [[of, is]];
        }),
      );
    },

    erase: async (commitment) => {
      for (const { [PEOPLE.key]: key } of await itemsOf(commitment)) {
        if (key === undefined) continue;
        const input = { TableName: table, Key: { [PEOPLE.key]: key } };
        await asked(client.send(new DeleteItemCommand(input)));
      }
    },
  };
}
