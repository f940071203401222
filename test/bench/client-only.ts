/** A function with nothing but the client of the table: the least that any function with a table has to load. */
import { DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";

const client = new DynamoDBClient({ maxAttempts: 4 });

export const handler = async (event: { put: boolean; query: boolean }): Promise<unknown> => {
  const TableName = process.env.ASOF_TABLE;
  if (event.put) return client.send(new PutItemCommand({ TableName, Item: {} }));
  if (event.query) return client.send(new QueryCommand({ TableName }));
  return client.send(new GetItemCommand({ TableName, Key: {} }));
};
