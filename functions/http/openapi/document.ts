/** The OpenAPI 3.1 description of the endpoints, made from the schemas that parse requests and describe answers. */
import * as z from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import {
  Artifact,
  Changes,
  CommitAnswer,
  Delivery,
  Difference,
  Drift,
  Environments,
  History,
  Release,
  Services,
  Snapshot,
  Sources,
  TagAnswer,
  Timeline,
} from "../../../schemas/answer.ts";
import { Gate } from "../../../schemas/answers/gate.ts";
import { Names } from "../../../schemas/answers/names.ts";
import { Quarantine, QuarantinedItem } from "../../../schemas/answers/quarantine.ts";
import { NeededImages, Repositories } from "../../../schemas/answers/repositories.ts";
import { StoredFact } from "../../../schemas/answers/stored-fact.ts";
import { EnvironmentPlan, Plan } from "../../../schemas/plan.ts";
import {
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
  HistoryQuestion,
  NeededQuestion,
  PlanQuestion,
  QuarantineQuestion,
  RedeploymentQuestion,
  RedeploymentsQuestion,
  ReleaseQuestion,
  RepositoriesQuestion,
  ServicesQuestion,
  SnapshotQuestion,
  SourcesQuestion,
  TagQuestion,
  TimelineQuestion,
} from "../../../schemas/questions/question.ts";
import { Freezes, Redeployment, RedeploymentList } from "../../../schemas/redeployment.ts";
import { renamed } from "../../../schemas/renamed-name.ts";
import { id, name } from "../../../schemas/scalars.ts";
import { problem, REFUSALS, whoamiOperation } from "./answers.ts";
import { auditPaths } from "./audit.ts";
import { peoplePaths } from "./people.ts";
import { recordingPaths } from "./recording.ts";
import { sealedLogPaths } from "./sealed-log.ts";
import { servicePaths } from "./service.ts";
import { signInPaths } from "./sign-in.ts";

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
    "404": problem("Not found: a name is unknown."),
    "422": problem("A parameter is wrong; the detail says which, and what was expected."),
  },
});

/** An answer, or with `group` those of its environments side by side. */
const ofGroup = (answer: z.ZodType) =>
  z.union([answer, z.strictObject({ group: name, answers: z.array(answer), renamed })]);

const planSchema = ofGroup(z.union([Plan, EnvironmentPlan]));
const planOperation = question(
  "plan",
  "The plan: the steps that redeploy an earlier release.",
  { query: PlanQuestion },
  planSchema,
);

const gateOperation: ZodOpenApiOperationObject = {
  operationId: "gate",
  summary: "Whether an image may be deployed: CI asks before it deploys. Writers may ask it too.",
  tags: ["Questions"],
  requestParams: { query: GateQuestion },
  responses: {
    "200": {
      description: "The answer, yes or no; also for unknown names.",
      content: { "application/json": { schema: ofGroup(Gate) } },
    },
    ...REFUSALS,
    "422": problem("A parameter is wrong; the detail says which, and what was expected."),
  },
};

const redeployment: ZodOpenApiOperationObject = {
  ...question("redeployment", "The status of a redeployment.", { query: RedeploymentQuestion }, Redeployment),
  tags: ["Redeployments"],
  requestParams: { path: z.object({ id }), query: RedeploymentQuestion },
};

const recording = await recordingPaths();

const paths: ZodOpenApiPathsObject = {
  ...recording,
  "/v1/release": {
    get: question(
      "release",
      "The release: the exact artifact to redeploy.",
      { query: ReleaseQuestion },
      Release,
    ),
  },
  "/v1/snapshot": {
    get: question(
      "snapshot",
      "The release of every service of an environment or group.",
      { query: SnapshotQuestion },
      Snapshot,
    ),
  },
  "/v1/drift": {
    get: question(
      "drift",
      "What runs without having been deployed, and what was deployed and does not run.",
      { query: DriftQuestion },
      Drift,
    ),
  },
  "/v1/history": {
    get: question(
      "history",
      "Every interval of every service of an environment or group, as columns.",
      { query: HistoryQuestion },
      History,
    ),
  },
  "/v1/environments": {
    get: question(
      "environments",
      "The environments, and which services run there.",
      { query: EnvironmentsQuestion },
      Environments,
    ),
  },
  "/v1/whoami": { get: whoamiOperation },
  "/v1/fact": {
    get: question(
      "fact",
      "One fact as it is held: what was reported, by whom it was recorded, and whether it is sealed.",
      { query: FactQuestion },
      StoredFact,
    ),
  },
  "/v1/services": {
    get: question(
      "services",
      "The known services, and their environments.",
      { query: ServicesQuestion },
      Services,
    ),
  },
  "/v1/repositories": {
    get: question(
      "repositories",
      "The known image repositories.",
      { query: RepositoriesQuestion },
      Repositories,
    ),
  },
  "/v1/repositories/needed": {
    get: question(
      "neededImages",
      "Which images of a repository are still needed, and why.",
      { query: NeededQuestion },
      NeededImages,
    ),
  },
  "/v1/timeline": {
    get: question("timeline", "What happened, in order.", { query: TimelineQuestion }, ofGroup(Timeline)),
  },
  "/v1/changes": {
    get: question(
      "changes",
      "What changed before it broke, nearest first.",
      { query: ChangesQuestion },
      Changes,
    ),
  },
  "/v1/delivery": {
    get: question(
      "delivery",
      "DORA's four numbers, and the facts behind them.",
      { query: DeliveryQuestion },
      ofGroup(Delivery),
    ),
  },
  "/v1/diff": {
    get: question(
      "diff",
      "What differs between two moments, or two environments.",
      { query: DiffQuestion },
      ofGroup(Difference),
    ),
  },
  "/v1/plan": {
    get: {
      ...planOperation,
      responses: {
        ...planOperation.responses,
        "200": {
          description: "The plan; with `format`, only its images, as a file.",
          content: {
            "application/json": { schema: planSchema },
            "application/yaml": { schema: z.string() },
          },
        },
      },
    },
  },
  "/v1/gate": { get: gateOperation },
  "/v1/redeployments": {
    ...recording["/v1/redeployments"],
    get: {
      ...question(
        "redeployments",
        "The redeployments that were requested, and their status.",
        { query: RedeploymentsQuestion },
        RedeploymentList,
      ),
      tags: ["Redeployments"],
    },
  },
  "/v1/redeployments/{id}": { get: redeployment },
  "/v1/freezes": {
    ...recording["/v1/freezes"],
    get: question(
      "freezes",
      "What is frozen or will be: by whom, since when, why.",
      { query: FreezesQuestion },
      Freezes,
    ),
  },
  "/v1/artifact": {
    get: question("artifact", "Everything known about a digest.", { query: ArtifactQuestion }, Artifact),
  },
  "/v1/commit": {
    get: question("commit", "Everything known about a commit.", { query: CommitQuestion }, CommitAnswer),
  },
  "/v1/tag": { get: question("tag", "The images that a tag pointed at.", { query: TagQuestion }, TagAnswer) },
  "/v1/names": {
    get: question(
      "names",
      "Each sender's own names, the places that they stand for, and by which naming rules.",
      { query: SourcesQuestion },
      Names,
    ),
  },
  "/v1/sources": {
    get: question(
      "sources",
      "Which sources report, and which have stopped.",
      { query: SourcesQuestion },
      Sources,
    ),
  },
  "/v1/quarantine": {
    get: question(
      "quarantine",
      "What was quarantined, newest first. Bound tokens and writers see what they reported themselves.",
      { query: QuarantineQuestion },
      Quarantine,
    ),
  },
  "/v1/quarantine/{key}": {
    get: {
      ...question(
        "quarantinedItem",
        "One quarantined item, whole.",
        { query: z.object({}) },
        QuarantinedItem,
      ),
      requestParams: { path: z.object({ key: z.string() }) },
    },
  },
  ...auditPaths,
  ...peoplePaths,
  ...sealedLogPaths,
  ...signInPaths,
  ...servicePaths,
};

export const document = () =>
  createDocument({
    openapi: "3.1.0",
    info: {
      title: "asof",
      version: "1",
      description: "What ran in an environment at a moment, and what is needed to run it again.",
      license: { name: "Apache License 2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    tags: [
      { name: "Questions", description: "What ran, when, and from where." },
      { name: "Recording", description: "What CI, registries, deployers and migration tools report." },
      { name: "Redeployments", description: "Requests to redeploy a release, and their status." },
      { name: "Audit", description: "Export of the history, and the sealed log that proves it." },
      { name: "Persons", description: "Who is named in the history, and the erasure of a person." },
      { name: "Service", description: "The service itself." },
    ],
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    paths,
  });
