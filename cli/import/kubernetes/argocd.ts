/**
 * The syncs that Argo CD's Applications remember: the last operation whole, and of the earlier ones that succeeded the
 * revisions and times (`status.history`, ten by default).
 * Format: argoproj/argo-cd, pkg/apis/application/v1alpha1/types.go (`RevisionHistory`, `OperationState`).
 */
import * as z from "zod";
import { argocd as webhook } from "../../../functions/sources/deployers/argocd.ts";
import { type Item, unknown } from "../importer.ts";
import { asWebhook, type Origin, objectsOf } from "./origin.ts";

const History = z.looseObject({
  deployStartedAt: z.string().optional(),
  deployedAt: z.string(),
  initiatedBy: z.unknown().optional(),
});
type History = z.infer<typeof History>;

const Application = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
  spec: z.unknown(),
  status: z
    .looseObject({
      operationState: z.looseObject({ startedAt: z.string().optional() }).nullish(),
      history: z.array(History).nullish(),
    })
    .default({}),
});
type Application = z.infer<typeof Application>;

/** The revisions that tell a rollback; without the times by which the webhook's mapping tells these syncs, too. */
const revisionsIn = (history: readonly History[]) => history.map(({ deployedAt: _, ...entry }) => entry);

/** A sync that succeeded, as the webhook would have sent it, without the resources that it applied. */
function asSynced({ metadata, spec }: Application, history: readonly History[], n: number): object {
  const { deployStartedAt: startedAt, deployedAt: finishedAt, initiatedBy, ...synced } = history[n] ?? {};
  const { deletionTimestamp: _, ...alive } = metadata;
  return {
    metadata: alive,
    spec,
    status: {
      history: revisionsIn(history.slice(0, n + 1)),
      operationState: {
        phase: "Succeeded",
        startedAt,
        finishedAt,
        operation: { initiatedBy },
        syncResult: synced,
      },
    },
  };
}

function* ofApplication(origin: Origin, app: Application): Generator<Item> {
  const { operationState, history } = app.status;
  const where = `the application ${app.metadata.namespace}/${app.metadata.name}`;
  const synced = history ?? [];
  for (const [n, { deployStartedAt }] of synced.entries()) {
    if (deployStartedAt === undefined) yield unknown("a sync whose start Argo CD does not remember", where);
    // The operation tells the same sync with its images.
    else if (deployStartedAt !== operationState?.startedAt)
      yield* asWebhook(origin, webhook.toStatements, { app: asSynced(app, synced, n) }, where);
  }
  const last = { ...app, status: { ...app.status, history: revisionsIn(synced) } };
  yield* asWebhook(origin, webhook.toStatements, { app: last }, where);
}

export async function* argocd(origin: Origin): AsyncGenerator<Item> {
  let count = 0;
  const resource = { group: "argoproj.io", version: "v1alpha1", plural: "applications" };
  for await (const app of objectsOf(origin, resource, Application)) {
    count += 1;
    yield* ofApplication(origin, app);
  }
  if (count > 0)
    yield unknown(
      "images of Argo CD's syncs before the last one of each application, syncs that failed before it",
    );
}
