/** The table of people, separate from the facts. Its items can be erased, so nothing may keep a copy of them. */
import { RemovalPolicy, Validations } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, Table } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import { PEOPLE } from "../functions/adapters/keys.ts";
import type { LedgerFunction } from "./function.ts";
import { dynamodb, REWRITES } from "./table.ts";

const text = (name: string) => ({ name, type: AttributeType.STRING });
const { key, index } = PEOPLE;

export class PeopleTable {
  readonly tableName: string;
  readonly tableArn: string;

  /** @param adopted the name of an existing table, such as a copied one */
  constructor(scope: Construct, id: string, adopted?: string) {
    const table =
      adopted === undefined ? newTable(scope, id) : Table.fromTableName(scope, `Adopted${id}`, adopted);
    this.tableName = table.tableName;
    this.tableArn = table.tableArn;
  }

  /** Lets the function read logins by commitment, through the index, which holds no salts. */
  allowReveal(reader: LedgerFunction): void {
    reader.allow(dynamodb("Query"), `${this.tableArn}/index/${index.name}`);
  }

  /** Lets the function find and add people. */
  allowCommit(writer: LedgerFunction): void {
    writer.allow(dynamodb("GetItem", "PutItem"), this.tableArn);
  }

  /** Denies every change. No function erases people yet; an authorized person does it by hand. */
  denyErasure(of: LedgerFunction): void {
    of.deny([...REWRITES, ...dynamodb("PartiQLSelect")], this.tableArn, `${this.tableArn}/index/*`);
  }
}

function newTable(scope: Construct, id: string): Table {
  const table = new Table(scope, id, {
    partitionKey: text(key),
    billingMode: BillingMode.PAY_PER_REQUEST,
    // No backup and no stream: an erased login would stay in them.
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: false },
    // Retained: without this table, the persons in facts stay commitments for ever.
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  table.addGlobalSecondaryIndex({
    indexName: index.name,
    partitionKey: text(index.partition),
    projectionType: ProjectionType.INCLUDE,
    nonKeyAttributes: [...index.include],
  });
  Validations.of(table).acknowledge({
    id: "AwsSolutions-DDB3",
    reason: "People are erased from this table: a backup would bring them back.",
  });
  return table;
}
