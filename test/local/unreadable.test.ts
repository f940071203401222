/** What is no request at all gets a problem, too, or a closed connection, and never an answer without a body. */
import { once } from "node:events";
import type { Server } from "node:http";
import { connect, type Socket } from "node:net";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import { problemOf } from "../../functions/http/problem.ts";
import { textOf } from "../../functions/http/request.ts";
import { close, listen } from "../../functions/runtime/server/listen.ts";

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map(close));
});

/** A server whose one endpoint answers with the length of the body; `errors` are those of its endpoints. */
async function given() {
  const errors: number[] = [];
  const app = new Hono();
  app.post("/", async (c) => c.json({ length: (await textOf(c)).length }));
  app.get("/endless", (c) =>
    c.body(
      new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("begun")) }),
    ),
  );
  app.onError((error) => {
    const answer = problemOf(error);
    errors.push(answer.status);
    return answer;
  });
  const { server, port } = await listen(app, { host: "127.0.0.1", port: 0 });
  servers.push(server);
  const opened = once(server, "connection");
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  const [accepted] = await opened;
  return { server, socket, accepted, errors };
}

/** All that a server sends until it closes the connection. */
async function received(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await once(socket, "close");
  return text;
}

const asProblem = (text: string): unknown => {
  const [head = "", body = ""] = text.split("\r\n\r\n");
  expect(head.toLowerCase()).toContain("content-type: application/problem+json");
  return JSON.parse(body);
};

const timeout = () => Object.assign(new Error("Request timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });

describe("what is no request", () => {
  it.each([
    ["bytes that are not HTTP", "hello\r\n\r\n", { status: 400, type: "urn:asof:problem:malformed" }],
    [
      "headers that are too large",
      `GET / HTTP/1.1\r\nHost: x\r\nx: ${"x".repeat(20_000)}\r\n\r\n`,
      { status: 431, type: "urn:asof:problem:headers-too-large" },
    ],
    [
      "a Host that is none",
      "GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
      { status: 400, detail: expect.stringContaining("the header Host") },
    ],
  ])("is answered with a problem: %s", async (_, sent, expected) => {
    const { socket } = await given();
    socket.write(sent);
    expect(asProblem(await received(socket))).toMatchObject(expected);
  });

  it("is answered with a problem: a body that does not arrive in time, whose endpoint does not fail", async () => {
    const { server, socket, accepted, errors } = await given();
    const begun = once(server, "request");
    socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
    await begun;
    server.emit("clientError", timeout(), accepted);
    expect(asProblem(await received(socket))).toMatchObject({
      status: 408,
      type: "urn:asof:problem:too-slow",
      instance: expect.stringMatching(/^urn:asof:request:/),
    });
    await expect.poll(() => errors).toEqual([400]);
  });

  it("is not answered where nothing was sent: the next request on the connection would take the answer for its own", async () => {
    const { server, socket, accepted } = await given();
    server.emit("clientError", timeout(), accepted);
    expect(await received(socket)).toBe("");
  });

  it("is not answered into an answer that has begun", async () => {
    const { server, socket, accepted } = await given();
    const all = received(socket);
    socket.write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "data");
    server.emit("clientError", timeout(), accepted);
    expect(await all).not.toContain("problem");
  });
});

it("answers a request that expects what no server does as one without it", async () => {
  const { socket } = await given();
  socket.write(
    "POST / HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
  );
  expect(await received(socket)).toContain('{"length":2}');
});
