/**
 * Azure DevOps: deployments of classic releases, and builds of commits.
 *
 * Key: the event's `id`, constant over retries and subscriptions, under `/webhooks/azure-devops/<collection>` (the id of
 * the organisation or collection, because the host in its URLs differs from event to event). A deployment is one attempt
 * at a stage of a release.
 * Proof: Basic authentication, as configured in the subscription: the whole `Authorization` header.
 * Not in the payload: for a deployment, its image and commit, and the actor's login (only mail addresses). For runs of
 * YAML pipelines and their stages, the environment and the commit: they are ignored.
 * A partially succeeded deployment took effect, and counts as succeeded.
 * Format: learn.microsoft.com, "Service hook events"; REST API, "Releases", `ReleaseEnvironment`.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import {
  endingOf,
  firstLink,
  ignored,
  mapping,
  maybeText,
  present,
  quoted,
  rejected,
  said,
} from "../payload.ts";
import { byHeader, type Source, sourceOf } from "../source.ts";

const authentication = "`Authorization`, as configured";

export const azureDevops: Source = {
  vendor: "azure-devops",
  verify: byHeader("authorization"),
  toStatements,
  covers: [
    {
      name: "Azure DevOps releases",
      deploy: "classic releases",
      time: "yes",
      identity: "event id",
      authentication,
      tried: "published samples, documented shape",
    },
    {
      name: "Azure DevOps builds",
      commit: "evidence for it",
      time: "yes",
      identity: "event id",
      authentication,
      tried: "published samples",
    },
  ],
};

const Event = z.looseObject({
  id: z.string(),
  eventType: z.string(),
  createdDate: z.string(),
  resourceContainers: z.looseObject({ collection: z.looseObject({ id: z.string().min(1) }) }),
});
type Event = z.infer<typeof Event>;

function toStatements(payload: unknown): Mapped[] {
  return mapping(Event, payload, (event) => {
    switch (event.eventType) {
      case "ms.vss-release.deployment-started-event":
      case "ms.vss-release.deployment-completed-event":
        return mapping(Deployment, payload, (it) => [mapDeployment(it, event, payload)]);
      case "build.complete":
        return mapping(Build, payload, (it) => [mapBuild(it, event, payload)]);
      default:
        return [ignored(`${quoted(event.eventType)} names no environment and no commit`, payload)];
    }
  });
}

const common = ({ id, createdDate, resourceContainers: { collection } }: Event) => ({
  source: sourceOf("azure-devops", collection.id),
  id,
  occurredAt: createdDate,
});

// --- releases ---------------------------------------------------------------------------------------------

const named = z.looseObject({ name: maybeText }).nullish();
const web = z.looseObject({ web: z.looseObject({ href: maybeText }).nullish() }).nullish();

const Deployment = z.looseObject({
  resource: z.looseObject({
    attemptId: z.int().nonnegative().nullish(),
    environment: z.looseObject({
      id: z.int().nonnegative(),
      name: z.string(),
      status: z.string(),
      release: z.looseObject({ id: z.int().nonnegative(), _links: web }),
      releaseDefinition: named,
    }),
    release: z.looseObject({ releaseDefinition: named }).nullish(),
    project: z.looseObject({ id: z.string(), name: z.string() }),
  }),
});
type Deployment = z.infer<typeof Deployment>;

/** The test button of a subscription sends Microsoft's example, whose project has an id of zeros. */
const NO_PROJECT = "00000000-0000-0000-0000-000000000000";

const KIND_OF_STATUS = new Map([
  ["succeeded", "deployment.succeeded" as const],
  ["partiallySucceeded", "deployment.succeeded" as const],
  ["rejected", "deployment.failed" as const],
  ["canceled", "deployment.failed" as const],
]);

function mapDeployment({ resource }: Deployment, event: Event, raw: unknown): Mapped {
  const { environment, release, project, attemptId } = resource;
  if (project.id === NO_PROJECT) return ignored("a test of the subscription", raw);
  const pipeline = environment.releaseDefinition?.name ?? release?.releaseDefinition?.name;
  if (pipeline === undefined) return rejected("resource.environment.releaseDefinition.name: is missing", raw);
  const kind = event.eventType.includes("started")
    ? ("deployment.started" as const)
    : KIND_OF_STATUS.get(environment.status);
  if (kind === undefined) return ignored(`the status ${quoted(environment.status)} is no result`, raw);
  const { collection } = event.resourceContainers;
  const attempt = [environment.release.id, environment.id, attemptId].filter((part) => part != null);
  const statement = {
    kind,
    ...common(event),
    environment: environment.name,
    service: `${project.name}/${pipeline}`,
    deployment: { provider: "azure-devops", instance: collection.id, id: attempt.join("/") },
    components: [{ component: "main" }],
    ...endingOf(kind, environment.status, environment.status === "canceled" ? "cancelled" : undefined),
    ...present({ url: firstLink(environment.release._links?.web?.href) }),
  };
  return said(statement, raw);
}

// --- builds -----------------------------------------------------------------------------------------------

const Build = z.looseObject({
  resource: z.looseObject({
    /** In version 1.0 the result; in version 2.0 `completed`, with the result in `result`. */
    status: z.string(),
    result: maybeText,
    /** A commit, or a changeset of TFVC. */
    sourceVersion: maybeText,
    /** The same in version 1.0: `LG:<ref>:<commit>`. */
    sourceGetVersion: maybeText,
    _links: web,
  }),
});
type Build = z.infer<typeof Build>;

function mapBuild({ resource }: Build, event: Event, raw: unknown): Mapped {
  const { status, result, sourceVersion, sourceGetVersion, _links } = resource;
  const [, commit] =
    /(?:^|:)([0-9a-f]{40}|[0-9a-f]{64})$/.exec(sourceVersion ?? sourceGetVersion ?? "") ?? [];
  if (commit === undefined) return ignored("the build has no git commit", raw);
  const statement = {
    kind: "evidence.attached" as const,
    ...common(event),
    commit,
    type: "build",
    verdict: result ?? status,
    ...present({ url: firstLink(_links?.web?.href) }),
  };
  return said(statement, raw);
}
