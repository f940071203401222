/**
 * A server that speaks as much of MongoDB's wire protocol as the driver needs to read (mongodb.com/docs/manual/reference/
 * mongodb-wire-protocol): OP_QUERY for the first `hello`, then OP_MSG with one document; `hello`, `listCollections`, `find`
 * in one batch. Every other command is refused.
 */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { BSON, type Document } from "mongodb";

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER = 16;

export interface MongodbServer {
  /** Host and port. */
  readonly host: string;
  /** The commands that were sent, by name, in order. */
  readonly commands: string[];
  readonly stop: () => Promise<void>;
}

export interface Contents {
  readonly database: string;
  readonly localTime: Date;
  readonly collections: Readonly<Record<string, readonly Document[]>>;
}

export async function mongodbServer(contents: Contents): Promise<MongodbServer> {
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let rest: Uint8Array = new Uint8Array();
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      const { messages, open } = messagesIn(Buffer.concat([rest, chunk]));
      rest = open;
      for (const message of messages) {
        const { command, reply } = parsed(message);
        commands.push(Object.keys(command)[0] ?? "");
        socket.write(reply(answerTo(command, contents)));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("has no port");
  return {
    host: `127.0.0.1:${address.port}`,
    commands,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** The complete messages, each of which begins with its length, and what is left. */
function messagesIn(bytes: Buffer): { messages: Buffer[]; open: Buffer } {
  const messages: Buffer[] = [];
  let open = bytes;
  while (open.length >= 4 && open.length >= open.readInt32LE(0)) {
    const length = open.readInt32LE(0);
    messages.push(open.subarray(0, length));
    open = open.subarray(length);
  }
  return { messages, open };
}

interface Parsed {
  readonly command: Document;
  readonly reply: (answer: Document) => Buffer;
}

function parsed(message: Buffer): Parsed {
  const id = message.readInt32LE(4);
  const isQuery = message.readInt32LE(12) === OP_QUERY;
  // OP_QUERY: flags, a name that ends with zero, two numbers. OP_MSG: flags, the kind of section 0.
  const start = isQuery ? message.indexOf(0, HEADER + 4) + 9 : HEADER + 5;
  // A query holds one document, and perhaps a selection of fields behind it.
  const command = BSON.deserialize(message.subarray(start, start + message.readInt32LE(start)));
  return {
    command,
    reply: (answer) => {
      const body = BSON.serialize(answer);
      // OP_REPLY: flags, a cursor, where it starts, the number of documents.
      const before = isQuery ? Buffer.alloc(20) : Buffer.alloc(5);
      if (isQuery) before.writeInt32LE(1, 16);
      const header = Buffer.alloc(HEADER);
      header.writeInt32LE(HEADER + before.length + body.length, 0);
      header.writeInt32LE(id, 8);
      header.writeInt32LE(isQuery ? OP_REPLY : OP_MSG, 12);
      return Buffer.concat([header, before, body]);
    },
  };
}

const cursor = (ns: string, firstBatch: readonly Document[]): Document => ({
  cursor: { id: 0n, ns, firstBatch },
  ok: 1,
});

function answerTo(command: Document, { database, localTime, collections }: Contents): Document {
  if ("hello" in command || "ismaster" in command || "isMaster" in command) {
    const limits = { maxBsonObjectSize: 16777216, maxMessageSizeBytes: 48000000, maxWriteBatchSize: 100000 };
    const versions = { minWireVersion: 0, maxWireVersion: 21, helloOk: true };
    return { isWritablePrimary: true, ismaster: true, localTime, ...limits, ...versions, ok: 1 };
  }
  if (command.$db !== database) return { ok: 0, errmsg: `no database ${command.$db}`, code: 26 };
  if ("listCollections" in command) {
    const names = Object.keys(collections).map((name) => ({ name, type: "collection" }));
    return cursor(`${database}.$cmd.listCollections`, names);
  }
  if ("find" in command) {
    const all = collections[command.find] ?? [];
    const limit = Number(command.limit ?? 0);
    return cursor(`${database}.${command.find}`, limit === 0 ? all : all.slice(0, limit));
  }
  if ("endSessions" in command) return { ok: 1 };
  return { ok: 0, errmsg: `not to be sent: ${Object.keys(command)[0]}`, code: 13 };
}
