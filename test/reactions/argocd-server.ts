/** Argo CD's API of one application: takes what its published description allows, and refuses what Argo CD refuses. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as z from "zod";
import { parametersOf, type Received } from "./receiving.ts";

interface Application {
  metadata: { name: string; annotations?: Record<string, string> };
  spec: { syncPolicy?: { automated?: object } };
  operation?: object;
  status: {
    health: { status: string; message?: string };
    operationState?: object;
    history: object[];
  };
}

const Json = z.record(z.string(), z.unknown());

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  const given = Json.safeParse(patch);
  if (!given.success) return patch;
  const own = { ...Json.safeParse(target).data };
  for (const [key, value] of Object.entries(given.data)) {
    if (value === null) delete own[key];
    else own[key] = merged(own[key], value);
  }
  return own;
}

export interface ArgoServer {
  readonly address: string;
  readonly host: string;
  readonly application: Application;
  /** What it was asked for, beside reading. */
  readonly asked: { readonly verb: string; readonly body: Record<string, unknown> }[];
  readonly authorizations: (string | undefined)[];
  /** What the next request that changes something is answered. */
  readonly refusals: { status: number; headers?: Record<string, string>; body?: string }[];
  /** The newest operation gets on. */
  readonly operate: (phase: string, more?: object) => void;
  readonly stop: () => Promise<void>;
}

const Patch = z.object({ patch: z.string(), patchType: z.literal("merge") });
const Sync = z.looseObject({ revision: z.string().optional(), revisions: z.array(z.string()).optional() });

export async function argoServer(automated?: object): Promise<ArgoServer> {
  const application: Application = {
    metadata: { name: "billing" },
    spec: { syncPolicy: automated === undefined ? {} : { automated } },
    status: {
      health: { status: "Healthy" },
      operationState: {
        phase: "Succeeded",
        startedAt: "2026-11-20T09:00:00Z",
        finishedAt: "2026-11-20T09:01:00Z",
        operation: { sync: { revision: "f".repeat(40) } },
      },
      history: [
        { id: 3, deployStartedAt: "2026-11-10T09:00:00Z", revision: "a".repeat(40) },
        { id: 4, deployStartedAt: "2026-11-20T09:00:00Z", revision: "f".repeat(40) },
      ],
    },
  };
  const asked: ArgoServer["asked"] = [];
  const authorizations: ArgoServer["authorizations"] = [];
  const refusals: ArgoServer["refusals"] = [];

  function change(one: Received, body: Record<string, unknown>): void {
    if (one.method === "PATCH") {
      expectDescribed("argocd.patch-application", one);
      Object.assign(application, merged(application, JSON.parse(Patch.parse(body).patch)));
      return;
    }
    if (application.spec.syncPolicy?.automated !== undefined) throw new Error("auto-sync is enabled");
    const isSync = one.path.endsWith("/sync");
    expectDescribed(isSync ? "argocd.sync-application" : "argocd.rollback-application", one);
    const entry = application.status.history.find((other) => "id" in other && other.id === body.id);
    application.operation = { sync: isSync ? Sync.parse(body) : entry };
  }

  /** What a request is answered: the status, the body, and headers. */
  function answerTo(
    one: Received,
  ): readonly [number, string | object, (Record<string, string> | undefined)?] {
    if (one.path.split("/")[4] !== "billing") return [404, { code: 5, message: "not found" }];
    if (one.method === "GET") return [200, application];
    const body = Json.parse(JSON.parse(one.body));
    asked.push({ verb: one.method === "PATCH" ? "patch" : (one.path.split("/")[5] ?? ""), body });
    const { status, headers, body: said = "" } = refusals.shift() ?? { status: 0 };
    if (status !== 0) return [status, said, headers];
    try {
      change(one, body);
      return [200, application];
    } catch (error) {
      return [400, { code: 9, message: error instanceof Error ? error.message : String(error) }];
    }
  }

  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const { method = "", url = "" } = request;
    authorizations.push(request.headers.authorization);
    const [status, body, headers = {}] = answerTo({
      ...{ method, path: url.replace(/\?.*/, ""), body: Buffer.concat(pieces).toString("utf8") },
      headers: { "content-type": String(request.headers["content-type"]) },
    });
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const listening: AddressInfo | string | null = server.address();
  const host = `127.0.0.1:${typeof listening === "object" ? listening?.port : ""}`;
  return {
    ...{ address: `http://${host}`, host, application, asked, authorizations, refusals },
    operate: (phase, more = {}) => {
      const { operation = {} } = application;
      const before = Json.parse(application.status.operationState ?? {});
      const isNew = application.operation !== undefined;
      delete application.operation;
      const started = isNew ? { startedAt: "2026-11-22T09:00:10Z", operation } : before;
      application.status.operationState = { ...started, phase, ...more };
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

function expectDescribed(name: string, one: Received): void {
  if (parametersOf(name, one).name !== "billing") throw new Error("is of another application");
}
