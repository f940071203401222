/**
 * Flux: what its kustomize-controller and helm-controller applied, in events of its notification-controller (a Provider
 * of the type `generic` or `generic-hmac`).
 *
 * A Kustomization has succeeded when it was applied and something changed: that event (reason `Progressing`) comes once
 * for each change, whether or not the Kustomization waits for health. The success of a reconciliation
 * (`ReconciliationSucceeded`) comes at every interval for the same revision (from some notification-controllers 1.8 not
 * at all), and would make a release every ten minutes. It is ignored, unless it lists only deletions, which marks the
 * end of a Kustomization.
 * Key: the object's uid and a hash of reason, severity, revision, time and message, because events have no id, and
 * several come in one second. One event sent by several alerts stays one fact. A deployment is one object at one
 * revision.
 * Before Flux 2.2 a HelmRelease's `reason` is only its severity (`info`, `error`), and so is an older Kustomization's;
 * then the message says what happened, also that it started. A rollback of that time names the revision that failed,
 * not the one that it returns to, so it is recorded without a revision, as a deployment of its own.
 * Proof: either of `X-Signature` (`sha256=` and HMAC-SHA256 of the raw body in hex, under the Provider's token) or the
 * whole `Authorization` header, from `headers` in the Provider's secret, where `X-Asof-Cluster` stands too.
 * Not in the payload: images, digests, the repository and path of the manifests, the namespace and cluster that they are
 * applied to, the actor, since Flux 2.2 the start. A reconciliation that keeps failing is reported at each try.
 * Format: fluxcd/notification-controller, docs/spec/v1beta3/providers.md and internal/server/event_handlers.go (which
 * takes the API group off the keys of `metadata`); fluxcd/kustomize-controller and fluxcd/helm-controller, of the
 * reasons. Delivery is at most once: four retries within half a minute.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { digest as digestForm } from "../../../schemas/scalars.ts";
import { endingOf, hashOf, ignored, mapping, present, quoted, said } from "../payload.ts";
import { byHeader, byHmac, type Context, type Delivery, type Source, sourceOf } from "../source.ts";
import { clusterOf, segment, withoutCluster } from "./cluster.ts";

export const flux: Source = {
  vendor: "flux",
  verify,
  toStatements,
  covers: [
    {
      name: "Flux",
      deploy: "Kustomizations, HelmReleases",
      time: "yes",
      identity: "object and hash of the event",
      authentication: "`X-Signature`, or `Authorization` as configured",
      tried: "published sample, documented shape",
    },
  ],
};

const byAuthorization = byHeader("authorization");

function verify(delivery: Delivery, secrets: readonly string[]): boolean | Promise<boolean> {
  const signature = /^sha256=(.+)$/.exec(delivery.headers.get("x-signature") ?? "")?.[1];
  return signature === undefined ? byAuthorization(delivery, secrets) : byHmac(delivery, signature, secrets);
}

const Event = z.looseObject({
  involvedObject: z.looseObject({
    kind: z.string(),
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
  }),
  severity: z.string(),
  reason: z.string(),
  message: z.string(),
  timestamp: z.string(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});
type Event = z.infer<typeof Event>;

function toStatements(payload: unknown, { headers }: Context): Mapped[] {
  return mapping(Event, payload, (event) => [mapEvent(event, headers, payload)]);
}

function mapEvent(event: Event, headers: Headers, raw: unknown): Mapped {
  const { involvedObject, severity, reason, message, timestamp } = event;
  const { name, namespace, uid } = involvedObject;
  const kind = kindOf(event);
  if (kind === undefined) return ignored(reasonWhyNot(event), raw);
  const cluster = clusterOf(headers);
  if (cluster === undefined) return withoutCluster(raw);
  const told = saidIn(event, "revision");
  const revision = isNamelessRollback(event) ? undefined : told;
  const common = {
    kind,
    source: sourceOf("flux", segment(cluster), segment(namespace)),
    id: `${uid}/${hashOf(reason, severity, told, timestamp, message)}`,
    occurredAt: timestamp,
    environment: `${cluster}/${namespace}`,
    service: name,
    cluster,
  };
  if (kind === "deployment.removed") return said(common, raw);
  return said(
    {
      ...common,
      deployment: deploymentOf(cluster, uid, revision ?? timestamp),
      components: [{ component: "main" }],
      ...endingOf(kind, message),
      ...present({ rollback: whatOf(event) === "RollbackSucceeded" || undefined }),
      ...(revision === undefined ? {} : { config: [configOf(revision, saidIn(event, "oci-digest"))] }),
    },
    raw,
  );
}

/** The identity of what an object applied at a revision. */
export const deploymentOf = (cluster: string, uid: string, revision: string) => ({
  provider: "flux",
  instance: cluster,
  id: `${uid}/${hashOf(revision)}`,
});

/** A value of the metadata. Its key has the API group as a prefix; newer controllers omit the prefix. */
function saidIn({ metadata }: Event, key: string): string | undefined {
  const [, value] =
    Object.entries(metadata ?? {}).find(
      ([name]) => name === key || name.endsWith(`.toolkit.fluxcd.io/${key}`),
    ) ?? [];
  return typeof value === "string" && value !== "" ? value : undefined;
}

// --- what happened ----------------------------------------------------------------------------------------

type Kind = `deployment.${"started" | "succeeded" | "failed" | "removed"}`;

/** Whether the reason is only the severity, as before Flux 2.2. */
const isBare = ({ reason }: Event): boolean => reason === "info" || reason === "error";

/** The reason; before Flux 2.2 the one that the message stands for: `Helm upgrade succeeded` is `UpgradeSucceeded`. */
function whatOf(event: Event): string {
  const found = isBare(event) ? RELEASE.exec(event.message) : null;
  return found === null ? event.reason : [found[1], found[2]].map((word) => capitalized(word ?? "")).join("");
}
const RELEASE = /^Helm (install|upgrade|rollback|uninstall) (?:has )?(started|succeeded|failed)\b/;
const capitalized = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

/** A rollback before Flux 2.2. */
const isNamelessRollback = (event: Event): boolean => isBare(event) && whatOf(event).startsWith("Rollback");

function kindOf(event: Event): Kind | undefined {
  switch (event.involvedObject.kind) {
    case "Kustomization":
      return event.severity === "error" ? "deployment.failed" : kindOfChange(event);
    case "HelmRelease":
      return KIND_OF_RELEASE.get(whatOf(event));
    default:
      return undefined;
  }
}

const KIND_OF_RELEASE: ReadonlyMap<string, Kind> = new Map([
  ["InstallStarted", "deployment.started"],
  ["UpgradeStarted", "deployment.started"],
  ["InstallSucceeded", "deployment.succeeded"],
  ["UpgradeSucceeded", "deployment.succeeded"],
  ["RollbackSucceeded", "deployment.succeeded"],
  ["InstallFailed", "deployment.failed"],
  ["UpgradeFailed", "deployment.failed"],
  ["RollbackFailed", "deployment.failed"],
  ["UninstallSucceeded", "deployment.removed"],
]);

/** Each line of a change's message names an object and its change; other messages are sentences about health. */
function kindOfChange(event: Event): Kind | undefined {
  const { reason, message } = event;
  const changes = message.split("\n").map((line) => CHANGE.exec(line)?.[1]);
  if (changes.includes(undefined)) return undefined;
  if (reason === "Progressing") return "deployment.succeeded";
  const isDeletion = changes.every((change) => change === "deleted");
  // Older controllers report deletions by themselves, whether the Kustomization goes on or has ended.
  if (isBare(event)) return isDeletion ? undefined : "deployment.succeeded";
  return reason === "ReconciliationSucceeded" && isDeletion ? "deployment.removed" : undefined;
}
/** `Deployment/apps/webapp configured`. */
const CHANGE = /^[^\s/]+\/\S+ (\w+)$/;

function reasonWhyNot({ involvedObject: { kind }, reason }: Event): string {
  if (kind !== "Kustomization" && kind !== "HelmRelease") return `a ${quoted(kind)} deploys nothing`;
  return `${quoted(reason)} of a ${kind} changes nothing that runs`;
}

// --- of what ----------------------------------------------------------------------------------------------

/**
 * A Git commit by its id, however the branch or tag before it is written (`main/<sha>` before Flux 2.0, since then
 * `main@sha1:<sha>`); charts' versions and OCI artifacts (`latest@sha256:…`) as they are.
 */
export function configOf(revision: string, digest: string | undefined) {
  const commit = /(?:^|[/:])([0-9a-f]{40})$/.exec(revision)?.[1];
  const isDigest = digestForm.safeParse(digest).success;
  return { revision: commit ?? revision, ...present({ digest: isDigest ? digest : undefined }) };
}
