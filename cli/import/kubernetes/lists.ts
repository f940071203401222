/** Lists a cluster's objects for the import: repeats failed requests, and reports a refusal as one line. */
import { setTimeout } from "node:timers/promises";
import pRetry from "p-retry";
import { CliError } from "../../error.ts";
import type { Io } from "../../io.ts";
import { ClusterRefusal, clusterOf, GONE, type Resource } from "../../kubernetes/cluster.ts";
import type { ClusterAccess } from "../../kubernetes/kubeconfig.ts";

const RETRIES = 5;
const RETRY_AFTER_MAX_S = 60;
/** Objects a page. Helm's are up to a megabyte each. */
const PAGE = 250;
const PAGE_OF_CORE = 25;

/** The login may not list something. */
export class NotAllowed extends Error {}

/** Which cluster to read, and what of it. */
interface Access extends ClusterAccess {
  /** Empty: all. */
  readonly namespaces: readonly string[];
}

/**
 * Objects as the server has them, page by page; none where the server does not have the kind. Throws `NotAllowed`, and
 * CliErrors.
 */
export type List = (resource: Resource, labelSelector?: string) => AsyncGenerator<readonly unknown[]>;

/** Whatever is no refusal is a server that did not answer, or not in time. */
const mayPass = (error: unknown): boolean =>
  !(error instanceof ClusterRefusal) || error.status === 429 || error.status >= 500;

const HINTS: Readonly<Record<number, string>> = {
  401: "sign in, as for kubectl",
  [GONE]: "the list changed while it was read: run it again",
};

function failureOf(error: unknown, what: string): unknown {
  if (!(error instanceof ClusterRefusal)) return error;
  if (error.status === 403) return new NotAllowed(what, { cause: error });
  const hint = HINTS[error.status] ?? error.reason;
  return new CliError(`the cluster answered ${error.status} for ${what}: ${hint}`, { cause: error });
}

/** The wait that a server asks for, before the retry. */
async function waited(error: unknown): Promise<void> {
  const seconds = error instanceof ClusterRefusal ? error.retryAfterS : 0;
  if (seconds > 0) await setTimeout(Math.min(seconds, RETRY_AFTER_MAX_S) * 1000);
}

export function listsOf({ namespaces, ...access }: Access, { waitMs }: Io): List {
  const cluster = clusterOf(access);
  const attempt = <T>(send: () => Promise<T>): Promise<T> =>
    pRetry(send, {
      retries: RETRIES,
      minTimeout: waitMs,
      onFailedAttempt: ({ error }) => waited(error),
      shouldRetry: ({ error }) => mayPass(error),
    });

  async function* listIn(namespace: string | undefined, resource: Resource, labelSelector?: string) {
    const query = { namespace, limit: resource.group === "" ? PAGE_OF_CORE : PAGE };
    const selected = labelSelector === undefined ? query : { ...query, labelSelector };
    try {
      for await (const { items } of cluster.list(resource, selected, attempt)) yield items;
    } catch (error) {
      if (error instanceof ClusterRefusal && error.status === 404) return;
      const { plural, group } = resource;
      throw failureOf(error, group === "" ? plural : `${plural}.${group}`);
    }
  }

  return async function* list(resource, labelSelector) {
    for (const namespace of namespaces.length === 0 ? [undefined] : namespaces)
      yield* listIn(namespace, resource, labelSelector);
  };
}
