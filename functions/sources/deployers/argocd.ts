/**
 * Argo CD and Argo Rollouts, which share a notifications engine. Its webhooks send the bodies that the templates in
 * docs/sources/clusters.md define: the objects themselves, reduced to the fields that are read here. Rollouts:
 * `argo-rollouts.ts`.
 *
 * Key: for a sync, the application's uid, the start of its operation, the result, and a hash of its components, because
 * a sync is reported again with more resources once the application's list of them is up to date. The start stays the
 * same over retries, differs for each sync even of the same revision, and is known from the beginning (the number in the
 * history is set only on success). The source is the application.
 * Proof: the whole `Authorization` header, as the webhook service sends it.
 * A component is a workload that the sync applied, with the images of its pod template in the template's order. The
 * images of `status.summary` are not read: at the end of a sync they are still the previous images. A sync may apply
 * only some resources (by hand, by self-healing, by `ApplyOutOfSyncOnly`): then it covers only these components.
 * `succeeded` means that the sync succeeded: applied, its waves healthy. The revision belongs to the repository of
 * manifests, so it is configuration, not an image's commit.
 * A sync is a rollback where its revision came into the history before that of the previous sync: who returns to what was
 * rolled back from goes forward. Syncs that the history alone tells: `argocd-history.ts`.
 * Not in the payload: names of containers, commits of images; digests,
 * unless the manifests pin them; before Argo CD 3.0, any images. A failed delivery is tried three times within seconds,
 * and again at the application's next change.
 * Format: argoproj/argo-cd, docs/operator-manual/notifications and pkg/apis/application/v1alpha1/types.go;
 * argoproj/notifications-engine, pkg/services/webhook.go.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { splitImage } from "../image.ts";
import {
  endingOf,
  firstLink,
  hashOf,
  ignored,
  loginOnly,
  mapping,
  maybeText,
  present,
  quoted,
  rejected,
  said,
} from "../payload.ts";
import { byHeader, type Context, type Source, sourceOf } from "../source.ts";
import { mapRollout } from "./argo-rollouts.ts";
import { configOf, History, rememberedSyncs, revised, rollbackOf } from "./argocd-history.ts";
import { clusterOf, segment, withoutCluster } from "./cluster.ts";
import { type Container, componentsOf, distinct, namesBy, runsPods } from "./workload.ts";

export const argocd: Source = {
  vendor: "argocd",
  verify: byHeader("authorization"),
  toStatements,
  covers: [
    {
      name: "Argo CD",
      deploy: "syncs, deletions",
      digest: "where manifests pin it",
      time: "yes",
      identity: "application and start of its sync",
      authentication: "`Authorization`, as configured",
      tried: "published sample, documented shape, template run",
    },
    {
      name: "Argo Rollouts",
      deploy: "steps, completion, abortion",
      digest: "where manifests pin it",
      time: "the receipt's",
      identity: "rollout, revision and step",
      authentication: "`Authorization`, as configured",
      tried: "documented shape, template run",
    },
  ],
};

const named = {
  kind: z.string(),
  namespace: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
  name: z.string(),
};

const Applied = z.looseObject({
  ...named,
  status: maybeText,
  hookType: maybeText,
  images: z.array(z.string()).max(64).nullish(),
});
type Applied = z.infer<typeof Applied>;

const SyncResult = z.looseObject({
  ...revised,
  resources: z.array(Applied).nullish(),
});
type SyncResult = z.infer<typeof SyncResult>;

const Operation = z.looseObject({
  phase: maybeText,
  message: maybeText,
  startedAt: maybeText,
  finishedAt: maybeText,
  operation: z
    .looseObject({
      sync: z
        .looseObject({
          dryRun: z.boolean().nullish(),
          resources: z.array(z.unknown()).nullish(),
          syncOptions: z.array(z.string()).nullish(),
        })
        .nullish(),
      initiatedBy: z.looseObject({ username: maybeText }).nullish(),
    })
    .nullish(),
  syncResult: SyncResult.nullish(),
});
type Operation = Partial<z.infer<typeof Operation>>;

const Managed = z.looseObject({
  ...named,
  hook: z.boolean().nullish(),
  requiresPruning: z.boolean().nullish(),
});

const Application = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    deletionTimestamp: maybeText,
    finalizers: z.array(z.string()).nullish(),
  }),
  spec: z.looseObject({
    destination: z.looseObject({ server: maybeText, name: maybeText, namespace: maybeText }),
  }),
  status: z.looseObject({
    operationState: Operation.nullish(),
    resources: z.array(Managed).nullish(),
    history: History.nullish().catch(undefined),
  }),
});
type Application = z.infer<typeof Application>;

const Notification = z.looseObject({ app: Application, url: maybeText });
type Notification = z.infer<typeof Notification>;

const Either = z.looseObject({ rollout: z.unknown().optional() });

function toStatements(payload: unknown, context: Context): Mapped[] {
  return mapping(Either, payload, ({ rollout }) =>
    rollout === undefined
      ? mapping(Notification, payload, (notification) =>
          mapApplication(notification, context.headers, payload),
        )
      : mapRollout(payload, context),
  );
}

function mapApplication({ app, url }: Notification, headers: Headers, raw: unknown): Mapped[] {
  const { name, namespace, uid } = app.metadata;
  const place = placeOf(app, headers);
  if (place === undefined) return [withoutCluster(raw)];
  const common = {
    source: sourceOf("argocd", "apps", segment(namespace), segment(name)),
    service: name,
    ...place,
    ...present({ url: firstLink(url) }),
  };
  if (app.metadata.deletionTimestamp !== undefined) return [mapDeletion(app, common, raw)];
  const operation: Operation = app.status.operationState ?? {};
  const remembering = { uid, namespace: segment(namespace), name: segment(name), common };
  return [
    mapOperation(app, operation, common, raw),
    // Told again at the end of the sync.
    ...(operation.phase === "Running"
      ? []
      : rememberedSyncs(remembering, app.status.history ?? [], operation.startedAt)),
  ];
}

/** The fields that all statements of one application share. */
interface Common extends Record<string, unknown> {
  readonly source: string;
}

/** Argo CD deletes the resources of a deleted application only with this finalizer. */
const DELETES_RESOURCES = "resources-finalizer.argocd.argoproj.io";

function mapDeletion({ metadata }: Application, common: Common, raw: unknown): Mapped {
  const { uid, deletionTimestamp = "", finalizers } = metadata;
  if (finalizers?.some((finalizer) => finalizer.startsWith(DELETES_RESOURCES)) !== true)
    return ignored("the application is deleted, what it deployed stays", raw);
  return said(
    { kind: "deployment.removed", id: `${uid}/removed`, occurredAt: deletionTimestamp, ...common },
    raw,
  );
}

const KIND_OF_PHASE = new Map([
  ["Running", "deployment.started" as const],
  ["Succeeded", "deployment.succeeded" as const],
  ["Failed", "deployment.failed" as const],
  ["Error", "deployment.failed" as const],
]);

function mapOperation(app: Application, operation: Operation, common: Common, raw: unknown): Mapped {
  const { phase, startedAt, finishedAt, operation: asked, syncResult: result } = operation;
  if (phase === undefined || startedAt === undefined) return ignored("the application was never synced", raw);
  if (asked?.sync?.dryRun === true) return ignored("a dry run deploys nothing", raw);
  const kind = KIND_OF_PHASE.get(phase);
  if (kind === undefined)
    return ignored(`the phase ${quoted(phase)} neither starts nor ends a deployment`, raw);
  const hasStarted = kind === "deployment.started";
  // If it turns out to apply nothing that runs, no end would be recorded.
  if (hasStarted && isSelective(operation))
    return ignored("which parts the sync applies is not reported yet", raw);
  const occurredAt = hasStarted ? startedAt : finishedAt;
  if (occurredAt === undefined) return rejected("app.status.operationState.finishedAt: is missing", raw);
  // The resources that a sync will apply are not known at its start.
  const what = hasStarted ? UNSAID : deployed(app, result);
  if (what === undefined && kind === "deployment.succeeded")
    return ignored("the sync applied nothing that runs", raw);
  const sync = `${app.metadata.uid}/${startedAt}`;
  return said(
    {
      kind,
      ...toldAs([sync, phase].join("/"), what),
      occurredAt,
      ...common,
      deployment: { provider: "argocd", instance: app.metadata.namespace, id: sync },
      ...(what ?? UNSAID),
      ...(kind === "deployment.succeeded" ? rollbackOf(before(app, operation), result) : {}),
      ...present({ actor: loginOnly(asked?.initiatedBy?.username) }),
      ...endingOf(kind, operation.message, isTerminated(operation) ? "cancelled" : undefined),
      ...(hasStarted ? {} : configOf(result)),
    },
    raw,
  );
}

/**
 * The identity of a report of a sync. Where what it applied is known, the report of the most resources counts; those that
 * differ in resources that run nothing are one. With more workloads, a sync turns out to have applied a part of them.
 */
function toldAs(id: string, what: ReturnType<typeof deployed>) {
  if (what === undefined || what === UNSAID) return { id };
  const sequence = 2 * what.components.length + ("scope" in what ? 1 : 0);
  return { id: `${id}/${hashOf(JSON.stringify(what))}`, sequence };
}

/** The syncs that the history lists before this one. */
const before = ({ status }: Application, { startedAt }: Operation): History =>
  (status.history ?? []).filter(({ deployStartedAt }) => deployStartedAt !== startedAt);

/** Whether somebody stopped the sync. */
const isTerminated = ({ message }: Operation): boolean => /^operation terminated/i.test(message ?? "");

const isSelective = ({ operation }: Operation): boolean =>
  (operation?.sync?.resources ?? []).length > 0 ||
  operation?.sync?.syncOptions?.includes("ApplyOutOfSyncOnly=true") === true;

// --- where ------------------------------------------------------------------------------------------------

/** Every Argo CD uses these names for the cluster that it runs in, so they identify no cluster. */
const isOwnCluster = ({ server, name }: Application["spec"]["destination"]): boolean =>
  name === "in-cluster" || (name === undefined && server === "https://kubernetes.default.svc");

/** A cluster's name in Argo CD, else its server without the scheme; for Argo CD's own cluster, the sender's header. */
function placeOf({ spec: { destination } }: Application, headers: Headers) {
  const { server, name, namespace } = destination;
  const known = name ?? server?.replace(/^https?:\/\//, "").replace(/\/$/, "");
  const cluster = isOwnCluster(destination) ? clusterOf(headers) : known;
  if (cluster === undefined) return undefined;
  const environment = namespace === undefined ? cluster : `${cluster}/${namespace}`;
  return { environment, ...present({ cluster, namespace }) };
}

// --- what -------------------------------------------------------------------------------------------------

const UNSAID = { components: [{ component: "main" }] };

/** The components that a sync deployed; undefined if the application has workloads and the sync applied none of them. */
function deployed({ status }: Application, result: SyncResult | null | undefined) {
  const all = (status.resources ?? []).filter(
    (one) => runsPods(one) && one.hook !== true && one.requiresPruning !== true,
  );
  const applied = (result?.resources ?? []).filter(
    ({ hookType, status }) => hookType === undefined && status !== "Pruned",
  );
  const containers = applied.flatMap(containersOf);
  // Before Argo CD 3.0, resources have no images.
  if (containers.length === 0) return applied.some(runsPods) || all.length === 0 ? UNSAID : undefined;
  const components = componentsOf(containers, all);
  const reached = containers.map(({ workload }) => workload);
  const isPart = distinct(reached).length < distinct([...reached, ...all]).length;
  return isPart ? { components, scope: "components" as const } : { components };
}

/** Containers have no names here, so their images name them, as short as keeps them distinct. */
function containersOf(applied: Applied): Container[] {
  const images = [...new Set(applied.images ?? [])];
  const names = namesBy(
    images,
    (image) => pathOf(image).split("/").at(-1) ?? image,
    pathOf,
    (image) => image,
  );
  return images.map((image, n) => ({ workload: applied, container: names[n] ?? image, image }));
}

const pathOf = (image: string): string => splitImage(image).repository;
