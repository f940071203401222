/** The table of people, apart from the facts: what stands in it can be erased, so that nothing may keep a copy. */
import { RemovalPolicy, Validations } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, Table } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import { PEOPLE } from "../functions/adapters/keys.ts";
import type { LedgerFunction } from "./function.ts";
import { dynamodb, REWRITES } from "./table.ts";

const text = (name: string) => ({ name, type: AttributeType.STRING });
const { key, index } = PEOPLE;

export class PeopleTable extends Table {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      partitionKey: text(key),
      billingMode: BillingMode.PAY_PER_REQUEST,
      // No backup and no stream: a login that was erased would stay in them.
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: false },
      // Without it every fact's persons are commitments for good.
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.addGlobalSecondaryIndex({
      indexName: index.name,
      partitionKey: text(index.partition),
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: [...index.include],
    });
    Validations.of(this).acknowledge({
      id: "AwsSolutions-DDB3",
      reason: "It is the place that people are erased from: a backup would bring them back.",
    });
  }

  /** Lets the function show logins: by commitment alone, through the index, which holds no salts. */
  allowReveal(reader: LedgerFunction): void {
    reader.allow(dynamodb("Query"), `${this.tableArn}/index/${index.name}`);
  }

  /** Lets the function commit to people. */
  allowCommit(writer: LedgerFunction): void {
    writer.allow(dynamodb("GetItem", "PutItem"), this.tableArn);
  }

  /** Nothing erases yet: until something does, a person who may does it by hand. */
  denyErasure(of: LedgerFunction): void {
    of.deny([...REWRITES, ...dynamodb("PartiQLSelect")], this.tableArn, `${this.tableArn}/index/*`);
  }
}
