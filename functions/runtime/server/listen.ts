/** Listening on a port, and stopping without dropping requests in progress. */
import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { Configuration } from "../config/environment.ts";
import { ConfigurationError } from "../config/secrets.ts";
import { answerUnreadable, unreadable } from "./unreadable.ts";

/** How long a stop waits for requests in progress, such as an endless upload, before it closes their connections. */
const GRACE_MS = 3000;

/** Messages for errors of the system when it cannot listen, by error code. */
const LISTEN_ERRORS: ReadonlyMap<unknown, string> = new Map([
  ["EADDRINUSE", "ASOF_PORT: the port is in use; set ASOF_PORT to another one"],
  ["EACCES", "ASOF_PORT: no permission to open the port; set ASOF_PORT to one above 1023"],
  ["EADDRNOTAVAIL", "ASOF_HOST: must be an address of this machine"],
  ["ENOTFOUND", "ASOF_HOST: must be an address or a known host name"],
  ["EAI_AGAIN", "ASOF_HOST: must be an address; as a host name it cannot be resolved now"],
]);

export function listen(
  app: Hono,
  { host: hostname, port }: Pick<Configuration, "host" | "port">,
): Promise<{ server: Server; port: number }> {
  return new Promise((done, failed) => {
    const server = createServer(getRequestListener(app.fetch, { hostname, errorHandler: unreadable }));
    answerUnreadable(server);
    server.listen(port, hostname, () => {
      const address = server.address();
      done({ server, port: typeof address === "object" && address !== null ? address.port : port });
    });
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = LISTEN_ERRORS.get(cause.code);
      failed(why === undefined ? cause : new ConfigurationError(why, { cause }));
    });
  });
}

/** Stops accepting requests, and waits for those in progress. */
export async function close(server: Server): Promise<void> {
  const idle = () => server.closeIdleConnections();
  const all = () => server.closeAllConnections();
  const closed = new Promise<void>((done) => server.close(() => done()));
  // A keep-alive connection becomes idle only after its answer, so idle ones have to be closed repeatedly.
  const idling = setInterval(idle, 50);
  const grace = setTimeout(all, GRACE_MS);
  await closed;
  clearInterval(idling);
  clearTimeout(grace);
}
