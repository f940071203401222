/**
 * The services of AWS that a function calls, on one address. The table is a real engine behind it; of the others
 * there is just what the functions use, and every call is written down. Calls can be made to fail.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import * as z from "zod";
import { type RemoteEngine, startRemoteEngine } from "../bench/engine.ts";

export interface Call {
  readonly target: string;
  readonly body: unknown;
}

export interface Services {
  readonly endpoint: string;
  readonly engine: RemoteEngine;
  /** The bodies of calls so far, but those of the table. */
  readonly calls: (target: string) => unknown[];
  /** What the secret holds from now on. */
  secret: { tokens: string; webhookSecrets: Record<string, string[]>; registries?: object };
  /** Which calls fail from now on, by their target and body. */
  failing: (target: string, body: string) => boolean;
  /** The events that the bus does not take from now on. */
  refusing: (detail: string) => boolean;
  readonly stop: () => Promise<void>;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

/** Hands a call on to the engine, whatever it is. */
async function ofEngine({ endpoint }: RemoteEngine, { headers }: IncomingMessage, body: string) {
  const passed = ["x-amz-target", "x-amz-date", "authorization", "content-type"].flatMap((name) => {
    const value = headers[name];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  const answer = await fetch(endpoint, { method: "POST", headers: passed.map(([a, b]) => [a, b]), body });
  return { status: answer.status, body: await answer.text() };
}

const Message = z.object({ MessageBody: z.string() });
const Entries = z.object({ Entries: z.array(z.object({ Detail: z.string() })) });

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

function answerOf(services: Services, target: string, body: unknown): object {
  switch (target) {
    case "secretsmanager.GetSecretValue":
      return { Name: "asof", SecretString: JSON.stringify(services.secret) };
    case "AmazonSQS.SendMessage":
      // The client compares this with what it sent.
      return { MessageId: "1", MD5OfMessageBody: md5(Message.parse(body).MessageBody) };
    case "AWSEvents.PutEvents": {
      const refused = Entries.parse(body).Entries.map(({ Detail }) => services.refusing(Detail));
      return {
        FailedEntryCount: refused.filter(Boolean).length,
        Entries: refused.map((is, n) =>
          is ? { ErrorCode: "InternalFailure", ErrorMessage: "try again" } : { EventId: String(n) },
        ),
      };
    }
    default:
      throw new Error(`no function calls ${target}`);
  }
}

export async function startServices(folder: string): Promise<Services> {
  const engine = await startRemoteEngine(folder);
  const calls: Call[] = [];
  const answer = async (request: IncomingMessage): Promise<{ status: number; body: string }> => {
    // S3 has no header for it: there it is the method.
    const target = String(request.headers["x-amz-target"] ?? `S3.${request.method}`);
    const text = await textOf(request);
    const isOfTable = target.startsWith("DynamoDB_20120810.");
    if (!isOfTable) calls.push({ target, body: JSON.parse(text) });
    if (services.failing(target, text)) {
      return {
        status: 500,
        body: JSON.stringify({ __type: "InternalServerError", message: "told to fail" }),
      };
    }
    if (isOfTable) return ofEngine(engine, request, text);
    if (target.startsWith("S3.")) return { status: 200, body: "" };
    return { status: 200, body: JSON.stringify(answerOf(services, target, JSON.parse(text))) };
  };
  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, body }) => {
        response.writeHead(status, { "content-type": "application/x-amz-json-1.0" });
        response.end(body);
      },
      (error: unknown) => {
        console.error(error);
        response.writeHead(501).end();
      },
    );
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const services: Services = {
    endpoint: `http://127.0.0.1:${port}`,
    engine,
    calls: (target) => calls.filter((call) => call.target === target).map(({ body }) => body),
    secret: { tokens: "", webhookSecrets: {} },
    failing: () => false,
    refusing: () => false,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
      await engine.stop();
    },
  };
  return services;
}
