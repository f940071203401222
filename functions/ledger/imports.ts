/**
 * Facts of the past that an importer reported (`asof import`), and when one repeats what a live sender reports: the same
 * deployment, kind and place, or the same push. The time of a deployment is not compared, because what an importer reads
 * may have been rounded.
 */
import type { Deployed, Fact, FactOf } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { bareUrl } from "../../schemas/words/repository-url.ts";
import { componentSet } from "./access-patterns.ts";
import { canonical, order } from "./canonical.ts";
import type { Partition } from "./store.ts";

/** The sources of importers. */
export const IMPORTS = "/import/";

/** What Argo CD remembers of its syncs, which comes with its webhooks. */
const REMEMBERED = /^\/webhooks\/argocd\/apps\/[^/]+\/[^/]+\/history$/;

export const isImported = ({ source }: { readonly source: string }): boolean =>
  source.startsWith(IMPORTS) || REMEMBERED.test(source);

/** Where everything stands that may be the same as a fact, and what is compared. */
interface Event {
  readonly partition: Partition;
  readonly key: string;
  /** Compared, too, if both have one. */
  readonly at?: string;
  /** The components that a deployment is limited to. */
  readonly part?: string | undefined;
}

type Push = FactOf<"artifact.pushed">;

/** A registry that was only read does not say when an image was pushed: any push of it may be the one. */
function ofPush({ repository, tag, digest, occurredAt, timeFrom }: Push): Event {
  return {
    partition: { of: "digest", digest, aspect: "image" },
    key: canonical([repository, tag ?? null, digest]),
    ...(timeFrom === "created" ? {} : { at: occurredAt }),
  };
}

/** One deployment may be of several services, places and sets of components: each is an event of its own. */
function ofDeployment({ kind, deployment, environment, service, scope, components }: Deployed): Event[] {
  if (deployment === undefined) return [];
  const part = scope === "components" && components !== undefined ? componentSet(components) : undefined;
  const key = canonical([kind, deployment, fold(environment), service === undefined ? null : fold(service)]);
  return [{ partition: { of: "deployment", deployment }, key, part }];
}

/** The event that a fact reports; undefined for kinds that no two senders are known to share. */
export function eventOf(fact: Fact): Event | undefined {
  switch (fact.kind) {
    case "artifact.pushed":
      return ofPush(fact);
    case "deployment.started":
    case "deployment.succeeded":
    case "deployment.failed":
    case "deployment.removed":
    case "deployment.observed":
      return ofDeployment(fact)[0];
    default:
      return undefined;
  }
}

/** How much a fact says of what was deployed: the components whose image it names. */
function imagesIn(fact: Fact): number {
  const components = "components" in fact ? (fact.components ?? []) : [];
  return components.filter(({ repository, tag, digest }) => (repository ?? tag ?? digest) !== undefined)
    .length;
}

/** Whether a fact was imported from an origin that knows of a deployment alone that it was, and not of what. */
const isBare = (fact: Fact, event: Event): boolean =>
  isImported(fact) && event.part === undefined && imagesIn(fact) === 0;

/** The facts among others that report the same event as this one. */
export function sameEvent(fact: Fact, others: readonly Fact[]): Fact[] {
  const own = eventOf(fact);
  if (own === undefined) return [];
  return others.filter((one) => {
    if ((one.source === fact.source && one.id === fact.id) || one.kind !== fact.kind) return false;
    const other = eventOf(one);
    if (other === undefined || other.key !== own.key) return false;
    const isOneTime = own.at === undefined || other.at === undefined || own.at === other.at;
    return isOneTime && (own.part === other.part || isBare(fact, own) || isBare(one, other));
  });
}

/** Of two imports of one event the one that names more images counts, else the earlier one. */
const countsBefore = (one: Fact, other: Fact): boolean =>
  imagesIn(one) === imagesIn(other) ? order(one) < order(other) : imagesIn(one) > imagesIn(other);

/** Whether an imported fact adds nothing: a live sender reports the event, or another import that counts. */
export const isRepeated = (imported: Fact, others: readonly Fact[]): boolean =>
  sameEvent(imported, others).some((one) => !isImported(one) || countsBefore(one, imported));

// --- declarations -----------------------------------------------------------------------------------------

/** A deployment that a commit of manifests declares. */
export type Declaration = FactOf<"deployment.succeeded">;

export const isDeclaration = (fact: Fact): fact is Declaration =>
  fact.kind === "deployment.succeeded" && fact.declared === true && isImported(fact);

/** How long after a commit a deployer that follows the repository reports that it applied it. */
const APPLIED_MS = 60 * 60_000;

/** When and where a declaration is applied, if it soon is: the claims of its place from its commit on. */
export function applying({ environment, service, occurredAt: from }: Declaration) {
  const partition: Partition = { of: "run", environment: fold(environment), service: fold(service) };
  return { partition, span: { from, to: new Date(Date.parse(from) + APPLIED_MS).toISOString() } };
}

type Image = NonNullable<Deployed["components"]>[number];

const isSameImage = (one: Image, other: Image): boolean =>
  one.repository === other.repository &&
  (one.digest !== undefined && other.digest !== undefined
    ? one.digest === other.digest
    : one.tag !== undefined && one.tag === other.tag);

/** Whether two deployments take their configuration from one repository. */
export const isOfOneRepository = (
  { config: one = [] }: Deployed,
  { config: other = [] }: Deployed,
): boolean =>
  one.some(({ repository: a }) =>
    other.some(({ repository: b }) => a !== undefined && b !== undefined && bareUrl(a) === bareUrl(b)),
  );

/**
 * Whether a deployer reports what a commit declared: a deployment from the same repository that brings all of its images.
 * Then the commit deployed nothing by itself. One that was applied later stays: it is all that is known of the time between.
 * @param later the claims of its place from its commit on
 */
export const isApplied = (declaration: Declaration, later: readonly Fact[]): boolean =>
  imagesIn(declaration) > 0 &&
  later.some(
    (one) =>
      one.kind === "deployment.succeeded" &&
      !isImported(one) &&
      isOfOneRepository(declaration, one) &&
      (declaration.components ?? []).every((image) =>
        (one.components ?? []).some((other) => isSameImage(image, other)),
      ),
  );
