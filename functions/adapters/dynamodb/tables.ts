/** The ledger's tables on DynamoDB, with one client. */
import type { People, PersonRecords, Register } from "../../ledger/people/people.ts";
import type { Store } from "../../ledger/store.ts";
import { dynamodbClient } from "./client.ts";
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
  const client = dynamodbClient(endpoint);
  const table = { client, name: people };
  return {
    store: dynamodbStore({ client, name: facts }),
    people: { ...dynamodbPeople(table), ...dynamodbPersonRecords(table) },
    register: dynamodbRegister(table),
    close: () => client.destroy(),
  };
}
