/** Registries of a test: real servers that speak the distribution specification, and misbehave as they are told. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

export const sha256 = (bytes: string): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** What is answered to one request; undefined: the connection is broken off. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

export interface Serving {
  readonly host: string;
  readonly seen: Seen[];
}

const servers: Server[] = [];

export async function cleanUp(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

function write(response: ServerResponse, { status = 200, headers = {}, body = "" }: Reply, method: string) {
  response.writeHead(status, headers);
  response.end(method === "HEAD" ? undefined : body);
}

type Replying = (seen: Seen, host: string) => Reply | undefined | Promise<Reply | undefined>;

/** Starts a server on a free port of the loopback. */
export async function serving(reply: Replying): Promise<Serving> {
  const seen: Seen[] = [];
  let host = "";
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const { method = "", url: path = "", headers } = request;
    const one = { method, path, authorization: headers.authorization };
    seen.push(one);
    const given = await reply(one, host);
    if (given === undefined) request.socket.destroy();
    else write(response, given, method);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("has no port");
  host = `127.0.0.1:${address.port}`;
  return { host, seen };
}
