/**
 * A typed client of the ledger's HTTP API; the types of queries and answers come from the zod schemas.
 *
 * @example
 * const ledger = ledgerClient({ url: "http://127.0.0.1:8787", token: process.env.ASOF_TOKEN });
 * const release = await ledger.release({ environment: "production", service: "acme/billing", at: "2026-10-22" });
 */
import type * as z from "zod";
import {
  Artifact,
  Changes,
  CommitAnswer,
  Delivery,
  Difference,
  Drift,
  Environments,
  Outcomes,
  Release,
  Services,
  Snapshot,
  Sources,
  TagAnswer,
  Timeline,
} from "../../schemas/answer.ts";
import { Audit } from "../../schemas/answers/audit.ts";
import { Gate } from "../../schemas/answers/gate.ts";
import { Names } from "../../schemas/answers/names.ts";
import {
  type Erasure,
  ErasureAnswer,
  HeldAnswer,
  type HeldQuestion,
  KnownPersons,
} from "../../schemas/answers/people.ts";
import { Discarded, Quarantine, QuarantinedItem } from "../../schemas/answers/quarantine.ts";
import { NeededImages, Repositories } from "../../schemas/answers/repositories.ts";
import { Session } from "../../schemas/answers/session.ts";
import { StoredFact } from "../../schemas/answers/stored-fact.ts";
import { Whoami } from "../../schemas/answers/whoami.ts";
import { eventOf } from "../../schemas/event.ts";
import type { Statement } from "../../schemas/fact.ts";
import type {
  Cancellation,
  Discard,
  Dispute,
  Freeze,
  FreezeEnd,
  Mark,
  Note,
  RedeploymentEnd,
  RedeploymentRequest,
  Rename,
  Retraction,
  Review,
} from "../../schemas/operation.ts";
import { EnvironmentPlan, Plan } from "../../schemas/plan.ts";
import type { AuditQuestion } from "../../schemas/questions/audit-question.ts";
import type {
  ArtifactQuestion,
  ChangesQuestion,
  CommitQuestion,
  DeliveryQuestion,
  DiffQuestion,
  DriftQuestion,
  EnvironmentsQuestion,
  FactQuestion,
  FreezesQuestion,
  GateQuestion,
  NeededQuestion,
  PeopleQuestion,
  PlanQuestion,
  QuarantineQuestion,
  RedeploymentsQuestion,
  ReleaseQuestion,
  RepositoriesQuestion,
  ServicesQuestion,
  SnapshotQuestion,
  SourcesQuestion,
  TagQuestion,
  TimelineQuestion,
} from "../../schemas/questions/question.ts";
import { readAnswer } from "../../schemas/read-answer.ts";
import { Freezes, Redeployment, RedeploymentList, Redeployments } from "../../schemas/redeployment.ts";
import { type Address, type LedgerRequest, type Send, sendOnce, withQuery } from "./api-request.ts";
import { NoAnswer } from "./http-client.ts";

export * from "./api-request.ts";

/** The ledger refused the request, or the answer is not a ledger's. */
export class LedgerError extends Error {
  readonly status: number;
  /** The problem's `detail`: what is wrong and what to do. Undefined if the answer is not a ledger's. */
  readonly detail: string | undefined;

  constructor(status: number, detail?: string) {
    const why = detail === undefined ? ", which is not an answer of a ledger of this version" : `: ${detail}`;
    super(`the ledger answers ${status}${why}`);
    this.name = "LedgerError";
    this.status = status;
    this.detail = detail;
  }
}

/** The input type of a query's schema. */
type Query<S extends z.ZodType> = z.input<S>;
/** A question of one environment, and as JSON: this client asks each environment of a group. */
type OfPlace<S extends z.ZodType<{ environment?: string | undefined }>> = Omit<
  Query<S>,
  "environment" | "group" | "format"
> & { readonly environment: string };
/** What the sender accepts, as in a redeployment request: lists, where the query string has comma-separated text. */
type Accepted = Pick<
  Query<typeof RedeploymentRequest>,
  "acceptConfiguration" | "acceptDataLoss" | "acceptSubstitute" | "acceptShared"
>;
/** The plan as JSON only: its other formats are files, which this client does not return. */
type PlanQuery = Accepted & Omit<OfPlace<typeof PlanQuestion>, keyof Accepted>;

/**
 * One method for each endpoint, except the export and the backup, which are streams. Each method sends one request.
 * @throws LedgerError, and what its `send` throws
 */
export interface LedgerClient {
  readonly release: (query: Query<typeof ReleaseQuestion>) => Promise<Release>;
  readonly snapshot: (query: Query<typeof SnapshotQuestion>) => Promise<Snapshot>;
  readonly drift: (query: Query<typeof DriftQuestion>) => Promise<Drift>;
  readonly environments: (query?: Query<typeof EnvironmentsQuestion>) => Promise<Environments>;
  readonly services: (query?: Query<typeof ServicesQuestion>) => Promise<Services>;
  readonly repositories: (query?: Query<typeof RepositoriesQuestion>) => Promise<Repositories>;
  readonly neededImages: (query: Query<typeof NeededQuestion>) => Promise<NeededImages>;
  readonly timeline: (query: OfPlace<typeof TimelineQuestion>) => Promise<Timeline>;
  readonly changes: (query: OfPlace<typeof ChangesQuestion>) => Promise<Changes>;
  readonly delivery: (query: OfPlace<typeof DeliveryQuestion>) => Promise<Delivery>;
  readonly diff: (query: OfPlace<typeof DiffQuestion>) => Promise<Difference>;
  readonly artifact: (query: Query<typeof ArtifactQuestion>) => Promise<Artifact>;
  readonly commit: (query: Query<typeof CommitQuestion>) => Promise<CommitAnswer>;
  readonly tag: (query: Query<typeof TagQuestion>) => Promise<TagAnswer>;
  readonly sources: (query?: Query<typeof SourcesQuestion>) => Promise<Sources>;
  readonly names: (query?: Query<typeof SourcesQuestion>) => Promise<Names>;
  readonly gate: (query: OfPlace<typeof GateQuestion>) => Promise<Gate>;
  readonly plan: (query: PlanQuery & { readonly service: string }) => Promise<Plan>;
  readonly environmentPlan: (query: Omit<PlanQuery, "service">) => Promise<EnvironmentPlan>;
  /** The plan at a path from one of the ledger's answers, like `plan` of a redeployment. */
  readonly planAt: (path: string) => Promise<Plan>;
  /** Records at most 500 statements; the outcomes are in the order of the statements. */
  readonly record: (statements: readonly Statement[]) => Promise<Outcomes>;
  /** @param key the idempotency key, the same for every try: one key makes at most one request */
  readonly redeploy: (request: Query<typeof RedeploymentRequest>, key: string) => Promise<Redeployments>;
  readonly redeployments: (query?: Query<typeof RedeploymentsQuestion>) => Promise<RedeploymentList>;
  readonly cancelRedeployment: (
    id: string,
    cancellation: Query<typeof Cancellation>,
  ) => Promise<Redeployment>;
  readonly freezes: (query?: Query<typeof FreezesQuestion>) => Promise<Freezes>;
  readonly redeployment: (id: string) => Promise<Redeployment>;
  /** Takes it for the token's executor. */
  readonly takeRedeployment: (id: string) => Promise<Redeployment>;
  readonly endRedeployment: (id: string, end: Query<typeof RedeploymentEnd>) => Promise<Redeployment>;
  readonly mark: (mark: Query<typeof Mark>) => Promise<Outcomes>;
  readonly note: (note: Query<typeof Note>) => Promise<Outcomes>;
  readonly freeze: (freeze: Query<typeof Freeze>) => Promise<Outcomes>;
  readonly endFreeze: (end: Query<typeof FreezeEnd>) => Promise<Outcomes>;
  readonly rename: (rename: Query<typeof Rename>) => Promise<Outcomes>;
  /** Whose the token is, what it allows, and the operator's forges. */
  readonly fact: (query: Query<typeof FactQuestion>) => Promise<StoredFact>;
  readonly whoami: () => Promise<Whoami>;
  /** Whose the token is, and how people sign in. */
  readonly session: () => Promise<Session>;
  /** Takes minutes where a period has many thousands of changes. */
  readonly audit: (query: Query<typeof AuditQuestion>) => Promise<Audit>;
  readonly quarantine: (query?: Query<typeof QuarantineQuestion>) => Promise<Quarantine>;
  readonly quarantinedItem: (key: string) => Promise<QuarantinedItem>;
  readonly retryQuarantined: (key: string) => Promise<Outcomes>;
  readonly discardQuarantined: (key: string, discard: Query<typeof Discard>) => Promise<Discarded>;
  readonly dispute: (dispute: Query<typeof Dispute>) => Promise<Outcomes>;
  readonly review: (review: Query<typeof Review>) => Promise<Outcomes>;
  readonly retract: (retraction: Query<typeof Retraction>) => Promise<Outcomes>;
  readonly people: (query?: Query<typeof PeopleQuestion>) => Promise<KnownPersons>;
  readonly heldAboutPerson: (question: Query<typeof HeldQuestion>) => Promise<HeldAnswer>;
  readonly erasePerson: (erasure: Query<typeof Erasure>) => Promise<ErasureAnswer>;
}

/** A page of what is held reads many facts, and an erasure waits for those who read the ledger's file. */
const PATIENCE_MS = 120_000;

const REPORT_TIMEOUT_MS = 15 * 60_000;

const quarantinedPath = (key: string): string => `/v1/quarantine/${encodeURIComponent(key)}`;
const redeploymentPath = (id: string): string => `/v1/redeployments/${encodeURIComponent(id)}`;

/** A client with a given `send`: one that retries, for example, or one that calls a ledger in the same process. */
export function clientOver(send: Send): LedgerClient {
  async function call<T>(schema: z.ZodType<T>, request: LedgerRequest): Promise<T> {
    const { status, json } = await send(request);
    const read = readAnswer(schema, status, json);
    if (read.is === "answer") return read.value;
    throw new LedgerError(status, read.is === "problem" ? read.detail : undefined);
  }
  const ask = <T>(schema: z.ZodType<T>, path: string, query: object) =>
    call(schema, { path: withQuery(path, query) });
  const post = <T>(schema: z.ZodType<T>, path: string, body: unknown, headers = {}, patience = {}) => {
    const type = { "content-type": "application/json" };
    return call(schema, {
      path,
      method: "POST",
      headers: { ...type, ...headers },
      body: JSON.stringify(body),
      ...patience,
    });
  };
  const slowly = <T>(schema: z.ZodType<T>, path: string, body: unknown) =>
    post(schema, path, body, {}, { timeoutMs: PATIENCE_MS });
  return {
    release: (query) => ask(Release, "/v1/release", query),
    snapshot: (query) => ask(Snapshot, "/v1/snapshot", query),
    drift: (query) => ask(Drift, "/v1/drift", query),
    environments: (query = {}) => ask(Environments, "/v1/environments", query),
    services: (query = {}) => ask(Services, "/v1/services", query),
    repositories: (query = {}) => ask(Repositories, "/v1/repositories", query),
    neededImages: (query) => ask(NeededImages, "/v1/repositories/needed", query),
    timeline: (query) => ask(Timeline, "/v1/timeline", query),
    changes: (query) => ask(Changes, "/v1/changes", query),
    delivery: (query) => ask(Delivery, "/v1/delivery", query),
    diff: (query) => ask(Difference, "/v1/diff", query),
    artifact: (query) => ask(Artifact, "/v1/artifact", query),
    commit: (query) => ask(CommitAnswer, "/v1/commit", query),
    tag: (query) => ask(TagAnswer, "/v1/tag", query),
    sources: (query = {}) => ask(Sources, "/v1/sources", query),
    names: (query = {}) => ask(Names, "/v1/names", query),
    fact: (query) => ask(StoredFact, "/v1/fact", query),
    whoami: () => ask(Whoami, "/v1/whoami", {}),
    gate: (query) => ask(Gate, "/v1/gate", query),
    plan: (query) => ask(Plan, "/v1/plan", query),
    environmentPlan: (query) => ask(EnvironmentPlan, "/v1/plan", query),
    planAt: (path) => call(Plan, { path }),
    record: (statements) =>
      post(Outcomes, "/v1/events", statements.map(eventOf), {
        "content-type": "application/cloudevents-batch+json",
      }),
    redeploy: (request, key) => post(Redeployments, "/v1/redeployments", request, { "idempotency-key": key }),
    redeployments: (query = {}) => ask(RedeploymentList, "/v1/redeployments", query),
    cancelRedeployment: (id, body) => post(Redeployment, `${redeploymentPath(id)}/cancel`, body),
    freezes: (query = {}) => ask(Freezes, "/v1/freezes", query),
    redeployment: (id) => call(Redeployment, { path: redeploymentPath(id) }),
    takeRedeployment: (id) => post(Redeployment, `${redeploymentPath(id)}/take`, {}),
    endRedeployment: (id, end) => post(Redeployment, `${redeploymentPath(id)}/end`, end),
    mark: (mark) => post(Outcomes, "/v1/marks", mark),
    note: (note) => post(Outcomes, "/v1/notes", note),
    freeze: (freeze) => post(Outcomes, "/v1/freezes", freeze),
    endFreeze: (end) => post(Outcomes, "/v1/freezes/end", end),
    rename: (rename) => post(Outcomes, "/v1/renames", rename),
    session: () => ask(Session, "/auth/session", {}),
    audit: (query) => call(Audit, { path: withQuery("/v1/audit", query), timeoutMs: REPORT_TIMEOUT_MS }),
    quarantine: (query = {}) => ask(Quarantine, "/v1/quarantine", query),
    quarantinedItem: (key) => call(QuarantinedItem, { path: quarantinedPath(key) }),
    retryQuarantined: (key) => post(Outcomes, `${quarantinedPath(key)}/retry`, {}),
    discardQuarantined: (key, body) => post(Discarded, `${quarantinedPath(key)}/discard`, body),
    dispute: (dispute) => post(Outcomes, "/v1/disputes", dispute),
    review: (review) => post(Outcomes, "/v1/reviews", review),
    retract: (retraction) => post(Outcomes, "/v1/retractions", retraction),
    people: (query = {}) => ask(KnownPersons, "/v1/people", query),
    heldAboutPerson: (question) => slowly(HeldAnswer, "/v1/people/held", question),
    erasePerson: (erasure) => slowly(ErasureAnswer, "/v1/people/erase", erasure),
  };
}

const TIMEOUT_MS = 20_000;

/** A client of the ledger at an address. Where no answer comes, its methods throw an Error that names the address. */
export const ledgerClient = (address: Address): LedgerClient =>
  clientOver(async (request) => {
    try {
      return await sendOnce(address, request, TIMEOUT_MS);
    } catch (error) {
      throw error instanceof NoAnswer
        ? new Error(`the ledger at ${address.url} ${error.message}`, { cause: error })
        : error;
    }
  });
