/** The description of the doors (OpenAPI 3.1), from the schemas that parse and answer at them. */
import * as z from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import {
  Artifact,
  CommitAnswer,
  Difference,
  Environments,
  Outcomes,
  Problem,
  Release,
  Snapshot,
  Sources,
  TagAnswer,
  Timeline,
} from "../../schemas/answer.ts";
import { EXAMPLES } from "../../schemas/examples.ts";
import { KINDS, OWN_KINDS, type Statement } from "../../schemas/fact.ts";
import { EnvironmentPlan, Plan } from "../../schemas/plan.ts";
import {
  ArtifactQuestion,
  CommitQuestion,
  DiffQuestion,
  EnvironmentsQuestion,
  ExportQuestion,
  PlanQuestion,
  ReleaseQuestion,
  Retraction,
  SnapshotQuestion,
  SourcesQuestion,
  TagQuestion,
  TimelineQuestion,
} from "../../schemas/question.ts";
import { byPath, type Source } from "../sources/source.ts";
import { allSources } from "../sources/sources.ts";

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: Problem } },
});

const REFUSALS = {
  "401": problem("No token, or one that is not known."),
  "403": problem("The token's role does not allow it."),
  "503": problem("The store did not answer in time; the same request again is safe."),
};

const question = (
  operationId: string,
  summary: string,
  requestParams: { query: z.ZodObject },
  answer: z.ZodType,
): ZodOpenApiOperationObject => ({
  operationId,
  summary,
  tags: ["Questions"],
  requestParams,
  responses: {
    "200": { description: "The answer.", content: { "application/json": { schema: answer } } },
    ...REFUSALS,
    "404": problem("A name that the ledger never heard of."),
    "422": problem("A parameter is wrong; the detail says which, and what was expected."),
  },
});

const outcomes = (description: string) => ({
  description,
  content: { "application/json": { schema: Outcomes } },
});

const CloudEvent = z
  .looseObject({
    specversion: z.literal("1.0"),
    type: z.string().meta({ examples: KINDS.map((kind) => `dev.asof.${kind}.v1`) }),
    source: z.string(),
    id: z.string(),
    time: z.string(),
    data: z.looseObject({}),
  })
  .meta({
    id: "CloudEvent",
    description: "CloudEvents 1.0; CDEvents are taken too. data: the fact's own fields.",
  });

/** A statement as the event that says it. */
function eventOf({ kind, source, id, occurredAt, ...data }: Statement) {
  const value = { specversion: "1.0", type: `dev.asof.${kind}.v1`, source, id, time: occurredAt, data };
  return [kind, { value }] as const;
}
const said = Object.values(EXAMPLES).filter(({ kind }) => !OWN_KINDS.has(kind));

const events: ZodOpenApiOperationObject = {
  operationId: "recordEvents",
  summary: "Records events: CloudEvents 1.0, structured, binary or in a batch, and CDEvents in them.",
  tags: ["Recording"],
  requestBody: {
    required: true,
    content: {
      "application/cloudevents+json": {
        schema: CloudEvent,
        examples: Object.fromEntries(said.map(eventOf)),
      },
      "application/cloudevents-batch+json": { schema: z.array(CloudEvent).max(500) },
    },
  },
  responses: {
    "200": outcomes("A duplicate, or a batch with the outcome of each event in order."),
    "201": outcomes("Recorded."),
    "202": outcomes("Known and not needed: ignored, with the reason."),
    "400": problem("The body cannot be read; it was kept aside whole."),
    ...REFUSALS,
    "409": problem("Another statement was recorded under this source and id; this one was kept aside."),
    "413": problem("The body or the batch is too large."),
    "415": problem("Neither a CloudEvent nor a batch of them."),
    "422": problem("The event is not of the expected form; it was kept aside."),
  },
};

const webhook = ({ vendor, verify }: Pick<Source, "vendor" | "verify">): ZodOpenApiOperationObject => ({
  operationId: `webhook_${vendor}`,
  summary: `Takes what ${vendor} sends, authenticated its own way.`,
  tags: ["Recording"],
  security: verify === undefined ? [{ token: [] }] : [],
  requestBody: { required: true, content: { "application/json": { schema: z.looseObject({}) } } },
  responses: {
    "202": outcomes("Each statement was recorded, ignored or kept aside."),
    "401": problem("The delivery does not prove who sent it."),
    "413": problem("The body is too large."),
    "503": problem("The store did not answer in time; the sender will retry."),
  },
});

const byAddress = webhook({ vendor: "by_address", verify: byPath });

const retraction: ZodOpenApiOperationObject = {
  operationId: "retract",
  summary: "Says that a fact was wrong. Final: state it anew under another id.",
  tags: ["Recording"],
  requestBody: { required: true, content: { "application/json": { schema: Retraction } } },
  responses: {
    "200": outcomes("It was retracted before, for the same reason."),
    "201": outcomes("Retracted."),
    "400": problem("The body is no JSON."),
    ...REFUSALS,
    "409": problem("It was retracted before, for another reason."),
    "413": problem("The body is too large."),
    "422": problem("There is no such fact, or it cannot be retracted."),
  },
};

const attestation: ZodOpenApiOperationObject = {
  operationId: "recordAttestation",
  summary:
    "Records which commit a digest was built from: SLSA provenance, in an envelope or a Sigstore bundle.",
  tags: ["Recording"],
  requestBody: { required: true, content: { "application/json": { schema: z.looseObject({}) } } },
  responses: {
    "200": outcomes("A duplicate, or the outcome of each subject in order."),
    "201": outcomes("Recorded; a reason says why the signature was not verified."),
    "202": outcomes("An attestation that tells of no build: ignored, with the reason."),
    "400": problem("The body is no attestation; it was kept aside whole."),
    ...REFUSALS,
    "409": problem("Another statement was recorded of this subject; this one was kept aside."),
    "413": problem("The body is too large."),
    "422": problem("It names no commit, or no digest; it was kept aside."),
  },
};

const exporting: ZodOpenApiOperationObject = {
  operationId: "export",
  summary: "Every fact of a span, once, in the order it was recorded; streamed.",
  tags: ["Audit"],
  requestParams: { query: ExportQuestion },
  responses: {
    "200": {
      description: "One fact a line. A stream that breaks off is resumed with `cursor`.",
      content: { "application/x-ndjson": { schema: z.string() }, "text/csv": { schema: z.string() } },
    },
    ...REFUSALS,
    "422": problem("A parameter is wrong."),
  },
};

const planned = z.union([Plan, EnvironmentPlan]);
const planning = question(
  "plan",
  "The plan: what it takes to run again what ran, step by step.",
  { query: PlanQuestion },
  planned,
);

const open = (operationId: string, summary: string): ZodOpenApiOperationObject => ({
  operationId,
  summary,
  tags: ["Service"],
  security: [],
  responses: {
    "200": { description: "Yes.", content: { "application/json": { schema: z.looseObject({}) } } },
    "4XX": problem("There is no such door."),
  },
});

const paths: ZodOpenApiPathsObject = {
  "/v1/events": { post: events },
  ...Object.fromEntries(
    (await allSources()).map((source) => [`/v1/webhooks/${source.vendor}`, { post: webhook(source) }]),
  ),
  "/v1/webhooks/{vendor}/{secret}": {
    post: {
      ...byAddress,
      summary: "The same for a sender that can be given nothing but an address.",
      requestParams: { path: z.object({ vendor: z.string(), secret: z.string() }) },
      responses: {
        ...byAddress.responses,
        "404": problem("There is no such vendor."),
      },
    },
    options: {
      operationId: "welcome",
      summary:
        "Whether a sender of CloudEvents is welcome: the handshake of the CloudEvents web hook specification.",
      tags: ["Recording"],
      security: [],
      requestParams: {
        path: z.object({ vendor: z.string(), secret: z.string() }),
        header: z.object({ "WebHook-Request-Origin": z.string() }),
      },
      responses: {
        "204": { description: "It is; the headers say so." },
        "422": problem("The header that names the sender is missing."),
      },
    },
  },
  "/v1/attestations": { post: attestation },
  "/v1/retractions": { post: retraction },
  "/v1/release": {
    get: question(
      "release",
      "The release: the exact artifact to redeploy.",
      { query: ReleaseQuestion },
      Release,
    ),
  },
  "/v1/snapshot": {
    get: question("snapshot", "Every service's release there.", { query: SnapshotQuestion }, Snapshot),
  },
  "/v1/environments": {
    get: question("environments", "Where something runs.", { query: EnvironmentsQuestion }, Environments),
  },
  "/v1/timeline": {
    get: question("timeline", "What happened, in order.", { query: TimelineQuestion }, Timeline),
  },
  "/v1/diff": {
    get: question(
      "diff",
      "What differs between two moments, or two environments.",
      { query: DiffQuestion },
      Difference,
    ),
  },
  "/v1/plan": {
    get: {
      ...planning,
      responses: {
        ...planning.responses,
        "200": {
          description: "The plan; with `format` its images alone, as a file.",
          content: {
            "application/json": { schema: planned },
            "application/yaml": { schema: z.string() },
          },
        },
      },
    },
  },
  "/v1/artifact": {
    get: question("artifact", "Everything known of a digest.", { query: ArtifactQuestion }, Artifact),
  },
  "/v1/commit": {
    get: question("commit", "Everything known of a commit.", { query: CommitQuestion }, CommitAnswer),
  },
  "/v1/tag": { get: question("tag", "What a tag pointed at.", { query: TagQuestion }, TagAnswer) },
  "/v1/sources": {
    get: question("sources", "Who reports, and who fell silent.", { query: SourcesQuestion }, Sources),
  },
  "/v1/export": { get: exporting },
  "/openapi.json": { get: open("openapi", "This description.") },
  "/healthz": { get: open("health", "Whether the service is up.") },
};

export const document = () =>
  createDocument({
    openapi: "3.1.0",
    info: {
      title: "asof",
      version: "1",
      description: "What ran here at that moment, and what is needed to run it again.",
      license: { name: "All rights reserved", identifier: "LicenseRef-UNLICENSED" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    tags: [
      { name: "Questions", description: "What ran, when, and from where." },
      { name: "Recording", description: "What CI, registries, deployers and migration tools say." },
      { name: "Audit", description: "The history, to take away." },
      { name: "Service", description: "The service itself." },
    ],
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    paths,
  });
