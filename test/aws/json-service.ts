/**
 * A service of AWS that speaks JSON 1.1, on an address of its own. What it is asked, and what it answers, is checked
 * against AWS's description of the operation, which the SDK's client carries as schemas.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import * as z from "zod";

/** A schema of the SDK: a number for a simple type, a function that gives one, or a tuple that begins with its kind. */
type Schema = unknown;
const [LIST, MAP, STRUCTURE, OPERATION] = [1, 2, 3, 9];
const [STRING, NUMBER, BOOLEAN, TIMESTAMP] = [0, 1, 2, 4];
const [LIST_OF, MAP_OF] = [64, 128];

const tuple = z.array(z.unknown());

const resolved = (schema: Schema): Schema => (typeof schema === "function" ? resolved(schema()) : schema);

function simple(kind: number, value: unknown, path: string): unknown {
  if (kind >= MAP_OF)
    return Object.fromEntries(
      entriesOf(value, path).map(([k, v]) => [k, simple(kind - MAP_OF, v, `${path}.${k}`)]),
    );
  if (kind >= LIST_OF)
    return z
      .array(z.unknown())
      .parse(value)
      .map((one, n) => simple(kind - LIST_OF, one, `${path}.${n}`));
  const isRight =
    kind === STRING
      ? typeof value === "string"
      : kind === NUMBER
        ? typeof value === "number"
        : kind === BOOLEAN
          ? typeof value === "boolean"
          : kind === TIMESTAMP
            ? value instanceof Date || typeof value === "number"
            : true;
  if (!isRight) throw new Error(`${path}: ${JSON.stringify(value)} is not of the type that AWS describes`);
  return value instanceof Date ? value.getTime() / 1000 : value;
}

function entriesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== "object" || value === null) throw new Error(`${path}: must be an object`);
  return Object.entries(value).filter(([, member]) => member !== undefined);
}

/** A value in its form on the wire. Throws where AWS describes no such member, or one of another type. */
function onWire(given: Schema, value: unknown, path: string): unknown {
  const schema = resolved(given);
  if (typeof schema === "number") return simple(schema, value, path);
  const parts = tuple.parse(schema);
  const [kind, , , , members, types, required] = parts;
  // A simple type with traits: of an enumeration, or of a member.
  if (kind === 0) return onWire(parts[4], value, path);
  if (typeof kind !== "number" || parts.length === 2) return onWire(kind, value, path);
  if (kind === LIST) return tuple.parse(value).map((one, n) => onWire(members, one, `${path}.${n}`));
  if (kind === MAP)
    return Object.fromEntries(entriesOf(value, path).map(([k, v]) => [k, onWire(types, v, `${path}.${k}`)]));
  if (kind !== STRUCTURE) throw new Error(`${path}: cannot be read`);
  const names = z.array(z.string()).parse(members);
  const schemas = tuple.parse(types);
  const entries = entriesOf(value, path);
  for (const name of names.slice(0, typeof required === "number" ? required : 0))
    if (!entries.some(([key]) => key === name)) throw new Error(`${path}.${name}: is required`);
  return Object.fromEntries(
    entries.map(([key, member]) => {
      const n = names.indexOf(key);
      if (n < 0) throw new Error(`${path}.${key}: AWS describes no such member`);
      return [key, onWire(schemas[n], member, `${path}.${key}`)];
    }),
  );
}

/** An error that AWS answers with. */
export class AwsError extends Error {
  readonly status: number;
  constructor(name: string, status = 400) {
    super(name);
    this.name = name;
    this.status = status;
  }
}

type Handler = (input: Record<string, unknown>) => object;

export interface JsonService {
  readonly url: string;
  /** The operations that were asked for, with their inputs. */
  readonly calls: { readonly operation: string; readonly input: Record<string, unknown> }[];
  readonly stop: () => Promise<void>;
}

const Input = z.record(z.string(), z.unknown());

/**
 * @param sdk the client's package, which exports the schemas of its operations as `<name>$`
 * @param early what is answered to the first requests, before the operations do
 */
export async function jsonService(
  sdk: Readonly<Record<string, unknown>>,
  handlers: Readonly<Record<string, Handler>>,
  early: AwsError[] = [],
): Promise<JsonService> {
  const calls: { operation: string; input: Record<string, unknown> }[] = [];
  function answerTo(operation: string, body: string): object {
    const schema = tuple.parse(sdk[`${operation}$`]);
    if (schema[0] !== OPERATION) throw new Error(`${operation} is no operation`);
    const input = Input.parse(JSON.parse(body));
    onWire(schema[4], input, operation);
    calls.push({ operation, input });
    const fault = early.shift();
    if (fault !== undefined) throw fault;
    const handler = handlers[operation];
    if (handler === undefined) throw new Error(`nobody expects ${operation}`);
    return z.record(z.string(), z.unknown()).parse(onWire(schema[5], handler(input), operation));
  }
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const [, operation = ""] = String(request.headers["x-amz-target"]).split(".");
    const headers = { "content-type": "application/x-amz-json-1.1" };
    try {
      const answer = answerTo(operation, Buffer.concat(chunks).toString("utf8"));
      response.writeHead(200, headers).end(JSON.stringify(answer));
    } catch (error) {
      const { name, status } = error instanceof AwsError ? error : { name: "TestFailure", status: 400 };
      const message = error instanceof Error ? error.message : String(error);
      response.writeHead(status, headers).end(JSON.stringify({ __type: name, message }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** One page of a list, as AWS gives it: with a token for the next one, if there is one. */
export function pageOf<T>(
  all: readonly T[],
  token: unknown,
  size: number,
): { items: T[]; nextToken: string | undefined } {
  const start = typeof token === "string" ? Number(token) : 0;
  const end = start + size;
  return { items: all.slice(start, end), nextToken: end < all.length ? String(end) : undefined };
}

/** Credentials and region as AWS's tools find them in variables. */
export const signedIn = (url: string): Record<string, string> => ({
  AWS_ENDPOINT_URL: url,
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "none",
  AWS_SECRET_ACCESS_KEY: "none",
  AWS_CONFIG_FILE: "/nonexistent",
  AWS_SHARED_CREDENTIALS_FILE: "/nonexistent",
});
