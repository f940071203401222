/** `asof/schemas`: the zod schemas of a ledger's requests and answers, for clients. */
export {
  Artifact,
  Changes,
  CommitAnswer,
  Delivery,
  Difference,
  Environments,
  History,
  Outcomes,
  Problem,
  Release,
  Services,
  Snapshot,
  Sources,
  TagAnswer,
  Timeline,
} from "./answer.ts";
export { Gate } from "./answers/gate.ts";
export { NeededImages, Repositories } from "./answers/repositories.ts";
export { type CloudEvent, eventOf } from "./event.ts";
export { type Fact, type FactOf, KINDS, type Kind, Statement, type StatementOf } from "./fact.ts";
export {
  Cancellation,
  Freeze,
  FreezeEnd,
  Mark,
  RedeploymentEnd,
  RedeploymentRequest,
  Retraction,
} from "./operation.ts";
export { EnvironmentPlan, hashOf, Plan } from "./plan.ts";
export { ExportQuestion } from "./questions/export-question.ts";
export {
  ArtifactQuestion,
  ChangesQuestion,
  CommitQuestion,
  DeliveryQuestion,
  DiffQuestion,
  EnvironmentsQuestion,
  FreezesQuestion,
  GateQuestion,
  NeededQuestion,
  PlanQuestion,
  RedeploymentQuestion,
  RedeploymentsQuestion,
  ReleaseQuestion,
  RepositoriesQuestion,
  ServicesQuestion,
  SnapshotQuestion,
  SourcesQuestion,
  TagQuestion,
  TimelineQuestion,
} from "./questions/question.ts";
export { Recording } from "./recording.ts";
export { Freezes, isOver, Redeployment, RedeploymentList, Redeployments, Refusal } from "./redeployment.ts";
