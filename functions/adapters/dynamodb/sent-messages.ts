/** Keeps the chat messages that were sent in a table of their own, from which DynamoDB removes old ones. */
import { GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { SENT } from "../keys.ts";
import { KEPT_MS, type SentMessages } from "../sent-messages.ts";
import { asked, type Table } from "./store.ts";

export const dynamodbSentMessages = ({ client, name }: Table): SentMessages => ({
  get: async (key) => {
    const Key = { [SENT.key]: { S: key } };
    const { Item } = await asked(
      client.send(new GetItemCommand({ TableName: name, Key, ConsistentRead: true })),
    );
    return Item?.value?.S;
  },
  put: async (key, value) => {
    const ends = Math.floor((Date.now() + KEPT_MS) / 1000);
    const Item = { [SENT.key]: { S: key }, value: { S: value }, [SENT.ends]: { N: String(ends) } };
    await asked(client.send(new PutItemCommand({ TableName: name, Item })));
  },
});
