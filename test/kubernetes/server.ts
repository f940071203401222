/**
 * A small API server of Kubernetes: lists by pages, watches with bookmarks, 410 Gone and connections that break off.
 * Format: kubernetes.io, "Kubernetes API Concepts".
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";

export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
  };
}
interface Event {
  readonly version: number;
  readonly type: string;
  readonly object: ApiObject;
}
interface Watcher {
  readonly path: string;
  readonly response: ServerResponse;
}

export interface ApiServer {
  readonly url: string;
  /** Requests so far: path with query, and what the client accepts. */
  readonly asked: { readonly path: string; readonly accept: string }[];
  readonly put: (path: string, ...objects: readonly ApiObject[]) => void;
  readonly drop: (path: string, uid: string) => void;
  /** Tells all watches how far they are. */
  readonly bookmark: () => void;
  /** Forgets all events so far: who continues from before is gone. */
  readonly compact: () => void;
  /** Breaks off all watches. */
  readonly reset: () => void;
  /** Ends all watches in good order, as after their time. */
  readonly end: () => void;
  /** Watches that are open. */
  readonly watches: () => number;
  /** Refuses a path with a status from now on; `undefined`: no longer. */
  readonly refuse: (path: string, status: number | undefined) => void;
  /** Lets the pages of a list expire, once for each call. */
  readonly expirePages: () => void;
  readonly kubeconfig: (folder: string) => string;
  readonly stop: () => Promise<void>;
}

/** What a cluster without Argo and Istio has. */
const CORE = [
  "/api/v1/pods",
  "/api/v1/services",
  "/api/v1/configmaps",
  "/api/v1/secrets",
  ...["deployments", "replicasets", "statefulsets", "daemonsets"].map((one) => `/apis/apps/v1/${one}`),
  ...["jobs", "cronjobs"].map((one) => `/apis/batch/v1/${one}`),
];
const GONE = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Expired", code: 410 };

const servers: Server[] = [];

export async function apiServer(more: readonly string[] = []): Promise<ApiServer> {
  const kinds = new Map([...CORE, ...more].map((path) => [path, new Map<string, ApiObject>()]));
  const [events, watchers, refused] = [
    new Map<string, Event[]>(),
    new Set<Watcher>(),
    new Map<string, number>(),
  ];
  const asked: ApiServer["asked"] = [];
  let [version, forgotten, expired] = [100, 0, 0];

  const versioned = (object: ApiObject): ApiObject => ({
    ...object,
    metadata: {
      ...object.metadata,
      resourceVersion: String(version),
      creationTimestamp: "2026-11-01T09:00:00Z",
      ...object.metadata,
    },
  });
  function tell(path: string, type: string, object: ApiObject): void {
    const event = { version, type, object };
    events.set(path, [...(events.get(path) ?? []), event]);
    for (const one of watchers)
      if (one.path === path) one.response.write(`${JSON.stringify({ type, object })}\n`);
  }
  function list(path: string, query: URLSearchParams, accept: string, response: ServerResponse): void {
    const all = [...(kinds.get(path)?.values() ?? [])];
    const from = Number(query.get("continue") ?? 0);
    if (from > 0 && expired > 0) {
      expired -= 1;
      response.writeHead(410).end(JSON.stringify(GONE));
      return;
    }
    const to = from + Number(query.get("limit") ?? all.length);
    const isMetadata = accept.includes("PartialObjectMetadata");
    const items = all.slice(from, to).map((one) => (isMetadata ? { metadata: one.metadata } : one));
    const metadata = {
      resourceVersion: String(version),
      ...(to < all.length ? { continue: String(to) } : {}),
    };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ kind: "List", metadata, items }));
  }
  function watch(path: string, query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get("resourceVersion"));
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (from < forgotten) {
      response.end(`${JSON.stringify({ type: "ERROR", object: GONE })}\n`);
      return;
    }
    const watcher = { path, response };
    watchers.add(watcher);
    response.on("close", () => watchers.delete(watcher));
    for (const { version: at, type, object } of events.get(path) ?? [])
      if (at > from) response.write(`${JSON.stringify({ type, object })}\n`);
  }
  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://api");
    const accept = request.headers.accept ?? "";
    asked.push({ path: request.url ?? "", accept });
    const status = refused.get(url.pathname) ?? (kinds.has(url.pathname) ? 200 : 404);
    if (status !== 200) response.writeHead(status).end(JSON.stringify({ kind: "Status", code: status }));
    else if (url.searchParams.get("watch") === "true") watch(url.pathname, url.searchParams, response);
    else list(url.pathname, url.searchParams, accept, response);
  }

  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("has no port");
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    asked,
    put(path, ...objects) {
      const kind = kinds.get(path);
      if (kind === undefined) throw new Error(`no such kind: ${path}`);
      for (const object of objects) {
        version += 1;
        const isKnown = kind.has(object.metadata.uid);
        const stored = versioned(object);
        kind.set(object.metadata.uid, stored);
        tell(path, isKnown ? "MODIFIED" : "ADDED", stored);
      }
    },
    drop(path, uid) {
      const found = kinds.get(path)?.get(uid);
      if (found === undefined) throw new Error(`no such object: ${uid}`);
      version += 1;
      kinds.get(path)?.delete(uid);
      tell(
        path,
        "DELETED",
        versioned({
          ...found,
          metadata: { name: found.metadata.name, namespace: found.metadata.namespace, uid },
        }),
      );
    },
    bookmark() {
      const object = { metadata: { resourceVersion: String(version) } };
      for (const { response } of watchers)
        response.write(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
    },
    compact() {
      version += 1;
      forgotten = version;
      events.clear();
    },
    reset() {
      for (const { response } of watchers) response.destroy();
    },
    end() {
      for (const { response } of watchers) response.end();
    },
    watches: () => watchers.size,
    refuse: (path, status) => (status === undefined ? refused.delete(path) : refused.set(path, status)),
    expirePages() {
      expired += 1;
    },
    kubeconfig(folder) {
      const file = join(folder, "kubeconfig.json");
      const named = { name: "test" };
      writeFileSync(
        file,
        JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          clusters: [{ ...named, cluster: { server: url, "insecure-skip-tls-verify": true } }],
          users: [{ ...named, user: { token: "secret-of-the-cluster" } }],
          contexts: [{ ...named, context: { cluster: "test", user: "test" } }],
          "current-context": "test",
        }),
      );
      return file;
    },
    stop: () => stopped(server),
  };
}

async function stopped(server: Server): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await new Promise((done) => server.close(done));
}

export async function stopApiServers(): Promise<void> {
  for (const server of servers.splice(0)) await stopped(server);
}
