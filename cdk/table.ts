/** The table of facts, and its permissions. A fact is one item: put once, never updated, never deleted. */
import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from "aws-cdk-lib/aws-dynamodb";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { INDEXES } from "../functions/adapters/keys.ts";
import type { LedgerFunction } from "./function.ts";

export const dynamodb = (...actions: string[]): string[] => actions.map((action) => `dynamodb:${action}`);
/** Every action that changes the table, except PutItem. */
export const REWRITES = dynamodb(
  ...["UpdateItem", "DeleteItem", "BatchWriteItem"],
  ...["PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"],
);
const PUT = dynamodb("PutItem");

const text = (name: string) => ({ name, type: AttributeType.STRING });

export class LedgerTable extends Table {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      partitionKey: text("key"),
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      // Both images, so that a MODIFY or REMOVE shows the previous item.
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      // Encrypted with DynamoDB's own key, the default: a KMS key would add costs and a point of failure to each
      // request, and would exclude nobody whom IAM lets read the table.
    });
    for (const { name, partition, order, include } of INDEXES) {
      this.addGlobalSecondaryIndex({
        indexName: name,
        partitionKey: text(partition),
        sortKey: text(order),
        ...(include.length === 0
          ? { projectionType: ProjectionType.KEYS_ONLY }
          : { projectionType: ProjectionType.INCLUDE, nonKeyAttributes: [...include] }),
      });
    }
  }

  /** Lets the function read by key and by index; no scans. */
  allowReads(reader: LedgerFunction): void {
    reader.allow(dynamodb("GetItem", "BatchGetItem"), this.tableArn);
    reader.allow(dynamodb("Query"), ...INDEXES.map(({ name }) => `${this.tableArn}/index/${name}`));
  }

  /**
   * Lets one function put items. Denies puts to the rest of the account, and rewriting an item to everyone: whoever wants
   * to do so must first change this policy, which CloudTrail records.
   */
  allowPuts(writer: LedgerFunction): void {
    writer.allow(PUT, this.tableArn);
    const forbid = (actions: string[], conditions = {}): void => {
      // A table's policy cannot name its own table: here the asterisk means this table only.
      const everyone = { effect: Effect.DENY, principals: [new AnyPrincipal()], resources: ["*"] };
      this.addToResourcePolicy(new PolicyStatement({ ...everyone, actions, conditions }));
    };
    forbid(REWRITES);
    forbid(PUT, { ArnNotEquals: { "aws:PrincipalArn": writer.role?.roleArn } });
  }

  /** Denies the same in the function's role, so that a grant added there by mistake has no effect. */
  denyRewrites(of: LedgerFunction): void {
    of.deny([...REWRITES, ...dynamodb("PartiQLSelect")], this.tableArn, `${this.tableArn}/index/*`);
  }

  denyPuts(of: LedgerFunction): void {
    of.deny(PUT, this.tableArn);
  }

  /** Lets the function read the stream. The CDK's own grant would include every stream of the account. */
  allowStream(consumer: LedgerFunction, streamArn: string): void {
    consumer.allow(dynamodb("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"), streamArn);
  }
}
