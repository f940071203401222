/** Somebody to whom redeployments are sent: a real server that keeps what it was sent, and answers as it is told. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import * as z from "zod";

export interface Received {
  readonly method: string;
  /** As it came, percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Receiver {
  readonly address: string;
  readonly host: string;
  readonly received: readonly Received[];
  readonly stop: () => Promise<void>;
}

/** How one request is answered. */
export type Reply = {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

/**
 * @param replies one for each request; the last one for all that follow
 * @param port its own, where it is not to be just any
 */
export async function receiver(replies: readonly (Reply | "nothing")[], port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const reply = replies[Math.min(received.length, replies.length - 1)];
    received.push({
      method: request.method ?? "",
      path: request.url ?? "",
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      body: Buffer.concat(pieces).toString("utf8"),
    });
    if (reply !== undefined && reply !== "nothing")
      response.writeHead(reply.status, reply.headers).end(reply.body);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address: AddressInfo | string | null = server.address();
  const host = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  return {
    address: `http://${host}`,
    host,
    received,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

const Signed = z.strictObject({
  type: z.literal("redeployment.requested"),
  timestamp: z.iso.datetime(),
  data: z.strictObject({ redeployment: z.looseObject({ id: z.string() }), plan: z.looseObject({}) }),
});

/** What a webhook says, once `standardwebhooks` has verified it. Throws where its signature is not of this secret. */
export const verified = ({ body, headers }: Received, secret: string) =>
  Signed.parse(new Webhook(secret).verify(body, { ...headers }));

/* What vendors publish of their APIs */

const JsonSchema = z.custom<z.core.JSONSchema.JSONSchema>(
  (value) => z.looseObject({}).safeParse(value).success,
);
const Operation = z.strictObject({
  path: z.string(),
  method: z.string(),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.literal("path") })),
  requestBody: z.object({ content: z.object({ "application/json": z.object({ schema: JsonSchema }) }) }),
});

/**
 * Throws where a request is none of an operation, as its vendor describes it in `golden/api`; also where its body has
 * a member that is not described. Answers the parameters of the path.
 */
export function parametersOf(
  name: string,
  { method, path, headers, body }: Received,
): Record<string, string> {
  const file = join(import.meta.dirname, "../golden/api", `${name}.json`);
  const operation = Operation.parse(JSON.parse(readFileSync(file, "utf8")));
  const { schema } = operation.requestBody.content["application/json"];
  const pattern = operation.path.replaceAll(/[.]/g, "\\.").replaceAll(/\{(\w+)\}/g, "(?<$1>[^/?]+)");
  const found = new RegExp(`^${pattern}$`).exec(path);
  if (method.toLowerCase() !== operation.method || found === null)
    throw new Error(`${method} ${path} is not ${name}`);
  if (headers["content-type"] !== "application/json") throw new Error("is no JSON");
  const said = z.record(z.string(), z.unknown()).parse(JSON.parse(body));
  z.fromJSONSchema(schema).parse(said);
  const unknown = Object.keys(said).filter((key) => !(key in (schema.properties ?? {})));
  if (unknown.length > 0) throw new Error(`${name} has no ${unknown.join(", ")}`);
  return Object.fromEntries(operation.parameters.map((one) => [one.name, found.groups?.[one.name] ?? ""]));
}
