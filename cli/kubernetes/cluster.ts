/**
 * A Kubernetes API server, by its official client: its configuration and login, and its watch. Lists are plain requests
 * with that login: the client's typed calls neither ask for metadata alone, nor read page by page without keeping whole
 * objects, and their generated code is larger than the rest of the command line.
 * Format: kubernetes.io, "Kubernetes API Concepts" (pages, watches, bookmarks, 410 Gone, PartialObjectMetadata).
 */
import { request as overHttp } from "node:http";
import { request as overHttps, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";
import { KubeConfig, Watch } from "@kubernetes/client-node";
import * as z from "zod";
import { CliError } from "../error.ts";
import { type ClusterAccess, configured } from "./kubeconfig.ts";

/** A kind of objects of an API group, as its address names it. */
export interface Resource {
  /** Empty: the core. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Only the metadata of objects is asked for. */
  readonly isMetadata?: true;
}

/** The server refused or did not know something. */
export class ClusterRefusal extends CliError {
  readonly status: number;
  /** Of the server; empty: it gave no reason. */
  readonly reason: string;
  /** How long the server asks to wait. */
  readonly retryAfterS: number;

  constructor(status: number, what: string, { reason = "", retryAfterS = 0 } = {}) {
    super(`the cluster answered ${status} for ${what}`);
    this.status = status;
    this.reason = reason;
    this.retryAfterS = retryAfterS;
  }
}

export interface ListQuery {
  /** Absent: all. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  /** Objects a page at most. A page is in memory at once. */
  readonly limit: number;
}

export interface ListPage {
  readonly items: readonly unknown[];
  /** Where a watch begins that continues this list. */
  readonly resourceVersion: string;
}

/** How a watch ended. `gone`: the server no longer knows where it should begin, so only a new list shows what is. */
export type WatchEnd = "closed" | "gone";

export interface Cluster {
  /**
   * All pages. Throws ClusterRefusal, or a CliError where no server answers.
   * @param attempt sends the request of a page, and may send it again
   */
  readonly list: (resource: Resource, query: ListQuery, attempt?: Attempt) => AsyncGenerator<ListPage>;
  /** Throws as `list` does. */
  readonly watch: (
    resource: Resource,
    from: { readonly namespace: string | undefined; readonly resourceVersion: string },
    listener: WatchListener,
    signal: AbortSignal,
  ) => Promise<WatchEnd>;
}

type Attempt = <T>(send: () => Promise<T>) => Promise<T>;

export interface WatchListener {
  readonly take: (type: string, object: unknown) => void;
  /** The server has accepted the watch. */
  readonly opened: () => void;
}

const TIMEOUT_MS = 30_000;
/** How long a watch lasts, and how much later a dead server is noticed. */
const WATCH_S = 240;
const WATCH_GRACE_MS = 20_000;
const METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

const Page = z.object({
  metadata: z.object({ resourceVersion: z.string().default(""), continue: z.string().optional() }),
  items: z.array(z.unknown()).nullish(),
});
const Status = z.object({ message: z.string() });
/** A refusal within a watch: a `Status`, or what the client throws. */
const Refused = z.object({ code: z.number().optional(), statusCode: z.number().optional() });
/** The status of a version or a page that the server no longer has. */
export const GONE = 410;

const silent = (what: string, cause: unknown): CliError =>
  new CliError(
    `the cluster does not answer for ${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      cause,
    },
  );

function pathOf({ group, version, plural }: Resource, namespace: string | undefined): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${root}${namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`}/${plural}`;
}

/** A promise with what settles it. */
function settled<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((done, failed) => {
    [resolve, reject] = [done, failed];
  });
  return { promise, resolve, reject };
}

/** Whether no connection was made, unlike one that broke off. */
const isConnectionRefused = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ETIMEDOUT)$/.test(String(error.code));

/** The reason in the `Status` that a server refuses with. */
function reasonIn(body: string): string {
  try {
    return Status.parse(JSON.parse(body)).message;
  } catch {
    return "";
  }
}

/** One GET with the login of the configuration. */
async function get(config: KubeConfig, path: string, accept: string): Promise<unknown> {
  const what = path.replace(/\?.*/, "");
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const url = new URL(`${config.getCurrentCluster()?.server}${path}`);
  const send = url.protocol === "http:" ? overHttp : overHttps;
  const headers = { ...options.headers, accept };
  const { status, wait, body } = await new Promise<{ status: number; wait: string; body: string }>(
    (done, failed) => {
      const sent = send(url, { ...options, headers, timeout: TIMEOUT_MS }, (answer) => {
        const { statusCode: status = 0, headers: told } = answer;
        text(answer).then((body) => done({ status, wait: told["retry-after"] ?? "", body }), failed);
      });
      sent.on("timeout", () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
      sent.on("error", failed);
      sent.end();
    },
  ).catch((error: unknown) => {
    throw silent(what, error);
  });
  if (status !== 200)
    throw new ClusterRefusal(status, what, { reason: reasonIn(body), retryAfterS: Number(wait) || 0 });
  return JSON.parse(body);
}

const once: Attempt = (send) => send();

/** Throws a CliError where no cluster is configured. */
export function clusterOf(access: ClusterAccess): Cluster {
  const config = configured(new KubeConfig(), access);
  const watcher = new Watch(config);

  async function* list(
    resource: Resource,
    { namespace, labelSelector, limit }: ListQuery,
    attempt = once,
  ): AsyncGenerator<ListPage> {
    const path = pathOf(resource, namespace);
    const accept = resource.isMetadata ? METADATA : "application/json";
    const asked = { ...(labelSelector === undefined ? {} : { labelSelector }), limit: String(limit) };
    for (let next: string | undefined = ""; next !== undefined; ) {
      const query = new URLSearchParams({ ...asked, ...(next === "" ? {} : { continue: next }) });
      const page = await attempt(async () => Page.parse(await get(config, `${path}?${query}`, accept)));
      yield { items: page.items ?? [], resourceVersion: page.metadata.resourceVersion };
      // The last page has an empty token, or none.
      next = page.metadata.continue || undefined;
    }
  }

  const watch: Cluster["watch"] = async (resource, { namespace, ...from }, { take, opened }, signal) => {
    const path = pathOf(resource, namespace);
    const ended = settled<WatchEnd>();
    const asked = { ...from, allowWatchBookmarks: true, timeoutSeconds: WATCH_S };
    const onEvent = (type: string, object: unknown) => {
      if (type !== "ERROR") return take(type, object);
      const code = Refused.safeParse(object).data?.code ?? 0;
      if (code === GONE) ended.resolve("gone");
      else ended.reject(new ClusterRefusal(code, path));
    };
    let isOpen = true;
    const onEnd = (error: unknown) => {
      isOpen = false;
      const status = Refused.safeParse(error).data?.statusCode;
      if (status === GONE) ended.resolve("gone");
      else if (status !== undefined) ended.reject(new ClusterRefusal(status, path));
      else if (isConnectionRefused(error)) ended.reject(silent(path, error));
      else ended.resolve("closed");
    };
    const open = await watcher.watch(path, asked, onEvent, onEnd);
    if (isOpen) opened();
    const stop = () => {
      open.abort();
      ended.resolve("closed");
    };
    const guard = setTimeout(stop, WATCH_S * 1000 + WATCH_GRACE_MS);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await ended.promise;
    } finally {
      clearTimeout(guard);
      signal.removeEventListener("abort", stop);
      open.abort();
    }
  };

  return { list, watch };
}
