/** A world for the command line: its clock and variables in the test's hands, a real ledger behind real HTTP. */
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Io } from "../../cli/io.ts";
import { main } from "../../cli/main.ts";
import { type GivenDoors, givenDoors, NOW, tokenOf } from "../http/given.ts";

/** What a server does with the next request: lets the ledger answer, or says or does something itself. */
export type Weather =
  | "fair"
  /** The ledger takes it, and nobody hears of it. */
  | "breaks off after"
  | "breaks off before"
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

export interface LedgerServer {
  readonly url: string;
  readonly doors: GivenDoors;
  /** What comes for the next requests, one for each; after them it is fair. */
  readonly weather: Weather[];
  /** The authorizations that were sent, one for each request. */
  readonly asked: (string | undefined)[];
  readonly stop: () => Promise<void>;
}

const servers: Server[] = [];
const folders: string[] = [];

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

async function stopped(server: Server): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await new Promise((done) => server.close(done));
}

/** The headers that an endpoint reads, as far as they were sent. */
const passedOn = (headers: IncomingMessage["headers"]): Record<string, string> =>
  Object.fromEntries(
    ["authorization", "content-type", "idempotency-key"].flatMap((name) => {
      const value = headers[name];
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );

/** A ledger in memory that listens on the loopback. */
export async function ledgerServer(doors = givenDoors(), port = 0): Promise<LedgerServer> {
  const weather: Weather[] = [];
  const asked: (string | undefined)[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request);
    asked.push(request.headers.authorization);
    const today = weather.shift() ?? "fair";
    if (typeof today === "object") {
      response.writeHead(today.status, today.headers).end(today.body ?? "");
      return;
    }
    if (today === "breaks off before") {
      request.socket.destroy();
      return;
    }
    const told = await doors.app.request(request.url ?? "/", {
      method: request.method ?? "GET",
      headers: passedOn(request.headers),
      ...(body === "" ? {} : { body }),
    });
    if (today === "breaks off after") {
      request.socket.destroy();
      return;
    }
    response
      .writeHead(told.status, Object.fromEntries(told.headers))
      .end(Buffer.from(await told.arrayBuffer()));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(new Error(String(error))));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("has no port");
  const url = `http://127.0.0.1:${address.port}`;
  return { url, doors, weather, asked, stop: () => stopped(server) };
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "asof-cli-"));
  folders.push(folder);
  return folder;
}

export async function cleanUp(): Promise<void> {
  for (const server of servers.splice(0)) await stopped(server);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export type Env = Readonly<Record<string, string>>;

/** What may be otherwise than in a pipeline: somebody at the terminal, and their Ctrl-C. */
export type Person = Partial<
  Pick<Io, "browse" | "columns" | "folder" | "confirm" | "interrupted" | "isAttended" | "out" | "err">
>;

/** Runs a command line in this process, at the ledger's NOW. */
export async function asof(
  args: readonly string[],
  env: Env = {},
  now = NOW,
  person: Person = {},
): Promise<Ended> {
  const out: string[] = [];
  const err: string[] = [];
  let code = 0;
  await main(args, {
    env: { HOME: "/nonexistent", ASOF_TOKEN: tokenOf("writer"), ...env },
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    now: () => new Date(now),
    waitMs: 1,
    isAttended: false,
    interrupted: () => new AbortController().signal,
    ...person,
    end: (given) => {
      code = given;
    },
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

/** The lines of a file; none where there is no file. */
export const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
