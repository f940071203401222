/**
 * Answers to what reaches no endpoint: bytes that are not HTTP, headers that are too large, requests that do not arrive in
 * time. By themselves, Node and the HTTP adapter answer these without a body.
 */
import { randomUUID } from "node:crypto";
import { type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { Socket } from "node:net";
import { RequestError } from "@hono/node-server";
import { problem, problemOf, withInstance } from "../../http/problem.ts";
import { log } from "./log.ts";

/** The problem of an error of Node's HTTP parser, by the error's code. */
function problemOfParser(code: string | undefined): Response {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return problem("too slow", "The request did not arrive whole in time. Sending it again is safe.");
    case "HPE_HEADER_OVERFLOW":
      return problem("headers too large", "The headers are longer than 16 KiB together. Send shorter ones.");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return problem("too large", "The extensions of a chunk are too long. Send the body without them.");
    default:
      return problem("malformed", "The request is not HTTP/1.1. Check the client, and any proxy in between.");
  }
}

/** The answer to an error outside of the endpoints: a path or a Host that is no part of an address. */
export function unreadable(error: unknown): Response {
  if (error instanceof RequestError)
    return problem(
      "malformed",
      `${error.message}: the path and the header Host must be those of an address.`,
    );
  const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
  log.error(message, { name });
  return problemOf(error);
}

/** An answer as HTTP/1.1 writes it, at the end of its connection. */
async function bytesOf(answer: Response): Promise<string> {
  const { status, headers } = answer;
  const body = await answer.text();
  const lines = [...headers, ["content-length", String(Buffer.byteLength(body))], ["connection", "close"]];
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/** Makes a server answer with problems where Node would answer without a body. */
export function answerUnreadable(server: Server): void {
  const answering = new WeakMap<Socket, ServerResponse>();
  server.prependListener("request", ({ socket }, response) => answering.set(socket, response));
  // Any other expectation than 100-continue has no meaning here: the request is answered as one without it.
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const response = socket instanceof Socket ? answering.get(socket) : undefined;
    const isAnswered = response?.headersSent === true && !response.writableFinished;
    // A connection on which nothing was sent is closed in silence: a client that sends its request at this moment would take
    // an answer for the one to that request.
    const isSilent = socket instanceof Socket && socket.bytesRead === 0;
    if (isAnswered || isSilent || !socket.writable || error.code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    void withInstance(problemOfParser(error.code), randomUUID())
      .then(bytesOf)
      .then((bytes) => socket.end(bytes, () => socket.destroy()))
      .catch(() => socket.destroy());
  });
}
