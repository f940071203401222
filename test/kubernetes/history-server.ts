/**
 * An API server that lists objects: in pages, by label, with refusals. Objects of Kubernetes' own groups are checked
 * against its OpenAPI description, which the official client carries as types.
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import * as client from "@kubernetes/client-node";
import { expect } from "vitest";
import * as z from "zod";

const Attributes = z.array(z.object({ name: z.string(), baseName: z.string(), type: z.string() }));

const types: Readonly<Record<string, unknown>> = client;

/** The fields of a type, as the description has them; undefined for what it leaves open. */
function attributesOf(type: string) {
  const described = types[type];
  if (typeof described !== "function" || !("getAttributeTypeMap" in described)) return undefined;
  const { getAttributeTypeMap: map } = described;
  return typeof map === "function" ? Attributes.parse(map.call(described)) : undefined;
}

const Fields = z.record(z.string(), z.unknown());

function checkFields(value: unknown, type: string, path: string): void {
  const attributes = attributesOf(type);
  if (attributes === undefined) return;
  for (const [key, one] of Object.entries(Fields.parse(value))) {
    const attribute = attributes.find(({ baseName }) => baseName === key);
    if (attribute === undefined) throw new Error(`${path}.${key}: Kubernetes describes no such field`);
    check(one, attribute.type, `${path}.${key}`);
  }
}

/** Throws where the description of a type has no such field, or one of another type. */
function check(value: unknown, type: string, path: string): void {
  const [, element, mapped] = /^(?:Array<(.*)>|\{ \[key: string\]: (.*); \})$/.exec(type) ?? [];
  if (element !== undefined)
    for (const [n, one] of z.array(z.unknown()).parse(value).entries()) check(one, element, `${path}.${n}`);
  else if (mapped !== undefined)
    for (const [key, one] of Object.entries(Fields.parse(value))) check(one, mapped, `${path}.${key}`);
  else if (type === "Date")
    expect(z.iso.datetime().safeParse(value).success, `${path}: must be a time`).toBe(true);
  else if (["string", "number", "boolean"].includes(type)) expect(typeof value, path).toBe(type);
  else checkFields(value, type, path);
}

/** Kubernetes' own kinds, by their address. */
const KINDS: Readonly<Record<string, string>> = {
  "/api/v1/secrets": "V1Secret",
  "/api/v1/configmaps": "V1ConfigMap",
  "/apis/apps/v1/deployments": "V1Deployment",
  "/apis/apps/v1/replicasets": "V1ReplicaSet",
  "/apis/apps/v1/controllerrevisions": "V1ControllerRevision",
};

const Labelled = z.looseObject({
  metadata: z.looseObject({ namespace: z.string(), labels: z.record(z.string(), z.string()).optional() }),
});

export interface ApiServer {
  /** A kubeconfig of it, with the contexts `here` and `stranger`. */
  readonly kubeconfig: string;
  /** The addresses that were asked for. */
  readonly asked: string[];
  /** What is answered to the next requests, before it lists. */
  readonly early: { readonly status: number; readonly headers?: Record<string, string> }[];
  readonly stop: () => Promise<void>;
}

/** @param page the most objects in a page, whatever the client asks for */
export async function apiServer(
  folder: string,
  /** By address, like `/apis/apps/v1/replicasets`. */
  lists: Readonly<Record<string, readonly object[]>>,
  { page = 2, forbidden = [] }: { page?: number; forbidden?: readonly string[] } = {},
): Promise<ApiServer> {
  for (const [path, objects] of Object.entries(lists))
    for (const one of objects) check(one, KINDS[path] ?? "any", path);
  const asked: string[] = [];
  const early: { status: number; headers?: Record<string, string> }[] = [];

  function answerTo(url: URL): { status: number; body: object } {
    const [, start, namespace, plural] = /^(.*)\/namespaces\/([^/]+)\/([^/]+)$/.exec(url.pathname) ?? [];
    const path = start === undefined ? url.pathname : `${start}/${plural}`;
    if (forbidden.includes(path))
      return { status: 403, body: { kind: "Status", code: 403, message: "forbidden" } };
    const objects = lists[path] ?? (path in KINDS ? [] : undefined);
    if (objects === undefined)
      return { status: 404, body: { kind: "Status", code: 404, message: "not found" } };
    const [label, wanted] = (url.searchParams.get("labelSelector") ?? "").split("=");
    const fitting = objects.filter((one) => {
      const { metadata } = Labelled.parse(one);
      const isThere = namespace === undefined || metadata.namespace === namespace;
      return isThere && (wanted === undefined || metadata.labels?.[label ?? ""] === wanted);
    });
    const from = Number(url.searchParams.get("continue") ?? 0);
    const to = from + Math.min(page, Number(url.searchParams.get("limit") ?? page));
    const more = to < fitting.length ? { continue: String(to), remainingItemCount: fitting.length - to } : {};
    return {
      status: 200,
      body: {
        apiVersion: "v1",
        kind: "List",
        metadata: { resourceVersion: "7", ...more },
        items: fitting.slice(from, to),
      },
    };
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://cluster");
    asked.push(request.url ?? "/");
    const fault = early.shift();
    const isKnown = request.headers.authorization === "Bearer cluster-token";
    const { status, body } =
      fault !== undefined
        ? { status: fault.status, body: { kind: "Status", code: fault.status, message: "not now" } }
        : isKnown
          ? answerTo(url)
          : { status: 401, body: { kind: "Status", code: 401, message: "Unauthorized" } };
    response
      .writeHead(status, { "content-type": "application/json", ...fault?.headers })
      .end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("has no port");
  const context = (name: string, user: string) => ({ name, context: { cluster: "c", user } });
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "c",
          cluster: { server: `http://127.0.0.1:${address.port}`, "insecure-skip-tls-verify": true },
        },
      ],
      users: [
        { name: "u", user: { token: "cluster-token" } },
        { name: "stranger", user: { token: "another" } },
      ],
      contexts: [context("here", "u"), context("stranger", "stranger")],
      "current-context": "here",
    }),
  );
  return {
    kubeconfig,
    asked,
    early,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
