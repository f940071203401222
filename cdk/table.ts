/** The table of facts, and its permissions. A fact is one item: put once, never updated, never deleted. */
import { RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  BillingMode,
  type ITable,
  Operation,
  ProjectionType,
  StreamViewType,
  Table,
} from "aws-cdk-lib/aws-dynamodb";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { INDEXES } from "../functions/adapters/keys.ts";
import type { Alarms } from "./alarms.ts";
import { allBut, type LedgerFunction } from "./function.ts";

export const dynamodb = (...actions: string[]): string[] => actions.map((action) => `dynamodb:${action}`);
/** Every action that changes the table, except PutItem. */
export const REWRITES = dynamodb(
  ...["UpdateItem", "DeleteItem", "BatchWriteItem"],
  ...["PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"],
);
const PUT = dynamodb("PutItem");
const OPERATIONS = [Operation.GET_ITEM, Operation.BATCH_GET_ITEM, Operation.QUERY, Operation.PUT_ITEM];

const text = (name: string) => ({ name, type: AttributeType.STRING });

/** The most that a table and each of its indexes take, in request units a second. */
export interface Throughput {
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** An existing table, such as a restored one. */
export interface Adopted {
  readonly facts: string;
  readonly stream: string;
}

function newTable(scope: Construct, id: string, { readUnits, writeUnits }: Throughput): Table {
  const maximum = { maxReadRequestUnits: readUnits, maxWriteRequestUnits: writeUnits };
  const table = new Table(scope, id, {
    partitionKey: text("key"),
    billingMode: BillingMode.PAY_PER_REQUEST,
    ...maximum,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
    // Both images, so that a MODIFY or REMOVE shows the previous item.
    stream: StreamViewType.NEW_AND_OLD_IMAGES,
    // Encrypted with DynamoDB's own key, the default: a KMS key would add costs and a point of failure to each
    // request, and would exclude nobody whom IAM lets read the table.
  });
  for (const { name, partition, order, include } of INDEXES) {
    table.addGlobalSecondaryIndex({
      indexName: name,
      partitionKey: text(partition),
      sortKey: text(order),
      ...maximum,
      ...(include.length === 0
        ? { projectionType: ProjectionType.KEYS_ONLY }
        : { projectionType: ProjectionType.INCLUDE, nonKeyAttributes: [...include] }),
    });
  }
  return table;
}

export class LedgerTable {
  readonly table: Table | ITable;
  readonly tableName: string;
  readonly tableArn: string;
  readonly streamArn: string;
  /** Absent for an adopted table: CloudFormation cannot give it a policy, so a person does (docs/aws.md). */
  readonly #own: Table | undefined;

  constructor(scope: Construct, id: string, throughput: Throughput, adopted?: Adopted) {
    this.#own = adopted === undefined ? newTable(scope, id, throughput) : undefined;
    this.table =
      this.#own ??
      Table.fromTableAttributes(scope, `Adopted${id}`, {
        tableName: adopted?.facts ?? "",
        tableStreamArn: adopted?.stream ?? "",
      });
    this.tableName = this.table.tableName;
    this.tableArn = this.table.tableArn;
    this.streamArn = this.table.tableStreamArn ?? "";
  }

  /** Alarms when DynamoDB throttles the table, or fails. */
  alarm(alarms: Alarms): void {
    const operations = { operations: OPERATIONS };
    alarms.on(
      "TableThrottles",
      "DynamoDB throttles requests to the table.",
      this.table.metricThrottledRequestsForOperations(operations),
    );
    alarms.on(
      "TableSystemErrors",
      "DynamoDB failed to answer requests.",
      this.table.metricSystemErrorsForOperations(operations),
    );
  }

  /** Lets the function read by key and by index; no scans. */
  allowReads(reader: LedgerFunction): void {
    reader.allow(dynamodb("GetItem", "BatchGetItem"), this.tableArn);
    reader.allow(dynamodb("Query"), ...INDEXES.map(({ name }) => `${this.tableArn}/index/${name}`));
  }

  /** Lets one function read the whole table: what compares all facts with the log. */
  allowScans(reader: LedgerFunction): void {
    reader.allow(dynamodb("Scan"), this.tableArn);
  }

  /**
   * Lets one function put items, and a role that copies a ledger into the table. Denies puts to the rest of the account, and rewriting an item to everyone: whoever wants
   * to do so must first change this policy, which CloudTrail records.
   */
  allowPuts(writer: LedgerFunction, copier?: string): void {
    writer.allow(PUT, this.tableArn);
    const forbid = (actions: string[], conditions = {}): void => {
      // A table's policy cannot name its own table: here the asterisk means this table only.
      const everyone = { effect: Effect.DENY, principals: [new AnyPrincipal()], resources: ["*"] };
      this.#own?.addToResourcePolicy(new PolicyStatement({ ...everyone, actions, conditions }));
    };
    forbid(REWRITES);
    forbid(PUT, allBut(writer, copier));
  }

  /** Denies the same in the function's role, so that a grant added there by mistake has no effect. */
  denyRewrites(of: LedgerFunction): void {
    of.deny([...REWRITES, ...dynamodb("PartiQLSelect")], this.tableArn, `${this.tableArn}/index/*`);
  }

  denyPuts(of: LedgerFunction): void {
    of.deny(PUT, this.tableArn);
  }

  /** Lets the function read the stream. The CDK's own grant would include every stream of the account. */
  allowStream(consumer: LedgerFunction): void {
    consumer.allow(
      dynamodb("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"),
      this.streamArn,
    );
  }
}
