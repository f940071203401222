/** The table of people, separate from the facts. Its items can be erased, so nothing may keep a copy of them. */
import { RemovalPolicy, Validations } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, Table } from "aws-cdk-lib/aws-dynamodb";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { PEOPLE } from "../functions/adapters/keys.ts";
import type { LedgerFunction } from "./function.ts";
import { dynamodb, REWRITES } from "./table.ts";

const text = (name: string) => ({ name, type: AttributeType.STRING });
const { key, index } = PEOPLE;

export class PeopleTable {
  readonly tableName: string;
  readonly tableArn: string;
  /** Absent for an adopted table: CloudFormation cannot give it a policy, so a person does (docs/aws.md). */
  readonly #own: Table | undefined;

  /** @param adopted the name of an existing table, such as a copied one */
  constructor(scope: Construct, id: string, adopted?: string) {
    this.#own = adopted === undefined ? newTable(scope, id) : undefined;
    const table = this.#own ?? Table.fromTableName(scope, `Adopted${id}`, adopted ?? "");
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

  /**
   * Lets one function list and erase people. Denies deletions to the rest of the account, and every other change to
   * everyone: whoever wants to do so must first change this policy, which CloudTrail records.
   */
  allowErasure(eraser: LedgerFunction): void {
    eraser.allow(dynamodb("Scan", "GetItem", "DeleteItem"), this.tableArn);
    const forbid = (actions: string[], conditions = {}): void => {
      // A table's policy cannot name its own table: here the asterisk means this table only.
      const everyone = { effect: Effect.DENY, principals: [new AnyPrincipal()], resources: ["*"] };
      this.#own?.addToResourcePolicy(new PolicyStatement({ ...everyone, actions, conditions }));
    };
    forbid(OTHER_REWRITES);
    forbid(DELETE, { ArnNotEquals: { "aws:PrincipalArn": eraser.role?.roleArn } });
  }

  /** Denies every change in the function's role, so that a grant added there by mistake has no effect. */
  denyErasure(of: LedgerFunction): void {
    this.#deny(of, REWRITES);
  }

  /** The same for the function that erases: every change but the deletion of a person. */
  denyOtherChanges(of: LedgerFunction): void {
    this.#deny(of, OTHER_REWRITES);
  }

  #deny(of: LedgerFunction, actions: readonly string[]): void {
    of.deny([...actions, ...dynamodb("PartiQLSelect")], this.tableArn, `${this.tableArn}/index/*`);
  }
}

const DELETE = dynamodb("DeleteItem");
const OTHER_REWRITES = REWRITES.filter((action) => !DELETE.includes(action));

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
