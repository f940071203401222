/** Reads all facts in the table, also those that are missing from the index of recorded facts. */
import { type AttributeValue, ScanCommand } from "@aws-sdk/client-dynamodb";
import type { Fact } from "../../../schemas/fact.ts";
import type { StoredFacts } from "../../ledger/store.ts";
import { FACT_KEYS, isListedBy } from "../keys.ts";
import { asked, type Table } from "./store.ts";

export function dynamodbStoredFacts({ client, name }: Table): StoredFacts {
  return async function* () {
    let last: Record<string, AttributeValue> | undefined;
    do {
      const found = await asked(
        client.send(
          new ScanCommand({
            TableName: name,
            ConsistentRead: true,
            FilterExpression: "begins_with(#key, :fact)",
            ProjectionExpression: "#key, #fact, #recorded, #recordedOrder",
            ExpressionAttributeNames: {
              "#key": "key",
              "#fact": "fact",
              "#recorded": "recorded",
              "#recordedOrder": "recordedOrder",
            },
            ExpressionAttributeValues: { ":fact": { S: FACT_KEYS } },
            ...(last === undefined ? {} : { ExclusiveStartKey: last }),
          }),
        ),
      );
      yield (found.Items ?? []).map(({ fact: bytes, ...keys }) => {
        const fact: Fact = JSON.parse(bytes?.S ?? "null");
        const texts = Object.fromEntries(Object.entries(keys).map(([name, { S }]) => [name, S]));
        return { fact, isListed: isListedBy(texts, fact) };
      });
      last = found.LastEvaluatedKey;
    } while (last !== undefined);
  };
}
