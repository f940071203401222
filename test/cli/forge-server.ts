/** Servers of a forge's API for imports: a list is given one element a page. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";

const servers: Server[] = [];

export async function closeForges(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

export interface ForgeAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly json: unknown;
}

/** @param answer to a request of this path; a list is its pages. Returns the server's address. */
export async function forgeServer(
  answer: (path: string, headers: IncomingHttpHeaders) => ForgeAnswer,
): Promise<string> {
  const server = createServer(({ url = "/", headers: asked }, response) => {
    const { pathname, searchParams, origin } = new URL(url, `http://${asked.host}`);
    const { status = 200, headers, json } = answer(decodeURIComponent(pathname), asked);
    const page = Number(searchParams.get("page") ?? 1);
    const isLast = !Array.isArray(json) || page >= json.length;
    searchParams.set("page", String(page + 1));
    const link = `<${origin}${pathname}?${searchParams}>; rel="next"`;
    response.writeHead(status, {
      "content-type": "application/json",
      ...(isLast ? {} : { link, "x-next-page": String(page + 1) }),
      ...headers,
    });
    response.end(JSON.stringify(Array.isArray(json) ? json.slice(page - 1, page) : json));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("has no port");
  return `http://127.0.0.1:${address.port}`;
}
