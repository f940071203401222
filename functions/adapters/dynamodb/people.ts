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
import { fold } from "../../../schemas/scalars.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import {
  type Committed,
  commitmentOf,
  type KnownPerson,
  newSalt,
  type People,
  type Person,
  type PersonRecord,
  type PersonRecords,
  personKey,
  type Register,
} from "../../ledger/people/people.ts";
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

const committedOf = (item: Record<string, AttributeValue>): Committed => {
  const { commitment, salt } = recordOf(item);
  return { commitment, salt };
};

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

/** The items of a commitment, through the index: without the salt. */
async function itemsOf({ client, name }: Table, commitment: string) {
  const input = {
    TableName: name,
    IndexName: PEOPLE.index.name,
    KeyConditionExpression: "#commitment = :commitment",
    ExpressionAttributeNames: { "#commitment": PEOPLE.index.partition },
    ExpressionAttributeValues: { ":commitment": { S: commitment } },
  };
  return (await asked(client.send(new QueryCommand(input)))).Items ?? [];
}

export function dynamodbPeople({ client, name: table }: Table): People {
  const keyOf = (person: Person) => ({ [PEOPLE.key]: { S: personKey(person) } });

  async function find(person: Person): Promise<Committed | undefined> {
    const input = { TableName: table, Key: keyOf(person), ConsistentRead: true };
    const { Item } = await asked(client.send(new GetItemCommand(input)));
    return Item === undefined ? undefined : committedOf(Item);
  }

  const keysOf = async (commitment: string): Promise<AttributeValue[]> =>
    (await itemsOf({ client, name: table }, commitment)).flatMap(({ [PEOPLE.key]: key }) =>
      key === undefined ? [] : [key],
    );

  return {
    find,

    commit: async (person) => {
      const salt = newSalt();
      const made = { commitment: commitmentOf(person, salt), salt: salt.toString("hex") };
      if (await putIfAbsent({ client, name: table }, { ...person, ...made })) return made;
      // Another process created the person first, or the SDK's retry finds its own write.
      const known = await find(person);
      if (known === undefined) throw new StoreError("unavailable", "a person was erased in this moment");
      return known;
    },

    reveal: async (commitments) => {
      const found = await mapLimit(AT_ONCE, [...new Set(commitments)], (one) =>
        itemsOf({ client, name: table }, one),
      );
      return new Map(
        found.flat().flatMap(({ commitment, login }): [string, string][] => {
          const [of, is] = [commitment?.S, login?.S];
          return of === undefined || is === undefined ? [] : [[of, is]];
        }),
      );
    },

    saltsOf: async (commitments) => {
      // The index holds no salts.
      const keys = (await mapLimit(AT_ONCE, [...new Set(commitments)], keysOf)).flat();
      const items = await mapLimit(AT_ONCE, keys, async (key) => {
        const input = { TableName: table, Key: { [PEOPLE.key]: key }, ConsistentRead: true };
        return (await asked(client.send(new GetItemCommand(input)))).Item;
      });
      return new Map(
        items.flatMap((item): [string, string][] => {
          if (item === undefined) return [];
          const { commitment, salt } = committedOf(item);
          return [[commitment, salt]];
        }),
      );
    },

    erase: async (commitments) => {
      for (const key of (await mapLimit(AT_ONCE, commitments, keysOf)).flat())
        await asked(client.send(new DeleteItemCommand({ TableName: table, Key: { [PEOPLE.key]: key } })));
    },
  };
}

const knownOf = (item: Record<string, AttributeValue>): KnownPerson => {
  const { salt: _, ...person } = recordOf(item);
  return person;
};

export function dynamodbRegister({ client, name: table }: Table): Register {
  /** The key of the item of a commitment; undefined if it was erased meanwhile. */
  async function keyOf(commitment: string): Promise<AttributeValue | undefined> {
    const [item] = await itemsOf({ client, name: table }, commitment);
    return item?.[PEOPLE.key];
  }
  async function scanned(limit: number | undefined, after: AttributeValue | undefined) {
    const { Items = [], LastEvaluatedKey } = await asked(
      client.send(
        new ScanCommand({
          TableName: table,
          ConsistentRead: true,
          ...(limit === undefined ? {} : { Limit: limit }),
          ...(after === undefined ? {} : { ExclusiveStartKey: { [PEOPLE.key]: after } }),
        }),
      ),
    );
    return { persons: Items.map(knownOf), last: LastEvaluatedKey?.[PEOPLE.key] };
  }
  return {
    page: async ({ limit, cursor }) => {
      const after = cursor === undefined ? undefined : await keyOf(cursor);
      if (cursor !== undefined && after === undefined)
        throw new StoreError("unavailable", "a person was erased in this moment: list the persons again");
      const { persons: entries, last } = await scanned(limit, after);
      const end = entries.at(-1);
      return last === undefined || end === undefined ? { entries } : { entries, cursor: end.commitment };
    },

    named: async (login) => {
      const found: KnownPerson[] = [];
      let after: AttributeValue | undefined;
      do {
        const { persons, last } = await scanned(undefined, after);
        found.push(...persons.filter((one) => fold(one.login) === fold(login)));
        after = last;
      } while (after !== undefined);
      return found;
    },
  };
}
