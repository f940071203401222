import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { INGEST_PATHS } from "../cdk/edge.ts";
import { LedgerFunction } from "../cdk/function.ts";
import { FUNCTIONS, type FunctionName } from "../cdk/functions.ts";
import { AsofStack } from "../cdk/stacks.ts";
import {
  App,
  AwsSolutionsChecks,
  Effect,
  ManagedPolicy,
  Match,
  Policy,
  PolicyStatement,
  Template,
  Validations,
} from "../cdk/testing.ts";
import { AsofWafStack } from "../cdk/waf.ts";
import { INDEXES, PEOPLE } from "../functions/adapters/keys.ts";
import { queryEndpoints } from "../functions/http/questions/queries.ts";
import { SHARED_PATHS, sharedQuestions } from "../functions/http/questions/shared-questions.ts";
import { recordingEndpoints } from "../functions/http/recording/recording.ts";
import { Identities } from "../functions/ledger/authority/identities.ts";
import { bundleFunctions } from "../functions/runtime/build.ts";
import { bundleFunction } from "../functions/runtime/bundle.ts";
import { placeholders } from "./aws/placeholders.ts";
import { cleanUp, givenDoors } from "./http/given.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-cdk-"));
afterAll(() => {
  cleanUp();
  rmSync(folder, { recursive: true, force: true });
});

const bundles = placeholders(join(folder, "placeholders"));
const trustRoots = join(import.meta.dirname, "attestations/trusted_root.sigstore-tuf-4.0.2.json");

function stackOf(
  props: ConstructorParameters<typeof AsofStack>[2] = {},
  context: Record<string, unknown> = {},
): { app: App; stack: AsofStack } {
  const app = new App({ analyticsReporting: false, context, outdir: mkdtempSync(join(folder, "out-")) });
  return { app, stack: new AsofStack(app, "asof", { bundles, ...props }) };
}

const Resources = z.record(
  z.string(),
  z.looseObject({
    Type: z.string(),
    Properties: z.record(z.string(), z.unknown()).default({}),
    DeletionPolicy: z.string().optional(),
    UpdateReplacePolicy: z.string().optional(),
  }),
);
const resourcesOf = (template: Template): z.infer<typeof Resources> =>
  Resources.parse(template.toJSON().Resources);

const Ref = z.strictObject({ Ref: z.string() });
const GetAtt = z.strictObject({ "Fn::GetAtt": z.tuple([z.string(), z.string()]) });
const Joined = z.strictObject({ "Fn::Join": z.tuple([z.literal(""), z.array(z.unknown())]) });

/** A reference as a person would write it: `Table.Arn/index/subject`, without the hash in a logical id. */
function named(value: unknown): string {
  if (typeof value === "string") return value;
  const plain = (id: string) => id.replace(/[0-9A-F]{8}$/, "");
  const ref = Ref.safeParse(value);
  if (ref.success) return plain(ref.data.Ref);
  const attribute = GetAtt.safeParse(value);
  if (attribute.success) return attribute.data["Fn::GetAtt"].map(plain).join(".");
  return Joined.parse(value)["Fn::Join"][1].map(named).join("");
}

const oneOrMore = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item)]).transform((value) => z.array(item).parse([value].flat()));
/** Strict: a NotAction, a NotResource or a condition that nobody thought of here is an error, not overlooked. */
const Statement = z.strictObject({
  Effect: z.enum(["Allow", "Deny"]),
  Action: oneOrMore(z.string()),
  Resource: oneOrMore(z.unknown()),
});
const PolicyProperties = z.looseObject({
  PolicyDocument: z.looseObject({ Statement: z.array(Statement) }),
  Roles: z.array(Ref),
});
const RoleProperties = z.strictObject({ AssumeRolePolicyDocument: z.unknown() });
const FunctionProperties = z.looseObject({
  Role: GetAtt,
  Timeout: z.number(),
  Environment: z.looseObject({ Variables: z.record(z.string(), z.unknown()) }),
  LoggingConfig: z.looseObject({ LogGroup: Ref }),
});

/** Everything that a function's role may do (or may not), as sorted lines of action and resource. */
function permissions(template: Template, name: FunctionName, effect: "Allow" | "Deny"): string[] {
  const resources = Object.entries(resourcesOf(template));
  const found = resources.find(
    ([id, { Type }]) => Type === "AWS::Lambda::Function" && named({ Ref: id }).toLowerCase() === name,
  );
  const roleId = FunctionProperties.parse(found?.[1].Properties).Role["Fn::GetAtt"][0];
  // A managed or an inline policy would be more than what is read below.
  RoleProperties.parse(resources.find(([id]) => id === roleId)?.[1].Properties);
  const statements = resources
    .filter(([, { Type }]) => /^AWS::IAM::(Managed)?Policy$/.test(Type))
    .map(([, { Properties }]) => PolicyProperties.parse(Properties))
    .filter(({ Roles }) => Roles.some((role) => role.Ref === roleId))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .filter(({ Effect }) => Effect === effect);
  return statements
    .flatMap(({ Action, Resource }) =>
      Action.flatMap((action) => Resource.map((on) => `${action} ${named(on)}`)),
    )
    .sort();
}

const logs = (name: string) => [`logs:CreateLogStream ${name}Logs.Arn`, `logs:PutLogEvents ${name}Logs.Arn`];
const READS_FACTS = [
  "dynamodb:BatchGetItem Table.Arn",
  "dynamodb:GetItem Table.Arn",
  ...INDEXES.map(({ name }) => `dynamodb:Query Table.Arn/index/${name}`),
];
const READS = [
  ...READS_FACTS,
  "secretsmanager:GetSecretValue Secret",
  "secretsmanager:GetSecretValue OriginSecret",
];
/** By commitment, through an index without salts. The audit report names people; an export shows no logins. */
const REVEAL = "dynamodb:Query People.Arn/index/commitment";
const ALLOWED: Record<FunctionName, string[]> = {
  ingest: [
    ...READS,
    ...logs("Ingest"),
    "dynamodb:PutItem Table.Arn",
    "dynamodb:GetItem People.Arn",
    "dynamodb:PutItem People.Arn",
    REVEAL,
    "sqs:ChangeMessageVisibility Events.Arn",
    "sqs:DeleteMessage Events.Arn",
    "sqs:GetQueueAttributes Events.Arn",
    "sqs:GetQueueUrl Events.Arn",
    "sqs:ReceiveMessage Events.Arn",
    "sqs:ChangeMessageVisibility Later.Arn",
    "sqs:DeleteMessage Later.Arn",
    "sqs:GetQueueAttributes Later.Arn",
    "sqs:GetQueueUrl Later.Arn",
    "sqs:ReceiveMessage Later.Arn",
    "sqs:SendMessage Later.Arn",
    "secretsmanager:GetSecretValue WebhookSecret",
    "s3:PutObject Quarantine.Arn/*",
    "s3:GetObject Quarantine.Arn/*",
    "s3:DeleteObject Quarantine.Arn/*",
  ].sort(),
  questions: [
    ...READS,
    ...logs("Questions"),
    REVEAL,
    "s3:GetObject Quarantine.Arn/*",
    "s3:ListBucket Quarantine.Arn",
    "s3:GetObject Log.Arn/*",
    "s3:ListBucket Log.Arn",
  ].sort(),
  // Each export becomes a fact, which ingest records. Its tables say where in the log each fact stands.
  export: [
    ...READS,
    ...logs("Export"),
    REVEAL,
    "sqs:SendMessage Later.Arn",
    "s3:GetObject Log.Arn/*",
    "s3:ListBucket Log.Arn",
  ].sort(),
  erase: [
    ...READS,
    ...logs("Erase"),
    REVEAL,
    "dynamodb:Scan People.Arn",
    "dynamodb:GetItem People.Arn",
    "dynamodb:DeleteItem People.Arn",
    "s3:GetObject Quarantine.Arn/*",
    "s3:GetObjectVersion Quarantine.Arn/*",
    "s3:PutObject Quarantine.Arn/*",
    "s3:DeleteObjectVersion Quarantine.Arn/*",
    "s3:ListBucketVersions Quarantine.Arn",
    "sqs:SendMessage Later.Arn",
  ].sort(),
  publish: [
    ...logs("Publish"),
    // It publishes again what the stream lost.
    ...READS_FACTS,
    "dynamodb:DescribeStream Table.StreamArn",
    "dynamodb:GetRecords Table.StreamArn",
    "dynamodb:GetShardIterator Table.StreamArn",
    "dynamodb:ListStreams Table.StreamArn",
    "events:PutEvents LedgerBus.Arn",
    "sqs:GetQueueAttributes PublishDlq.Arn",
    "sqs:GetQueueUrl PublishDlq.Arn",
    "sqs:SendMessage PublishDlq.Arn",
  ].sort(),
  seal: [
    ...logs("Seal"),
    ...READS_FACTS,
    // The sweep looks behind the indexes.
    "dynamodb:Scan Table.Arn",
    "s3:GetObject Log.Arn/*",
    "s3:PutObject Log.Arn/*",
    "s3:ListBucket Log.Arn",
    "kms:Sign LogKey.Arn",
    "kms:GetPublicKey LogKey.Arn",
  ].sort(),
};
const REWRITES = [
  "UpdateItem",
  "DeleteItem",
  "BatchWriteItem",
  "PartiQLInsert",
  "PartiQLUpdate",
  "PartiQLDelete",
];

const template = Template.fromStack(stackOf().stack);
const resources = Object.entries(resourcesOf(template));
const ofType = (type: string) => resources.filter(([, { Type }]) => Type === type);

describe("the table", () => {
  it("has point-in-time recovery, deletion protection, a stream of both images, and outlives the stack", () => {
    template.hasResource("AWS::DynamoDB::Table", {
      DeletionPolicy: "Retain",
      UpdateReplacePolicy: "Retain",
      Properties: {
        KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
        BillingMode: "PAY_PER_REQUEST",
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: true,
        StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
      },
    });
  });

  it("has the indexes that the store reads", () => {
    template.hasResourceProperties("AWS::DynamoDB::Table", {
      GlobalSecondaryIndexes: INDEXES.map(({ name, partition, order, include }) => ({
        IndexName: name,
        KeySchema: [
          { AttributeName: partition, KeyType: "HASH" },
          { AttributeName: order, KeyType: "RANGE" },
        ],
        Projection:
          include.length === 0
            ? { ProjectionType: "KEYS_ONLY" }
            : { ProjectionType: "INCLUDE", NonKeyAttributes: include },
      })),
    });
  });

  it("forbids the whole account to rewrite an item, and all but ingest to put one", () => {
    const [roleId] = ofType("AWS::IAM::Role").find(([id]) => named({ Ref: id }) === "IngestRole") ?? [];
    const everyone = { Effect: "Deny", Principal: { AWS: "*" }, Resource: "*" };
    template.hasResourceProperties("AWS::DynamoDB::Table", {
      ResourcePolicy: {
        PolicyDocument: {
          Statement: [
            { ...everyone, Action: REWRITES.map((action) => `dynamodb:${action}`) },
            {
              ...everyone,
              Action: "dynamodb:PutItem",
              Condition: { ArnNotEquals: { "aws:PrincipalArn": { "Fn::GetAtt": [roleId, "Arn"] } } },
            },
          ],
        },
      },
    });
  });
});

describe("the table of people", () => {
  const [, people] = ofType("AWS::DynamoDB::Table").find(([id]) => named({ Ref: id }) === "People") ?? [];

  it("outlives the stack, with no backup and no stream that would keep who was erased", () => {
    expect(people).toMatchObject({
      DeletionPolicy: "Retain",
      UpdateReplacePolicy: "Retain",
      Properties: {
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
      },
    });
    expect(people?.Properties).not.toHaveProperty("StreamSpecification");
  });

  it("forbids the whole account to delete a person, but to the function that erases, and every other change", () => {
    const [roleId] = ofType("AWS::IAM::Role").find(([id]) => named({ Ref: id }) === "EraseRole") ?? [];
    const everyone = { Effect: "Deny", Principal: { AWS: "*" }, Resource: "*" };
    const others = REWRITES.filter((action) => action !== "DeleteItem");
    expect(people?.Properties.ResourcePolicy).toEqual({
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          { ...everyone, Action: others.map((action) => `dynamodb:${action}`) },
          {
            ...everyone,
            Action: "dynamodb:DeleteItem",
            Condition: { ArnNotEquals: { "aws:PrincipalArn": { "Fn::GetAtt": [roleId, "Arn"] } } },
          },
        ],
      },
    });
  });

  it("is found by commitment without the salt", () => {
    expect(people?.Properties.GlobalSecondaryIndexes).toEqual([
      {
        IndexName: PEOPLE.index.name,
        KeySchema: [{ AttributeName: "commitment", KeyType: "HASH" }],
        Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["login"] },
      },
    ]);
  });
});

describe("a function", () => {
  it("is one of six: the CDK adds none of its own", () => {
    expect(
      ofType("AWS::Lambda::Function")
        .map(([id]) => named({ Ref: id }).toLowerCase())
        .sort(),
    ).toEqual([...FUNCTIONS].sort());
  });

  it.each(FUNCTIONS)("%s may do exactly what it needs, by a role of its own", (name) => {
    expect(permissions(template, name, "Allow")).toEqual(ALLOWED[name]);
  });

  it.each(FUNCTIONS)("%s is denied to update, delete, batch-write and use PartiQL", (name) => {
    const denied = permissions(template, name, "Deny");
    for (const action of [...REWRITES, "PartiQLSelect"]) {
      for (const on of ["Table.Arn", "Table.Arn/index/*", "People.Arn", "People.Arn/index/*"]) {
        const isErasure = name === "erase" && action === "DeleteItem" && on.startsWith("People");
        expect(denied.includes(`dynamodb:${action} ${on}`), `${action} ${on}`).toBe(!isErasure);
      }
    }
  });

  it.each(FUNCTIONS)("%s is denied to put, unless it is ingest", (name) => {
    expect(permissions(template, name, "Deny").includes("dynamodb:PutItem Table.Arn")).toBe(
      name !== "ingest",
    );
  });

  it("runs on Node 24 and arm64, without X-Ray", () => {
    template.allResourcesProperties("AWS::Lambda::Function", {
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Handler: "index.handler",
      TracingConfig: Match.absent(),
    });
  });

  it("has a reserved concurrency: its ceiling, and what the others cannot take; by configuration another, or none", () => {
    const reserved = (props: ConstructorParameters<typeof AsofStack>[2]) =>
      Object.fromEntries(
        Object.entries(resourcesOf(Template.fromStack(stackOf(props).stack)))
          .filter(([, { Type }]) => Type === "AWS::Lambda::Function")
          .map(([id, { Properties }]) => [named({ Ref: id }), Properties.ReservedConcurrentExecutions]),
      );
    const usual = { Ingest: 20, Questions: 20, Export: 5, Publish: 5, Erase: 1, Seal: 3 };
    expect(reserved({})).toEqual(usual);
    expect(reserved({ concurrency: { ingest: 3 } })).toEqual({ ...usual, Ingest: 3 });
    expect(Object.values(reserved({ concurrency: false }))).toEqual(Array(6).fill(undefined));
  });

  it("takes from a queue with a bounded concurrency", () => {
    const bounds = ofType("AWS::Lambda::EventSourceMapping").flatMap(([, { Properties }]) =>
      Properties.ScalingConfig === undefined ? [] : [Properties.ScalingConfig],
    );
    expect(bounds).toEqual([{ MaximumConcurrency: 5 }, { MaximumConcurrency: 2 }]);
  });

  it("keeps its logs for a time, not for ever", () => {
    for (const [, { Properties }] of ofType("AWS::Lambda::Function")) {
      const group = FunctionProperties.parse(Properties).LoggingConfig.LogGroup.Ref;
      expect(resources.find(([id]) => id === group)?.[1].Properties.RetentionInDays).toBe(90);
    }
  });

  it("ends before its queue hands out the message again", () => {
    const mappings = ofType("AWS::Lambda::EventSourceMapping").map(([, { Properties }]) =>
      z.looseObject({ EventSourceArn: GetAtt, FunctionName: Ref }).parse(Properties),
    );
    const queued = mappings.flatMap(({ EventSourceArn, FunctionName }) => {
      const [, queue] =
        ofType("AWS::SQS::Queue").find(([id]) => id === EventSourceArn["Fn::GetAtt"][0]) ?? [];
      const [, taker] = resources.find(([id]) => id === FunctionName.Ref) ?? [];
      return queue === undefined ? [] : [{ queue, taker }];
    });
    expect(queued).toHaveLength(2);
    for (const { queue, taker } of queued) {
      const timeoutS = FunctionProperties.parse(taker?.Properties).Timeout;
      expect(queue.Properties.VisibilityTimeout).toBeGreaterThanOrEqual(6 * timeoutS);
    }
  });

  it("is told where its table, its secret, its queue and its bus are, and no more", () => {
    const told = Object.fromEntries(
      ofType("AWS::Lambda::Function").map(([id, { Properties }]) => {
        const variables = FunctionProperties.parse(Properties).Environment.Variables;
        return [
          named({ Ref: id }),
          Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, named(value)])),
        ];
      }),
    );
    const reader = {
      ASOF_TABLE: "Table",
      ASOF_PEOPLE_TABLE: "People",
      ASOF_SECRET: "Secret",
      ASOF_SETTLE_MS: "60000",
      ASOF_ORIGIN_SECRET: "OriginSecret",
    };
    expect(told).toEqual({
      Ingest: {
        ...reader,
        ASOF_QUARANTINE_BUCKET: "Quarantine",
        ASOF_WEBHOOK_SECRET: "WebhookSecret",
        ASOF_LATER_QUEUE: "Later",
        ASOF_LATER_ARN: "Later.Arn",
      },
      Questions: { ...reader, ASOF_QUARANTINE_BUCKET: "Quarantine", ASOF_LOG_BUCKET: "Log" },
      Export: { ...reader, ASOF_LATER_QUEUE: "Later", ASOF_LOG_BUCKET: "Log" },
      Erase: { ...reader, ASOF_QUARANTINE_BUCKET: "Quarantine", ASOF_LATER_QUEUE: "Later" },
      Publish: { ASOF_BUS: "LedgerBus", ASOF_TABLE: "Table" },
      Seal: {
        ASOF_TABLE: "Table",
        ASOF_LOG_BUCKET: "Log",
        ASOF_LOG_KEY: "LogKey.Arn",
        ASOF_LOG_NAME: "asof",
      },
    });
  });

  it("finds the naming rules where there are any", () => {
    const rules = join(folder, "good-rules.json");
    const made = [{ match: { service: "acme/billing-service" }, set: { service: "acme/billing" } }];
    writeFileSync(rules, JSON.stringify(made));
    const { app, stack } = stackOf({ rules });
    Template.fromStack(stack).allResourcesProperties("AWS::Lambda::Function", {
      Environment: { Variables: Match.objectLike({ ASOF_RULES: "/var/task/rules.json" }) },
    });
    const { directory } = app.synth();
    const assets = readdirSync(directory).filter((name) => existsSync(join(directory, name, "index.mjs")));
    expect(assets.length).toBeGreaterThan(0);
    for (const name of assets) {
      expect(JSON.parse(readFileSync(join(directory, name, "rules.json"), "utf8"))).toEqual(made);
    }
  });

  it("takes OIDC tokens by the policies of a file, in each function that is asked with a token", () => {
    const identities = join(folder, "identities.yaml");
    writeFileSync(
      identities,
      `policies:
  - issuer: https://gitlab.acme.example
    audience: https://ledger.acme.example
    claims: { namespace_id: 42000 }
    role: writer
    name: gitlab/{project_path}
`,
    );
    const { app, stack } = stackOf({ identities });
    const found = Template.fromStack(stack).findResources("AWS::Lambda::Function", {
      Properties: { Environment: { Variables: { ASOF_IDENTITIES: "/var/task/identities.json" } } },
    });
    expect(
      Object.keys(found)
        .map((id) => id.replace(/[0-9A-F]{8}$/, ""))
        .sort(),
    ).toEqual(["Erase", "Export", "Ingest", "Questions"]);
    const { directory } = app.synth();
    const assets = readdirSync(directory).filter((name) => existsSync(join(directory, name, "index.mjs")));
    for (const name of assets) {
      const made = Identities.parse(
        JSON.parse(readFileSync(join(directory, name, "identities.json"), "utf8")),
      );
      expect(made.policies).toMatchObject([{ claims: { namespace_id: ["42000"] } }]);
    }
    writeFileSync(identities, "policies: []");
    expect(() => stackOf({ identities })).toThrow("ASOF_IDENTITIES: policies");
  });

  it("knows whose signatures count where somebody said so, and only where it records", () => {
    const signers = [{ issuer: "https://token.actions.githubusercontent.com", repository: "*" }];
    const found = Template.fromStack(stackOf({ signers, trustRoots }).stack).findResources(
      "AWS::Lambda::Function",
      {
        Properties: {
          Environment: {
            Variables: {
              ASOF_TRUST_ROOTS: "/var/task/trust-roots.jsonl",
              ASOF_SIGNERS: JSON.stringify(signers),
            },
          },
        },
      },
    );
    expect(Object.keys(found).map((id) => named({ Ref: id }))).toEqual(["Ingest"]);
  });

  it.each([[], [{ issuer: "github", repository: "" }]])(
    "takes no signers that are none: %j",
    (...signers) => {
      expect(() => stackOf({ signers, trustRoots })).toThrow("signers");
    },
  );

  it("takes trusted roots and signers together alone", () => {
    expect(() => stackOf({ trustRoots })).toThrow("give both, or neither");
  });

  it("has a URL without IAM if it answers HTTP, and export's streams", () => {
    const urls = ofType("AWS::Lambda::Url").map(([id, { Properties }]) => [
      named({ Ref: id }),
      Properties.AuthType,
      Properties.InvokeMode,
    ]);
    expect(urls).toEqual([
      ["IngestFunctionUrl", "NONE", "BUFFERED"],
      ["QuestionsFunctionUrl", "NONE", "BUFFERED"],
      ["ExportFunctionUrl", "NONE", "RESPONSE_STREAM"],
      ["EraseFunctionUrl", "NONE", "BUFFERED"],
    ]);
  });
});

describe("the test of permissions", () => {
  const MUTATIONS: Record<string, (ingest: LedgerFunction) => void> = {
    "a wildcard": (ingest) => ingest.allow(["dynamodb:*"], "*"),
    "one action more": (ingest) =>
      ingest.allow(["dynamodb:Scan"], "arn:aws:dynamodb:eu-west-1:123456789012:table/other"),
    "everything but something": (ingest) =>
      ingest.addToRolePolicy(
        new PolicyStatement({ actions: ["s3:GetObject"], notResources: ["arn:aws:s3:::other"] }),
      ),
    "a managed policy": (ingest) =>
      ingest.role?.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName("AdministratorAccess")),
    "a second policy": (ingest) => {
      const statement = new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ["s3:GetObject"],
        resources: ["*"],
      });
      ingest.role?.attachInlinePolicy(new Policy(ingest, "Second", { statements: [statement] }));
    },
  };

  it.each(Object.keys(MUTATIONS))("would notice %s", (mutation) => {
    const { stack } = stackOf();
    const ingest = stack.node.findChild("Default").node.findChild("Ingest");
    if (!(ingest instanceof LedgerFunction)) throw new Error("no function Ingest");
    MUTATIONS[mutation]?.(ingest);
    const mutated = Template.fromStack(stack);
    expect(() => expect(permissions(mutated, "ingest", "Allow")).toEqual(ALLOWED.ingest)).toThrow();
  });
});

describe("a queue", () => {
  const QueueProperties = z.looseObject({
    SqsManagedSseEnabled: z.literal(true),
    RedrivePolicy: z.looseObject({ deadLetterTargetArn: GetAtt }).optional(),
    MessageRetentionPeriod: z.number(),
  });
  const queues = ofType("AWS::SQS::Queue").map(([id, { Properties }]) => ({
    id,
    name: named({ Ref: id }),
    ...QueueProperties.parse(Properties),
  }));

  it("has a dead-letter queue, or is one and keeps its letters for 14 days", () => {
    expect(queues.map(({ name }) => name).sort()).toEqual([
      "Events",
      "EventsDlq",
      "Later",
      "LaterDlq",
      "PublishDlq",
    ]);
    for (const { name, RedrivePolicy, MessageRetentionPeriod } of queues) {
      const isWorked = name === "Events" || name === "Later";
      if (isWorked) expect(named(RedrivePolicy?.deadLetterTargetArn)).toBe(`${name}Dlq.Arn`);
      else expect([name, MessageRetentionPeriod]).toEqual([name, 14 * 24 * 60 * 60]);
    }
  });

  const MAX_AGE_S: Record<string, number> = { Events: 600, Later: 3600 };
  it("has an alarm: on any letter in a dead-letter queue, on the age of the oldest in the others", () => {
    for (const { id, name } of queues) {
      template.hasResourceProperties("AWS::CloudWatch::Alarm", {
        Namespace: "AWS/SQS",
        Dimensions: [{ Name: "QueueName", Value: { "Fn::GetAtt": [id, "QueueName"] } }],
        ...(name in MAX_AGE_S
          ? { MetricName: "ApproximateAgeOfOldestMessage", Threshold: MAX_AGE_S[name] }
          : { MetricName: "ApproximateNumberOfMessagesVisible", Threshold: 1 }),
      });
    }
  });

  it("refuses what does not come over TLS", () => {
    for (const { id } of queues) {
      template.hasResourceProperties("AWS::SQS::QueuePolicy", {
        Queues: [{ Ref: id }],
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
          ]),
        },
      });
    }
  });

  it("gets back only the failed part of a batch, and so does the stream", () => {
    template.resourceCountIs("AWS::Lambda::EventSourceMapping", 3);
    template.allResourcesProperties("AWS::Lambda::EventSourceMapping", {
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
  });
});

describe("the stream", () => {
  it("is published from its beginning, with a bounded retry, and what fails is an alarm", () => {
    const [dlq] = ofType("AWS::SQS::Queue").find(([id]) => named({ Ref: id }) === "PublishDlq") ?? [];
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      StartingPosition: "TRIM_HORIZON",
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 10,
      DestinationConfig: { OnFailure: { Destination: { "Fn::GetAtt": [dlq, "Arn"] } } },
    });
  });

  it("rings when an item was changed or removed", () => {
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      Namespace: "asof",
      MetricName: "ImmutabilityBreach",
      Dimensions: Match.absent(),
      Statistic: "Sum",
      Threshold: 1,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      TreatMissingData: "notBreaching",
    });
  });
});

describe("an alarm", () => {
  it("reaches the topic, which lets CloudWatch publish", () => {
    const [topic] = ofType("AWS::SNS::Topic")[0] ?? [];
    template.allResourcesProperties("AWS::CloudWatch::Alarm", { AlarmActions: [{ Ref: topic }] });
    template.hasResourceProperties("AWS::SNS::TopicPolicy", {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: "Allow",
            Action: "sns:Publish",
            Principal: { Service: "cloudwatch.amazonaws.com" },
            Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
          }),
        ]),
      },
    });
  });

  it("rings when a function fails", () => {
    for (const [id] of ofType("AWS::Lambda::Function")) {
      template.hasResourceProperties("AWS::CloudWatch::Alarm", {
        Namespace: "AWS/Lambda",
        MetricName: "Errors",
        Dimensions: [{ Name: "FunctionName", Value: { Ref: id } }],
      });
    }
  });

  it("rings when a function is not started, comes near its time limit, or answers with an error of its own", () => {
    for (const [id, { Properties }] of ofType("AWS::Lambda::Function")) {
      const Dimensions = [{ Name: "FunctionName", Value: { Ref: id } }];
      const of = (MetricName: string, Threshold: number) =>
        template.hasResourceProperties("AWS::CloudWatch::Alarm", {
          Namespace: "AWS/Lambda",
          MetricName,
          Dimensions,
          Threshold,
        });
      of("Throttles", 1);
      of("Duration", FunctionProperties.parse(Properties).Timeout * 900);
      if (!/^(Publish|Seal)/.test(id)) of("Url5xxCount", 1);
    }
  });

  it("rings when facts wait to be published, and when DynamoDB throttles or fails", () => {
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      MetricName: "IteratorAge",
      Statistic: "Maximum",
      Threshold: 3_600_000,
    });
    const texts = ofType("AWS::CloudWatch::Alarm").map(([id, { Properties }]) => [
      named({ Ref: id }),
      JSON.stringify(Properties),
    ]);
    for (const [name, metric] of [
      ["TableThrottles", "ThrottledRequests"],
      ["TableSystemErrors", "SystemErrors"],
    ]) {
      const text = texts.find(([id]) => id?.includes(name ?? ""))?.[1] ?? "";
      for (const operation of ["GetItem", "BatchGetItem", "Query", "PutItem"]) {
        expect(text).toContain(operation);
        expect(text).toContain(`"MetricName":"${metric}"`);
      }
    }
  });

  it.each(["Quarantined", "StaleSecrets", "SilentSources"])(
    "rings by the functions' own metric %s",
    (name) => {
      template.hasResourceProperties("AWS::CloudWatch::Alarm", {
        Namespace: "asof",
        MetricName: name,
        Dimensions: [{ Name: "service", Value: "asof" }],
        Threshold: 1,
      });
    },
  );

  it("is sent by e-mail where an address is given", () => {
    template.resourceCountIs("AWS::SNS::Subscription", 0);
    Template.fromStack(stackOf({ alarmEmail: "ops@example.com" }).stack).hasResourceProperties(
      "AWS::SNS::Subscription",
      { Protocol: "email", Endpoint: "ops@example.com" },
    );
  });
});

describe("a rule", () => {
  const Matcher = z.union([
    z.string(),
    z.strictObject({ prefix: z.string() }),
    z.strictObject({ "anything-but": z.union([z.string(), z.array(z.string())]) }),
  ]);
  const RuleProperties = z.looseObject({
    EventBusName: z.unknown(),
    EventPattern: z.strictObject({ source: z.array(Matcher), "detail-type": z.array(Matcher) }),
    Targets: z.array(
      z.looseObject({ Arn: z.unknown(), DeadLetterConfig: z.looseObject({ Arn: z.unknown() }) }),
    ),
  });
  const rules = ofType("AWS::Events::Rule")
    .filter(([, { Properties }]) => Properties.ScheduleExpression === undefined)
    .map(([, { Properties }]) => RuleProperties.parse(Properties));
  type Event = { bus: string; source: string; "detail-type": string };

  /** As EventBridge matches, as far as our patterns go. */
  const matches = (matcher: z.infer<typeof Matcher>, value: string): boolean => {
    if (typeof matcher === "string") return matcher === value;
    if ("prefix" in matcher) return value.startsWith(matcher.prefix);
    return ![matcher["anything-but"]].flat().includes(value);
  };
  const taken = (event: Event): boolean =>
    rules.some(
      ({ EventBusName, EventPattern }) =>
        named(EventBusName) === event.bus &&
        EventPattern.source.some((matcher) => matches(matcher, event.source)) &&
        EventPattern["detail-type"].some((matcher) => matches(matcher, event["detail-type"])),
    );

  it.each([
    { bus: "default", source: "aws.ecr", "detail-type": "ECR Image Action" },
    { bus: "default", source: "aws.ecr", "detail-type": "ECR Replication Action" },
    { bus: "default", source: "aws.ecr", "detail-type": "ECR Pull Through Cache Action" },
    { bus: "default", source: "aws.ecs", "detail-type": "ECS Deployment State Change" },
    { bus: "default", source: "aws.ecs", "detail-type": "ECS Task State Change" },
    {
      bus: "default",
      source: "aws.codedeploy",
      "detail-type": "CodeDeploy Deployment State-change Notification",
    },
    {
      bus: "default",
      source: "aws.codepipeline",
      "detail-type": "CodePipeline Action Execution State Change",
    },
    { bus: "IngestBus", source: "acme.ci", "detail-type": "dev.asof.deployment.succeeded.v1" },
    { bus: "IngestBus", source: "acme.ci", "detail-type": "dev.cdevents.service.deployed.0.2.0" },
  ])("takes an event $# on the bus $bus", (event) => expect(taken(event)).toBe(true));

  it.each([
    { bus: "default", source: "aws.ecr", "detail-type": "ECR Image Scan" },
    {
      bus: "default",
      source: "aws.codepipeline",
      "detail-type": "CodePipeline Stage Execution State Change",
    },
    { bus: "default", source: "acme.ci", "detail-type": "dev.asof.deployment.succeeded.v1" },
    { bus: "IngestBus", source: "acme.ci", "detail-type": "something.else" },
  ])("leaves an event $# on the bus $bus", (event) => expect(taken(event)).toBe(false));

  it.each(["default", "IngestBus", "LedgerBus"])(
    "never takes what the ledger itself sends, on the bus %s",
    (bus) => {
      expect(taken({ bus, source: "asof", "detail-type": "dev.asof.deployment.succeeded.v1" })).toBe(false);
    },
  );

  it("sends to the queue of events, and what cannot be sent to its dead-letter queue", () => {
    expect(rules).toHaveLength(2);
    for (const { Targets } of rules) {
      expect(Targets.map(({ Arn, DeadLetterConfig }) => [named(Arn), named(DeadLetterConfig.Arn)])).toEqual([
        ["Events.Arn", "EventsDlq.Arn"],
      ]);
    }
  });

  it("has an archive of the same events, and the bus of facts has one of all facts", () => {
    const archives = ofType("AWS::Events::Archive").map(([, { Properties }]) => Properties);
    expect(archives.map(({ EventPattern }) => EventPattern)).toEqual([
      ...rules.map(({ EventPattern }) => EventPattern),
      { source: ["asof"] },
    ]);
    for (const { RetentionDays } of archives) expect(RetentionDays).toBe(90);
  });
});

describe("a secret", () => {
  it.each(['{"tokens":"","registries":{}}', '{"webhookSecrets":{}}'])(
    "begins empty and outlives the stack: %s",
    (SecretString) => {
      template.hasResource("AWS::SecretsManager::Secret", {
        DeletionPolicy: "Retain",
        Properties: { SecretString },
      });
    },
  );
});

describe("the quarantine", () => {
  it("is a bucket that outlives the stack, with versions, for nobody else and over TLS alone", () => {
    template.hasResource("AWS::S3::Bucket", {
      DeletionPolicy: "Retain",
      Properties: {
        VersioningConfiguration: { Status: "Enabled" },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
        LifecycleConfiguration: {
          Rules: [{ Status: "Enabled", NoncurrentVersionExpiration: { NoncurrentDays: 365 } }],
        },
      },
    });
    template.hasResourceProperties("AWS::S3::BucketPolicy", {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
        ],
      },
    });
  });
});

describe("the sealed log", () => {
  const idOf = (type: string, name: string): string =>
    ofType(type).find(([id]) => named({ Ref: id }) === name)?.[0] ?? expect.fail(`no ${name}`);
  const sealer = { "Fn::GetAtt": [idOf("AWS::IAM::Role", "SealRole"), "Arn"] };
  const others = { ArnNotEquals: { "aws:PrincipalArn": sealer } };
  const everyone = { Effect: "Deny", Principal: { AWS: "*" } };

  it("is a bucket with versions, of which nobody can delete one for a time", () => {
    template.hasResource("AWS::S3::Bucket", {
      DeletionPolicy: "Retain",
      Properties: {
        VersioningConfiguration: { Status: "Enabled" },
        ObjectLockEnabled: true,
        ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 400 } } },
      },
    });
  });

  it("is written by the sealer alone, on a condition always, and nobody may delete", () => {
    template.hasResourceProperties("AWS::S3::BucketPolicy", {
      Bucket: { Ref: idOf("AWS::S3::Bucket", "Log") },
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ ...everyone, Action: "s3:PutObject", Condition: others }),
          Match.objectLike({
            ...everyone,
            Action: "s3:PutObject",
            Condition: { Null: { "s3:if-match": "true", "s3:if-none-match": "true" } },
          }),
          Match.objectLike({
            ...everyone,
            Action: ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"],
          }),
        ]),
      },
    });
  });

  it("is signed by the sealer alone, with an Ed25519 key that outlives the stack", () => {
    template.hasResource("AWS::KMS::Key", {
      DeletionPolicy: "Retain",
      Properties: {
        KeySpec: "ECC_NIST_EDWARDS25519",
        KeyUsage: "SIGN_VERIFY",
        KeyPolicy: {
          Statement: Match.arrayWith([
            Match.objectLike({ ...everyone, Action: "kms:Sign", Condition: others }),
          ]),
        },
      },
    });
  });

  it("is sealed every minute, and compared and time-stamped daily", () => {
    for (const [task, ScheduleExpression] of [
      ["seal", "rate(1 minute)"],
      ["sweep", "rate(1 day)"],
      ["stamp", "rate(1 day)"],
    ])
      template.hasResourceProperties("AWS::Events::Rule", {
        ScheduleExpression,
        Targets: [Match.objectLike({ Input: JSON.stringify({ task }) })],
      });
  });

  it("is not begun while a role copies a ledger in, which alone may write beside the functions then", () => {
    const carriedBy = "arn:aws:iam::111111111111:role/copier";
    const paused = Template.fromStack(stackOf({ log: { carriedBy } }).stack);
    const beside = { ArnNotEquals: { "aws:PrincipalArn": [Match.anyValue(), carriedBy] } };
    const mayPut = (Action: string, Condition: object) => ({
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ ...everyone, Action, Condition })]) },
    });
    paused.hasResourceProperties("AWS::S3::BucketPolicy", mayPut("s3:PutObject", beside));
    paused.hasResourceProperties("AWS::DynamoDB::Table", {
      ResourcePolicy: mayPut("dynamodb:PutItem", beside),
    });
    for (const task of ["seal", "sweep", "stamp"])
      paused.hasResourceProperties("AWS::Events::Rule", {
        State: "DISABLED",
        Targets: [Match.objectLike({ Input: JSON.stringify({ task }) })],
      });
    const mappings = Object.values(paused.findResources("AWS::Lambda::EventSourceMapping"));
    const ofQueues = mappings.filter(({ Properties }) => Properties.StartingPosition === undefined);
    expect(ofQueues.map(({ Properties }) => Properties.Enabled)).toEqual([false, false]);
    const keys = Object.values(paused.findResources("AWS::KMS::Key"));
    expect(JSON.stringify(keys)).not.toContain(carriedBy);
  });

  it("is an alarm when it is five minutes late or silent, and when it differs from the ledger", () => {
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      MetricName: "SealAge",
      Threshold: 300,
      TreatMissingData: "breaching",
    });
    template.hasResourceProperties("AWS::CloudWatch::Alarm", { MetricName: "SealFindings", Threshold: 1 });
  });
});

describe("the sources", () => {
  it("are checked every quarter of an hour for one that fell silent", () => {
    const [questions] = ofType("AWS::Lambda::Function").find(([id]) => id.startsWith("Questions")) ?? [];
    template.hasResourceProperties("AWS::Events::Rule", {
      ScheduleExpression: "rate(15 minutes)",
      Targets: [
        Match.objectLike({ Arn: { "Fn::GetAtt": [questions, "Arn"] }, Input: '{"check":"sources"}' }),
      ],
    });
  });

  it("are silent by the configuration where it says when", () => {
    const silentAfter = { "/ci/acme": "2d", "/ci/retired": "never" };
    Template.fromStack(stackOf({ silentAfter }).stack).hasResourceProperties("AWS::Lambda::Function", {
      Environment: { Variables: Match.objectLike({ ASOF_SILENT_AFTER: JSON.stringify(silentAfter) }) },
    });
    expect(() => stackOf({ silentAfter: { "/ci": "soon" } })).toThrow("silentAfter");
  });
});

describe("the senders of events", () => {
  it("are those of the configuration, for the function that records", () => {
    const senders = [{ environments: ["staging"], name: "staging", account: "222222222222" }];
    Template.fromStack(stackOf({ senders }).stack).hasResourceProperties("AWS::Lambda::Function", {
      Environment: { Variables: Match.objectLike({ ASOF_SENDERS: JSON.stringify(senders) }) },
    });
    expect(() => stackOf({ senders: [{ name: "staging", account: "2" }] })).toThrow("senders");
  });
});

describe("what a fault may cost", () => {
  it("is bounded by the throughput of the table and of each index", () => {
    const bounded = (read: number, write: number) => ({
      OnDemandThroughput: { MaxReadRequestUnits: read, MaxWriteRequestUnits: write },
    });
    template.hasResourceProperties("AWS::DynamoDB::Table", {
      ...bounded(10_000, 2000),
      GlobalSecondaryIndexes: INDEXES.map(() => Match.objectLike(bounded(10_000, 2000))),
    });
    Template.fromStack(stackOf({ throughput: { readUnits: 500 } }).stack).hasResourceProperties(
      "AWS::DynamoDB::Table",
      bounded(500, 2000),
    );
  });

  it("is a budget where one is configured", () => {
    template.resourceCountIs("AWS::Budgets::Budget", 0);
    const budget = { monthlyUsd: 50, email: "ops@example.com" };
    Template.fromStack(stackOf({ budget }).stack).hasResourceProperties("AWS::Budgets::Budget", {
      Budget: { BudgetLimit: { Amount: 50, Unit: "USD" }, TimeUnit: "MONTHLY" },
      NotificationsWithSubscribers: [80, 100].map((Threshold) => ({
        Notification: Match.objectLike({ Threshold }),
        Subscribers: [{ SubscriptionType: "EMAIL", Address: "ops@example.com" }],
      })),
    });
  });
});

describe("a restored table", () => {
  const table = {
    facts: "asof-restored",
    stream: "arn:aws:dynamodb:eu-west-1:123456789012:table/asof-restored/stream/2026-11-28T00:00:00.000",
    people: "asof-people",
  };
  const adopted = Template.fromStack(stackOf({ table }).stack);

  it("is used instead of the stack's own tables, which the stack leaves alone", () => {
    adopted.resourceCountIs("AWS::DynamoDB::Table", 0);
    adopted.hasResourceProperties("AWS::Lambda::Function", {
      Environment: {
        Variables: Match.objectLike({ ASOF_TABLE: "asof-restored", ASOF_PEOPLE_TABLE: "asof-people" }),
      },
    });
    adopted.hasResourceProperties("AWS::Lambda::EventSourceMapping", { EventSourceArn: table.stream });
  });

  it("may be put to by ingest alone, and rewritten by no function", () => {
    const text = JSON.stringify(adopted.findResources("AWS::IAM::Policy"));
    expect(text.match(/"Action":"dynamodb:PutItem","Effect":"Allow"/g)).toHaveLength(1);
    expect(text.match(/"dynamodb:UpdateItem"/g)?.length).toBeGreaterThanOrEqual(FUNCTIONS.length);
  });
});

describe("backups", () => {
  it("are daily and of the facts alone, where they are configured, with a copy in another vault", () => {
    template.resourceCountIs("AWS::Backup::BackupPlan", 0);
    const copyTo = "arn:aws:backup:eu-central-1:210987654321:backup-vault:asof";
    const backed = Template.fromStack(stackOf({ backup: { keepDays: 90, copyTo } }).stack);
    backed.hasResourceProperties("AWS::Backup::BackupPlan", {
      BackupPlan: {
        BackupPlanRule: [
          Match.objectLike({
            ScheduleExpression: "cron(0 3 * * ? *)",
            Lifecycle: { DeleteAfterDays: 90 },
            CopyActions: [{ DestinationBackupVaultArn: copyTo, Lifecycle: { DeleteAfterDays: 90 } }],
          }),
        ],
      },
    });
    const [selection] = Object.values(backed.findResources("AWS::Backup::BackupSelection"));
    expect(JSON.stringify(selection?.Properties.BackupSelection.Resources)).toMatch(/"Table[0-9A-F]{8}"/);
    expect(JSON.stringify(selection)).not.toContain("People");
  });
});

describe("cloudfront", () => {
  /** The ledger in one region, and its firewall in us-east-1. */
  function firewalled(): { app: App; waf: AsofWafStack; ledger: AsofStack } {
    const app = new App({ analyticsReporting: false, outdir: mkdtempSync(join(folder, "out-")) });
    const account = "123456789012";
    const waf = new AsofWafStack(app, "asof-waf", {
      env: { account, region: "us-east-1" },
      crossRegionReferences: true,
    });
    const ledger = new AsofStack(app, "asof", {
      bundles,
      webAclArn: waf.webAclArn,
      env: { account, region: "eu-west-1" },
      crossRegionReferences: true,
    });
    return { app, waf, ledger };
  }

  it.each([{}, { env: { region: "eu-west-1" } }])(
    "is there in any region, without a firewall: %j",
    (props) => {
      const edge = Template.fromStack(stackOf(props).stack);
      edge.resourceCountIs("AWS::CloudFront::Distribution", 1);
      edge.resourceCountIs("AWS::WAFv2::WebACL", 0);
      expect(Object.keys(edge.findOutputs("*")).filter((name) => name.endsWith("Url"))).toEqual(["Url"]);
    },
  );

  it("is not there where the configuration switches it off: then each function has an address", () => {
    const direct = Template.fromStack(stackOf({ cloudfront: false }).stack);
    direct.resourceCountIs("AWS::CloudFront::Distribution", 0);
    expect(Object.keys(direct.findOutputs("*")).filter((name) => name.endsWith("Url"))).toEqual([
      "IngestUrl",
      "QuestionsUrl",
      "ExportUrl",
      "EraseUrl",
    ]);
    expect(JSON.stringify(direct.toJSON())).not.toContain("ASOF_ORIGIN_SECRET");
  });

  it("shows the functions a secret with each request, whose value is in no template", () => {
    const text = JSON.stringify(template.findResources("AWS::CloudFront::Distribution"));
    const headers = [
      ...text.matchAll(/"HeaderName":"x-asof-origin","HeaderValue":\{"Fn::Join":\["",\["([^"]+)"/g),
    ];
    expect(headers.map(([, value]) => value)).toEqual(Array(4).fill("{{resolve:secretsmanager:"));
    template.hasResourceProperties("AWS::SecretsManager::Secret", {
      GenerateSecretString: { PasswordLength: 48, ExcludePunctuation: true },
    });
  });

  it("has a domain of one's own where one is configured", () => {
    const domain = {
      name: "asof.example.com",
      certificate: "arn:aws:acm:us-east-1:123456789012:certificate/1",
    };
    const edge = Template.fromStack(stackOf({ domain }).stack);
    edge.hasResourceProperties("AWS::CloudFront::Distribution", {
      DistributionConfig: {
        Aliases: ["asof.example.com"],
        ViewerCertificate: {
          AcmCertificateArn: domain.certificate,
          MinimumProtocolVersion: "TLSv1.2_2021",
        },
      },
    });
    edge.hasOutput("Url", { Value: "https://asof.example.com" });
  });

  it("answers a question on each path that also records, because a path belongs to one function", () => {
    const { ledger } = givenDoors();
    const asked = queryEndpoints(ledger)
      .routes.filter(({ method }) => method === "GET")
      .map(({ path }) => path);
    const both = asked.filter((path) => new Set<string>(INGEST_PATHS).has(path));
    expect(both.sort()).toEqual([...SHARED_PATHS].sort());
    const mounted = sharedQuestions(ledger).routes.filter(({ method }) => method === "GET");
    expect(mounted.map(({ path }) => path).sort()).toEqual([...SHARED_PATHS].sort());
  });

  it("sends what records to ingest, exports to export, questions to the rest, and caches the page's files alone", () => {
    const Behaviour = z.looseObject({
      TargetOriginId: z.string(),
      CachePolicyId: z.string(),
      OriginRequestPolicyId: z.string().optional(),
    });
    const Config = z.object({
      DistributionConfig: z.looseObject({
        DefaultCacheBehavior: Behaviour,
        CacheBehaviors: z.array(Behaviour.extend({ PathPattern: z.string() })),
        Origins: z.array(z.looseObject({ Id: z.string(), DomainName: z.unknown() })),
      }),
    });
    const [[, found] = []] = ofType("AWS::CloudFront::Distribution");
    const { DefaultCacheBehavior, CacheBehaviors, Origins } = Config.parse(
      found?.Properties,
    ).DistributionConfig;
    const to = ({ TargetOriginId }: z.infer<typeof Behaviour>): string | undefined =>
      /(Ingest|Questions|Export|Erase)FunctionUrl/.exec(
        JSON.stringify(Origins.find(({ Id }) => Id === TargetOriginId)?.DomainName),
      )?.[1];

    expect(to(DefaultCacheBehavior)).toBe("Questions");
    expect(CacheBehaviors.map((behaviour) => [behaviour.PathPattern, to(behaviour)])).toEqual([
      ["/v1/events", "Ingest"],
      ["/v1/webhooks/*", "Ingest"],
      ["/v1/retractions", "Ingest"],
      ["/v1/disputes", "Ingest"],
      ["/v1/reviews", "Ingest"],
      ["/v1/attestations", "Ingest"],
      ["/v1/marks", "Ingest"],
      ["/v1/notes", "Ingest"],
      ["/v1/freezes", "Ingest"],
      ["/v1/freezes/end", "Ingest"],
      ["/v1/renames", "Ingest"],
      ["/v1/redeployments", "Ingest"],
      ["/v1/redeployments/*/take", "Ingest"],
      ["/v1/redeployments/*/end", "Ingest"],
      ["/v1/redeployments/*/cancel", "Ingest"],
      ["/v1/quarantine/*/retry", "Ingest"],
      ["/v1/quarantine/*/discard", "Ingest"],
      ["/v1/export*", "Export"],
      ["/v1/people*", "Erase"],
      ["/v1/audit*", "Export"],
      ["/main-*.js", "Questions"],
      ["/theme-*.js", "Questions"],
      ["/style-*.css", "Questions"],
    ]);
    const isFile = ({ PathPattern }: { PathPattern: string }) => /\.(js|css)$/.test(PathPattern);
    for (const { CachePolicyId, OriginRequestPolicyId } of CacheBehaviors.filter(isFile)) {
      // AWS's own policy CachingOptimized. No cookie and no header reaches the origin, so no answer depends on them.
      expect(CachePolicyId).toBe("658327ea-f89d-4fab-a63d-7e88639e58f6");
      expect(OriginRequestPolicyId).toBeUndefined();
    }
    const rest = CacheBehaviors.filter((one) => !isFile(one));
    for (const { CachePolicyId, OriginRequestPolicyId } of [DefaultCacheBehavior, ...rest]) {
      // AWS's own policies CachingDisabled and AllViewerExceptHostHeader.
      expect(CachePolicyId).toBe("4135ea2d-6df8-44a3-9df3-4b5a84be39ad");
      expect(OriginRequestPolicyId).toBe("b689b0a8-53d0-40ab-baf2-68738e2966ac");
    }
  });

  it("knows every door that records", () => {
    const { ledger } = givenDoors();
    // What stands before all of them is none.
    const paths = recordingEndpoints(ledger).routes.flatMap(({ method, path }) =>
      method === "ALL" || path === "/*" ? [] : [path],
    );
    // CloudFront's `*` stands for any characters, a slash too.
    const isKnown = (path: string): boolean =>
      INGEST_PATHS.some((one) => new RegExp(`^${one.replaceAll("*", ".*")}$`).test(path));
    expect(paths.length).toBeGreaterThan(3);
    expect(paths.filter((path) => !isKnown(path))).toEqual([]);
  });

  it("has a firewall with a limit of the rate, and AWS's common rules for all but the bodies of POST", () => {
    const { waf } = firewalled();
    Template.fromStack(waf).hasResourceProperties("AWS::WAFv2::WebACL", {
      Scope: "CLOUDFRONT",
      Rules: [
        Match.objectLike({
          Action: { Block: { CustomResponse: { ResponseCode: 429 } } },
          Statement: { RateBasedStatement: Match.objectLike({ AggregateKeyType: "IP" }) },
        }),
        Match.objectLike({
          Statement: {
            ManagedRuleGroupStatement: Match.objectLike({
              Name: "AWSManagedRulesCommonRuleSet",
              ScopeDownStatement: {
                NotStatement: {
                  Statement: { ByteMatchStatement: Match.objectLike({ SearchString: "POST" }) },
                },
              },
            }),
          },
        }),
      ],
    });
  });

  it("uses a firewall of another stack in us-east-1, where the configuration switches it on", () => {
    const { waf, ledger } = firewalled();
    expect(waf.region).toBe("us-east-1");
    const text = JSON.stringify(Template.fromStack(ledger).findResources("AWS::CloudFront::Distribution"));
    expect(text).toContain('"WebACLId":');
  });
});

describe("the checks of the synthesis", () => {
  /** As `cdk/app.ts` has them: cdk-nag, and the CDK's own checks of the template as errors (by `cdk.json`). */
  function checkedStackOf(props: ConstructorParameters<typeof AsofStack>[2] = {}): {
    app: App;
    stack: AsofStack;
  } {
    const { app, stack } = stackOf(props, { "@aws-cdk/core:validateAgainstDefaultRules": true });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    return { app, stack };
  }

  it.each([
    {},
    { cloudfront: false },
    { backup: {}, budget: { monthlyUsd: 50, email: "ops@example.com" } },
    {
      table: {
        facts: "asof-restored",
        stream: "arn:aws:dynamodb:eu-west-1:123456789012:table/asof-restored/stream/1",
        people: "asof-people",
      },
    },
  ])("find nothing unexplained with %j", (props) => {
    const { app } = checkedStackOf(props);
    expect(() => app.synth()).not.toThrow();
  });

  it("stop at a grant of everything", () => {
    const { app, stack } = checkedStackOf();
    const ingest = stack.node.findChild("Default").node.findChild("Ingest");
    if (ingest instanceof LedgerFunction) ingest.allow(["dynamodb:*"], "*");
    expect(() => app.synth()).toThrow("AwsSolutions-IAM5");
  });

  it("find nothing with the real bundles", async () => {
    const { app } = checkedStackOf({ bundles: await bundleFunctions(join(folder, "functions")) });
    expect(() => app.synth()).not.toThrow();
  });
});

describe("a bundle", () => {
  const entry = (name: string, source: string): string => {
    const path = join(folder, `${name}.ts`);
    writeFileSync(path, source);
    return path;
  };
  const bundle = async (source: string, into: string): Promise<string> => {
    await bundleFunction(source, into);
    return into;
  };
  const run = (bundled: string): string =>
    execFileSync(
      process.execPath,
      ["--input-type=module", "-e", `console.log(await (await import("${bundled}/index.mjs")).handler())`],
      { encoding: "utf8" },
    ).trim();

  it("loads http and https through require, however they are imported", async () => {
    const bundled = await bundle(
      entry(
        "web",
        `import { request } from "node:http"; import https from "https"; import * as all from "http";
         export const handler = async () => {
           const { Agent } = await import("node:https");
           return [request === all.request, new https.Agent() instanceof Agent, typeof all.globalAgent].join();
         };`,
      ),
      join(folder, "web"),
    );
    expect(run(bundled)).toBe("true,true,object");
    for (const file of readdirSync(bundled)) {
      expect(readFileSync(join(bundled, file), "utf8")).not.toMatch(/(from|import)\s*\(?"(node:)?https?"/);
    }
  });

  it("keeps what is imported lazily in a chunk, and forgets the chunks of the bundle before", async () => {
    const chunks = (bundled: string) => readdirSync(bundled).filter((file) => file !== "index.mjs");
    entry("lazy", `export const word = "lazy";`);
    const source = `export const handler = async () => (await import("./lazy.ts")).word;`;
    const bundled = await bundle(entry("main", source), join(folder, "main"));
    expect(chunks(bundled)).toHaveLength(1);
    expect(run(bundled)).toBe("lazy");
    entry("lazy", `export const word = "later";`);
    expect(chunks(await bundle(entry("main", source), join(folder, "main")))).toHaveLength(1);
    expect(run(bundled)).toBe("later");
  });

  it("runs packages that are CommonJS", async () => {
    const source = `import { createRequire } from "node:module"; import * as fs from "fs";
      export const handler = () => [typeof createRequire, typeof fs.readFileSync, typeof require("node:os").cpus].join();`;
    expect(run(await bundle(entry("cjs", source), join(folder, "cjs")))).toBe("function,function,function");
  });

  it("is not made with naming rules that are none", async () => {
    const rules = join(folder, "rules.json");
    writeFileSync(rules, JSON.stringify([{ match: {}, set: { service: "billing" } }]));
    expect(() => stackOf({ rules })).toThrow("must match on at least one field");
  });
});
