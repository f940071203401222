/**
 * Facts of the past that an importer reported (`asof import`), and when one repeats what a live sender reports: the same
 * deployment, kind and place, or the same push. The time of a deployment is not compared, because what an importer reads
 * may have been rounded.
 */
import type { Deployed, Fact, FactOf } from "../../schemas/fact.ts";
import { componentSet, runOf } from "./access-patterns.ts";
import { canonical, order } from "./canonical.ts";
import type { Partition } from "./store.ts";

/** The sources of importers. */
export const IMPORTS = "/import/";

export const isImported = ({ source }: { readonly source: string }): boolean => source.startsWith(IMPORTS);

/** Where everything stands that may be the same as a fact, and what is compared. */
export interface Event {
  readonly partition: Partition;
  readonly at?: string;
  readonly key: string;
}

type Push = FactOf<"artifact.pushed">;

function ofPush({ repository, tag, digest, occurredAt }: Push): Event {
  const partition: Partition =
    tag === undefined ? { of: "digest", digest, aspect: "image" } : { of: "tag", repository, tag };
  return { partition, at: occurredAt, key: canonical([repository, tag ?? null, digest, occurredAt]) };
}

/** One deployment may be of several services, places and sets of components: each is an event of its own. */
function ofDeployment({ kind, deployment, environment, service, scope, components }: Deployed): Event[] {
  if (deployment === undefined) return [];
  const part = scope === "components" && components !== undefined ? componentSet(components) : null;
  const key = canonical([kind, runOf({ deployment, environment, service }), part]);
  return [{ partition: { of: "deployment", deployment }, key }];
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

/** The facts among others that report the same event as this one. */
export function sameEvent(fact: Fact, others: readonly Fact[]): Fact[] {
  const key = eventOf(fact)?.key;
  return others.filter(
    (one) =>
      (one.source !== fact.source || one.id !== fact.id) &&
      one.kind === fact.kind &&
      eventOf(one)?.key === key,
  );
}

/** Whether an imported fact adds nothing: a live sender reports the event or, of several imports, an earlier one does. */
export const isRepeated = (imported: Fact, others: readonly Fact[]): boolean =>
  sameEvent(imported, others).some((one) => !isImported(one) || order(one) < order(imported));
