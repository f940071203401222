/** The ledger's tables on DynamoDB, with one client. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { People, PersonRecords, Register } from "../../ledger/people.ts";
import type { Store } from "../../ledger/store.ts";
import { TIMEOUTS } from "../timeouts.ts";
import { dynamodbPeople, dynamodbPersonRecords, dynamodbRegister } from "./people.ts";
import { dynamodbStore } from "./store.ts";

export interface TableNames {
  readonly facts: string;
  readonly people: string;
}

export interface Tables {
  readonly store: Store;
  readonly people: People & PersonRecords;
  readonly register: Register;
  readonly close: () => void;
}

/** @param endpoint an emulator's URL; absent: AWS, with the SDK's own configuration */
export function openTables({ facts, people }: TableNames, endpoint?: string): Tables {
  const client = new DynamoDBClient({
    maxAttempts: 4,
    requestHandler: TIMEOUTS,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const table = { client, name: people };
  return {
    store: dynamodbStore({ client, name: facts }),
    people: { ...dynamodbPeople(table), ...dynamodbPersonRecords(table) },
    register: dynamodbRegister(table),
    close: () => client.destroy(),
  };
}
