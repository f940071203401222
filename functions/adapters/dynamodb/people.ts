/** The table of people on DynamoDB; its keys are in `keys.ts`. */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { commitmentOf, newSalt, type People, type Person, personKey } from "../../ledger/people.ts";
import { StoreError } from "../../ledger/store.ts";
import { PEOPLE } from "../keys.ts";
import { asked, fault } from "./store.ts";

export function dynamodbPeople({ client, name: table }: { client: DynamoDBClient; name: string }): People {
  const keyOf = (person: Person) => ({ [PEOPLE.key]: { S: personKey(person) } });

  async function find(person: Person): Promise<string | undefined> {
    const input = { TableName: table, Key: keyOf(person), ConsistentRead: true };
    return (await asked(client.send(new GetItemCommand(input)))).Item?.commitment?.S;
  }

  /** Returns false if the person already exists. */
  async function put(person: Person, commitment: string, salt: Uint8Array): Promise<boolean> {
    const { login } = person;
    const input = {
      TableName: table,
      Item: { ...keyOf(person), commitment: { S: commitment }, login: { S: login }, salt: { B: salt } },
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
      if (await put(person, commitment, salt)) return commitment;
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
