import { readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { ConfigurationError } from "../functions/runtime/config/secrets.ts";
import { start } from "../functions/runtime/server/server.ts";
import { Environments, Release } from "../schemas/answer.ts";
import { type Event, event, outcomesOf } from "./client.ts";
import { digestOf } from "./ledger/given.ts";
import {
  cleanUp,
  complaintsIn,
  end,
  newFolder,
  type Process,
  startLedger,
  startProcess,
} from "./local/process.ts";

afterAll(cleanUp);
afterEach(() => {
  vi.useRealTimers();
});

const PLACE = { environment: "production", service: "acme/billing" };
const deployed = (id: string, time: string): Event =>
  event("deployment.succeeded", id, time, {
    ...PLACE,
    deployment: { provider: "test", instance: "here", id },
    components: [{ component: "main", digest: digestOf(id) }],
  });

/** A connection whose bytes are written by hand. */
async function connect(address: string): Promise<Socket> {
  const { hostname, port } = new URL(address);
  const socket = dial(Number(port), hostname);
  await new Promise<void>((done, failed) => socket.once("connect", done).once("error", failed));
  socket.on("error", () => undefined);
  return socket;
}

/** Everything that comes over a connection until a text is seen in it, or it ends. */
async function heard(socket: Socket, until: string): Promise<string> {
  let text = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.includes(until)) return text;
  }
  return text;
}

/** Until a ledger takes no further connections. */
async function untilRefused(address: string): Promise<void> {
  for (;;) {
    const socket = await connect(address).catch(() => undefined);
    if (socket === undefined) return;
    socket.destroy();
    await setTimeout(10);
  }
}

const posting = (ledger: Process, body: string): string =>
  [
    "POST /v1/events HTTP/1.1",
    "Host: ledger",
    `Authorization: Bearer ${ledger.token}`,
    "Content-Type: application/cloudevents+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    // Answered as soon as the ledger has read this: from then on the request is on its way.
    "Expect: 100-continue",
    "",
    "",
  ].join("\r\n");

describe("a ledger that is started", () => {
  it("greets in a clone with its address, its token's file and three commands, and ends cleanly on SIGINT", async () => {
    const data = newFolder();
    const ledger = startProcess(
      { ASOF_DATA: data },
      join(import.meta.dirname, "../functions/runtime/server/server.ts"),
    );
    await ledger.listening;
    const { code, stdout, stderr } = await end(ledger, "SIGINT");
    expect({ code, complaints: complaintsIn(stderr) }).toEqual({ code: 0, complaints: [] });
    expect(stdout).toMatch(/^asof listens on http:\/\/127\.0\.0\.1:\d+\n/);
    expect(stdout).toContain(`${join(data, "token")} (role admin)`);
    const commands = stdout.split("\n").filter((line) => /^ {2}(curl|npm) /.test(line));
    expect(commands).toHaveLength(3);
    expect(stdout).not.toContain(readFileSync(join(data, "token"), "utf8").trim());
  });

  it("has a token of the role admin, that nobody else on the machine can read", async () => {
    const data = newFolder();
    const ledger = await startLedger(data);
    expect(statSync(join(data, "token")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(data, "token"), "utf8")).toMatch(/^[\w-]{32}\n$/);
    expect(outcomesOf(await ledger.client.say(deployed("1", "2026-10-01T10:00:00Z")))).toEqual(["recorded"]);
    const { status } = await ledger.client.get("/v1/environments");
    expect(status).toBe(200);
    const retraction = { source: "/test", id: "1", reason: "a test" };
    expect((await ledger.client.post("/v1/retractions", retraction)).status).toBe(201);
    expect((await ledger.client.get("/v1/export", { from: "2026-10-01" })).status).toBe(200);
    await end(ledger, "SIGINT");
  });

  it("finds the data and the token of its last run again, which ended cleanly on SIGTERM", async () => {
    const data = newFolder();
    const first = await startLedger(data);
    await first.client.say(deployed("1", "2026-10-01T10:00:00Z"));
    await end(first, "SIGTERM");
    const second = await startLedger(data);
    expect(second.token).toBe(first.token);
    const { json } = await second.client.get("/v1/release", PLACE);
    expect(Release.parse(json).components[0]?.digest).toBe(digestOf("1"));
    expect(outcomesOf(await second.client.say(deployed("1", "2026-10-01T10:00:00Z")))).toEqual(["duplicate"]);
    const { code, stderr } = await end(second, "SIGTERM");
    expect({ code, complaints: complaintsIn(stderr) }).toEqual({ code: 0, complaints: [] });
  });

  it("takes the tokens it is told, and makes none of its own", async () => {
    const started = startProcess({ ASOF_DATA: newFolder(), ASOF_TOKENS: "reader:dev:a-token-of-a-reader" });
    const address = await started.listening;
    const headers = { authorization: "Bearer a-token-of-a-reader" };
    const answer = await fetch(`${address}/v1/environments`, { headers });
    expect(Environments.parse(await answer.json()).environments).toEqual([]);
    const { stdout } = await end(started, "SIGTERM");
    expect(stdout).toContain("ASOF_TOKENS");
    expect(stdout).not.toContain("a-token-of-a-reader");
  });

  it("starts under a path with a symbolic link in it", async () => {
    const link = join(newFolder(), "asof");
    symlinkSync(join(import.meta.dirname, ".."), link);
    const started = startProcess(
      { ASOF_DATA: newFolder() },
      join(link, "functions/runtime/server/server.ts"),
    );
    await expect(started.listening).resolves.toMatch(/^http/);
    await end(started, "SIGTERM");
  });
});

describe("a ledger that is told to end", () => {
  it("does not wait for a connection that is kept alive", async () => {
    const ledger = await start({ ASOF_PORT: "0", ASOF_DATA: newFolder() });
    const socket = await connect(ledger.address);
    socket.write("GET /healthz HTTP/1.1\r\nHost: ledger\r\nConnection: keep-alive\r\n\r\n");
    expect(await heard(socket, '{"status":"ok"}')).toMatch(/^HTTP\/1.1 200 /);
    // The time after which it breaks everything off never comes.
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    await expect(ledger.stop()).resolves.toBeUndefined();
    socket.destroy();
  });

  it("does not wait for a connection over which nothing was ever asked", async () => {
    const ledger = await startLedger(newFolder());
    const socket = await connect(ledger.address);
    expect((await end(ledger, "SIGTERM")).code).toBe(0);
    socket.destroy();
  });

  it("answers a request that is on its way, and keeps what it acknowledged", async () => {
    const data = newFolder();
    const ledger = await startLedger(data);
    const body = JSON.stringify(deployed("1", "2026-10-01T10:00:00Z"));
    const socket = await connect(ledger.address);
    socket.write(posting(ledger, body) + body.slice(0, 20));
    await heard(socket, "100 Continue");
    const ending = end(ledger, "SIGTERM");
    await untilRefused(ledger.address);
    socket.write(body.slice(20));
    expect(await heard(socket, "}]}")).toMatch(/^HTTP\/1.1 201 [\s\S]*"recorded"/);
    expect((await ending).code).toBe(0);
    socket.destroy();
    const second = await startLedger(data);
    expect(outcomesOf(await second.client.say(deployed("1", "2026-10-01T10:00:00Z")))).toEqual(["duplicate"]);
    await end(second, "SIGTERM");
  });

  it("does not wait for ever for a request whose body never comes", async () => {
    const ledger = await startLedger(newFolder());
    const body = JSON.stringify(deployed("1", "2026-10-01T10:00:00Z"));
    const socket = await connect(ledger.address);
    socket.write(posting(ledger, body) + body.slice(0, 20));
    await heard(socket, "100 Continue");
    expect((await end(ledger, "SIGTERM")).code).toBe(0);
    socket.destroy();
  });
});

/** What a refused start says: one line, and nothing else. */
async function refusal(env: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await startProcess(env).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  const [line = "", ...rest] = stderr.split("\n");
  expect(rest).toEqual([""]);
  return line;
}

/** A port that something else has. */
async function taken(): Promise<{ port: number; other: Server }> {
  const other = createServer();
  await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
  const address = other.address();
  if (address === null || typeof address === "string") throw new Error("has no port");
  return { port: address.port, other };
}

describe("a variable that is wrong", () => {
  const folder = newFolder();
  const file = join(folder, "a-file");
  writeFileSync(file, "no folder, and no JSON");
  writeFileSync(join(folder, "rules.json"), '[{"match":{},"set":{}}]');

  it.each([
    ["ASOF_PORT", "http"],
    ["ASOF_PORT", "65536"],
    ["ASOF_PORT", "-1"],
    ["ASOF_PORT", "80.5"],
    ["ASOF_HOST", ""],
    ["ASOF_HOST", "no-such-host.invalid"],
    ["ASOF_HOST", "203.0.113.7"],
    ["ASOF_DATA", ""],
    ["ASOF_DATA", file],
    ["ASOF_DATA", join(file, "data")],
    ["ASOF_TOKENS", "king:me:a-token-long-enough"],
    ["ASOF_TOKENS", "reader:me:short"],
    ["ASOF_TOKENS", "reader:me:a-token-long-enough:clusters=acme"],
    ["ASOF_WEBHOOK_SECRETS", "github=secret"],
    ["ASOF_WEBHOOK_SECRETS", '{"github":"not a list"}'],
    ["ASOF_RULES", join(folder, "absent.json")],
    ["ASOF_RULES", file],
    ["ASOF_RULES", join(folder, "rules.json")],
  ])("is named: %s = %j", async (variable, value) => {
    const data = join(newFolder(), "data");
    const starting = start({ ASOF_PORT: "0", ASOF_DATA: data, [variable]: value });
    const error = await starting.then(({ stop }) => stop()).catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toMatch(new RegExp(`^Error: ${variable}: `));
    // Whatever was begun is undone: another start finds the folder free.
    const again = await start({ ASOF_PORT: "0", ASOF_DATA: data });
    await again.stop();
  });
});

describe("a ledger that cannot start", () => {
  it("says so where another process has the data, which goes on undisturbed", async () => {
    const data = newFolder();
    const ledger = await startLedger(data);
    const line = await refusal({ ASOF_DATA: data });
    expect(line).toBe(
      `asof: ${data} is in use by another process; stop that one, or set ASOF_DATA to another folder`,
    );
    expect(outcomesOf(await ledger.client.say(deployed("1", "2026-10-01T10:00:00Z")))).toEqual(["recorded"]);
    await end(ledger, "SIGTERM");
  });

  it("names ASOF_PORT where the port is in use", async () => {
    const { port, other } = await taken();
    const line = await refusal({ ASOF_DATA: newFolder(), ASOF_PORT: String(port) });
    expect(line).toMatch(/^asof: ASOF_PORT: .*in use/);
    other.close();
  });

  it("names a variable that is wrong in one line, without a token that it refuses", async () => {
    const line = await refusal({ ASOF_DATA: newFolder(), ASOF_TOKENS: "king:me:a-token-nobody-may-see" });
    expect(line).toMatch(/^asof: ASOF_TOKENS: /);
    expect(line).not.toContain("a-token-nobody-may-see");
  });

  it("names the file of a token that is damaged", async () => {
    const data = newFolder();
    writeFileSync(join(data, "token"), "");
    expect(await refusal({ ASOF_DATA: data })).toContain(join(data, "token"));
  });

  it("ends and names the folder where its data are damaged", async () => {
    const data = newFolder();
    writeFileSync(
      join(data, "ledger.db"),
      "no database at all, and long enough to be read as one".repeat(20),
    );
    const line = await refusal({ ASOF_DATA: data });
    expect(line).toMatch(/^asof: \S+ledger\.db is damaged: .*restore a backup/);
  });
});

it("answers while nobody reads its log", async () => {
  const ledger = await startLedger(newFolder());
  ledger.child.stderr?.pause();
  for (let n = 0; n < 1500; n++) expect((await fetch(`${ledger.address}/healthz`)).status).toBe(200);
  ledger.child.stderr?.resume();
  const { stderr } = await end(ledger, "SIGTERM");
  expect(stderr.split("\n").filter((line) => line.includes('"route":"/healthz"'))).toHaveLength(1500);
});
