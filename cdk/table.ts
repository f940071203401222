/** The one table, and who may do what with it. A fact is one item, put once, never updated, never deleted. */
import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from "aws-cdk-lib/aws-dynamodb";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { INDEXES } from "../functions/adapters/keys.ts";
import type { LedgerFunction } from "./function.ts";

export const dynamodb = (...actions: string[]): string[] => actions.map((action) => `dynamodb:${action}`);
/** Whatever changes the table, but the one PutItem. */
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
      // Both images, so that a MODIFY or REMOVE shows what was there before it.
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      // Encrypted with the key that DynamoDB owns, the default: a KMS key would add a price and a point of failure
      // to each request, and keep nobody out whom IAM lets read the table.
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

  /** Lets the function read, by key and by index; no scans. */
  allowReads(reader: LedgerFunction): void {
    reader.allow(dynamodb("GetItem", "BatchGetItem"), this.tableArn);
    reader.allow(dynamodb("Query"), ...INDEXES.map(({ name }) => `${this.tableArn}/index/${name}`));
  }

  /**
   * Lets the one function put, and forbids it to the rest of the account, as it forbids everyone to rewrite an item:
   * who means to must first change this policy, which CloudTrail shows.
   */
  allowPuts(writer: LedgerFunction): void {
    writer.allow(PUT, this.tableArn);
    const forbid = (actions: string[], conditions = {}): void => {
      // A table's policy cannot name its own table: the asterisk is this table and no other.
      const everyone = { effect: Effect.DENY, principals: [new AnyPrincipal()], resources: ["*"] };
      this.addToResourcePolicy(new PolicyStatement({ ...everyone, actions, conditions }));
    };
    forbid(REWRITES);
    forbid(PUT, { ArnNotEquals: { "aws:PrincipalArn": writer.role?.roleArn } });
  }

  /** Forbids once more, in the function's own role: no grant added there by mistake has an effect. */
  denyRewrites(of: LedgerFunction): void {
    of.deny([...REWRITES, ...dynamodb("PartiQLSelect")], this.tableArn, `${this.tableArn}/index/*`);
  }

  denyPuts(of: LedgerFunction): void {
    of.deny(PUT, this.tableArn);
  }

  /** Lets the function follow the stream; the CDK's own grant would name every stream of the account. */
  allowStream(consumer: LedgerFunction, streamArn: string): void {
    consumer.allow(dynamodb("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"), streamArn);
  }
}
