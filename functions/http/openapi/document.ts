/** The description of the doors (OpenAPI 3.1), from the schemas that parse and answer at them. */
import * as z from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import {
  Artifact,
  CommitAnswer,
  Difference,
  Environments,
  Release,
  Snapshot,
  Sources,
  TagAnswer,
  Timeline,
} from "../../../schemas/answer.ts";
import { Gate } from "../../../schemas/gate.ts";
import { EnvironmentPlan, Plan } from "../../../schemas/plan.ts";
import {
  ArtifactQuestion,
  CommitQuestion,
  DiffQuestion,
  EnvironmentsQuestion,
  ExportQuestion,
  GateQuestion,
  PlanQuestion,
  RedeploymentQuestion,
  ReleaseQuestion,
  SnapshotQuestion,
  SourcesQuestion,
  TagQuestion,
  TimelineQuestion,
} from "../../../schemas/question.ts";
import { FACTS_HEADER } from "../../../schemas/read-answer.ts";
import { Redeployment } from "../../../schemas/redeployment.ts";
import { id } from "../../../schemas/scalars.ts";
import { problem, REFUSALS } from "./answers.ts";
import { recordingPaths } from "./recording.ts";

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

const backingUp: ZodOpenApiOperationObject = {
  operationId: "backUp",
  summary: "A copy of the ledger's file as it is at one moment, checked by `asof backup`. Role admin.",
  tags: ["Service"],
  responses: {
    "200": {
      description: "The file: a SQLite database with everything in it, persons and quarantine included.",
      headers: z.object({
        [FACTS_HEADER]: z.int().meta({ description: "how many facts it holds at least" }),
      }),
      content: { "application/vnd.sqlite3": { schema: z.string().meta({ format: "binary" }) } },
    },
    ...REFUSALS,
    "404": problem("The ledger is not kept in one file."),
    "409": problem("Another backup is being made."),
    "413": problem("The body is too large: none is needed."),
  },
};

const planned = z.union([Plan, EnvironmentPlan]);
const planning = question(
  "plan",
  "The plan: what it takes to run again what ran, step by step.",
  { query: PlanQuestion },
  planned,
);

const gating: ZodOpenApiOperationObject = {
  operationId: "gate",
  summary: "Whether an image may be deployed: for CI to ask before it does. Writers may ask it too.",
  tags: ["Questions"],
  requestParams: { query: GateQuestion },
  responses: {
    "200": {
      description: "The answer, yes or no, also of names never heard of.",
      content: { "application/json": { schema: Gate } },
    },
    ...REFUSALS,
    "422": problem("A parameter is wrong; the detail says which, and what was expected."),
  },
};

const redeployment: ZodOpenApiOperationObject = {
  ...question(
    "redeployment",
    "What became of a redeployment.",
    { query: RedeploymentQuestion },
    Redeployment,
  ),
  tags: ["Redeployments"],
  requestParams: { path: z.object({ id }), query: RedeploymentQuestion },
};

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
  ...(await recordingPaths()),
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
  "/v1/gate": { get: gating },
  "/v1/redeployments/{id}": { get: redeployment },
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
  "/v1/backups": { post: backingUp },
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
      license: { name: "Apache License 2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    tags: [
      { name: "Questions", description: "What ran, when, and from where." },
      { name: "Recording", description: "What CI, registries, deployers and migration tools say." },
      { name: "Redeployments", description: "What is put back, and what became of it." },
      { name: "Audit", description: "The history, to take away." },
      { name: "Service", description: "The service itself." },
    ],
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    paths,
  });
