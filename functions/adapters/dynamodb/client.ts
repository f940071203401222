/** The client of DynamoDB. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { TIMEOUTS } from "../timeouts.ts";

/** @param endpoint an emulator's URL; absent: AWS, with the SDK's own configuration */
export const dynamodbClient = (endpoint?: string): DynamoDBClient =>
  new DynamoDBClient({
    maxAttempts: 4,
    requestHandler: TIMEOUTS,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
