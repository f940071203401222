/** What a deployment is configured with, as the file and as the constructs' properties. */
import * as z from "zod";
import { Senders } from "../functions/runtime/config/senders.ts";
import { SilentAfter } from "../functions/runtime/config/silent-after.ts";
import { Signers } from "../functions/sources/standards/trust.ts";
import { DeployTools } from "../schemas/settings/deploy-tools.ts";

const file = z.string().min(1);
const arn = (service: string) =>
  z.string().regex(new RegExp(`^arn:aws[\\w-]*:${service}:`), `must be the ARN of ${service}`);
const units = z.int().min(1);
const executions = z.int().min(1);

/** Default ceilings. They bound what a fault or an attack can cost, far above what a ledger needs. */
const CONCURRENCY = { ingest: 20, questions: 20, export: 5, publish: 5, erase: 1, seal: 3 } as const;
const THROUGHPUT = { readUnits: 10_000, writeUnits: 2000 } as const;

/** What is locked cannot be deleted earlier by anybody, so the default is short enough for a first try. */
const LOG_RETENTION_DAYS = 400;

/** What a ledger is configured with. */
export const LedgerSettings = z.object({
  /** A JSON file of naming rules. */
  rules: file.optional(),
  /** A YAML or JSON file: which OIDC tokens of CI and people are taken, as `ASOF_IDENTITIES`. */
  identities: file.optional(),
  /** Commands of deploy tools that plans do not know. */
  deployTools: DeployTools.optional(),
  /** A file with the gate's policy. */
  gatePolicy: file.optional(),
  /** A file that lists which logins are one person. */
  persons: file.optional(),
  /** A file of trusted roots for the signatures on attestations; with `signers`. */
  trustRoots: file.optional(),
  /** The signers whose attestations count; with `trustRoots`. */
  signers: Signers.optional(),
  /** An address that is subscribed to the alarms' topic. */
  alarmEmail: z.email().optional(),
  /** One address for everything, by CloudFront. `false`: each function has its own address. */
  cloudfront: z.boolean().default(true),
  /** A domain of one's own for that address, and its certificate in us-east-1. */
  domain: z.strictObject({ name: z.string().min(1), certificate: arn("acm") }).optional(),
  /**
   * Executions of each function at the same time. `false`: none reserved, for accounts whose limit is too low to reserve
   * any.
   */
  concurrency: z
    .union([
      z.strictObject({
        ingest: executions.default(CONCURRENCY.ingest),
        questions: executions.default(CONCURRENCY.questions),
        export: executions.default(CONCURRENCY.export),
        publish: executions.default(CONCURRENCY.publish),
        erase: executions.default(CONCURRENCY.erase),
        seal: executions.default(CONCURRENCY.seal),
      }),
      z.literal(false),
    ])
    .default(CONCURRENCY),
  /** The most that the table and each of its indexes take, in request units a second. */
  throughput: z
    .strictObject({
      readUnits: units.default(THROUGHPUT.readUnits),
      writeUnits: units.default(THROUGHPUT.writeUnits),
    })
    .default(THROUGHPUT),
  /** An AWS budget: an e-mail at 80% of it, and when the forecast exceeds it. */
  budget: z.strictObject({ monthlyUsd: z.number().positive(), email: z.email() }).optional(),
  /** Existing tables that this ledger uses, such as restored ones, instead of its own. */
  table: z
    .strictObject({ facts: z.string().min(1), stream: arn("dynamodb"), people: z.string().min(1) })
    .optional(),
  /** Daily backups of the facts by AWS Backup, and the vault of another account or region to copy them to. */
  backup: z
    .strictObject({ keepDays: z.int().min(1).default(35), copyTo: arn("backup").optional() })
    .optional(),
  /** Exports as jobs, for periods that take longer than an answer may; how long their files are kept. */
  exportJobs: z.strictObject({ keepDays: z.int().min(1).max(30).default(3) }).optional(),
  /** Daily exports of all facts to a bucket, kept so long, and a table of Athena over them. */
  analysis: z.strictObject({ keepDays: z.int().min(1).default(3) }).optional(),
  /**
   * Who may send events over EventBridge, by AWS account and the event's source, with the grants of each. Where there are
   * any, events of others are quarantined.
   */
  senders: Senders.optional(),
  /** The sealed log: its name, how long nobody can delete what is written, and who stamps its checkpoints (RFC 3161). */
  log: z
    .strictObject({
      name: z
        .string()
        .regex(/^[^\s+]{1,255}$/)
        .default("asof"),
      retentionDays: z.int().min(1).max(36_500).default(LOG_RETENTION_DAYS),
      timestampUrl: z.url({ protocol: /^https?$/ }).optional(),
      /** While it is set, this role may copy a ledger with its log into the stack, and nothing is sealed or taken off queues. */
      carriedBy: arn("iam").optional(),
    })
    .prefault({}),
  /** When a source counts as silent, by prefix of its name. */
  silentAfter: SilentAfter.optional(),
});
export type LedgerSettings = z.input<typeof LedgerSettings>;

/** What the executor of Amazon ECS may touch. */
export const EcsRights = z.strictObject({
  /** It deploys the services of these clusters. */
  clusters: z.array(z.string().regex(/^[A-Za-z0-9][\w-]{0,254}$/, "must be the name of a cluster")).min(1),
  /**
   * It may register copies of task definitions in which images are pinned, with these roles (task and execution roles).
   * Absent: it deploys registered ones alone.
   */
  taskRoles: z.array(arn("iam")).exactOptional(),
});
export type EcsRights = z.infer<typeof EcsRights>;

/** What a deployment is configured with: the ledger, and the other stacks. */
export const Configuration = z.strictObject({
  ...LedgerSettings.shape,
  /** A web application firewall, in a stack of its own in us-east-1. */
  waf: z.boolean().default(false),
  /** Carries out redeployments, in a stack of its own; with `ecs` also in Amazon ECS. */
  executors: z.union([z.boolean(), z.strictObject({ ecs: EcsRights })]).default(false),
  /** Silences alerts in Alertmanager while a redeployment runs, in the same stack as the executors. */
  maintenance: z.boolean().default(false),
  /** Tells chats what happened, in the same stack. */
  chat: z.boolean().default(false),
});
export type Configuration = z.infer<typeof Configuration>;
