/**
 * What a bundle finds around it on Lambda, in a process of its own: the global `awslambda`, and somebody who calls
 * its handler. Runs on Node 24 as it is, so it imports nothing but Node's own modules. Its clock can be moved.
 */
import { Writable } from "node:stream";
import { finished } from "node:stream/promises";

// --- the clock --------------------------------------------------------------------------------------------

const TrueDate = Date;
let aheadMs = 0;
const nowMs = (): number => TrueDate.now() + aheadMs;

// Before the bundle is loaded, which may keep `Date.now` for itself.
globalThis.Date = new Proxy(TrueDate, {
  construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [nowMs()] : given, made),
  get: (target, property, receiver) => (property === "now" ? nowMs : Reflect.get(target, property, receiver)),
});

// --- streamed answers -------------------------------------------------------------------------------------

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");

/** Collects an answer; what stands before it is written with its first piece, as the runtime does it. */
class ResponseStream extends Writable {
  contentType = "application/octet-stream";
  head: unknown = null;
  private readonly pieces: Buffer[] = [];

  override _write(piece: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.pieces.push(piece);
    done();
  }

  setContentType(type: string): void {
    this.contentType = type;
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString("utf8");
  }
}

Object.assign(globalThis, {
  awslambda: {
    streamifyResponse: (handler: object) => Object.assign(handler, { [STREAMING]: "response" }),
    HttpResponseStream: {
      from(stream: ResponseStream, head: unknown) {
        stream.setContentType("application/vnd.awslambda.http-integration-response");
        stream.head = head;
        return stream;
      },
    },
  },
});

// --- calls ------------------------------------------------------------------------------------------------

const { handler } = await import(process.argv[2] ?? "");

const CONTEXT = {
  awsRequestId: "8f5a2f0e-6d1c-4c0e-9f56-1d9b5f0a7c11",
  functionName: "asof",
  functionVersion: "$LATEST",
  invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:asof",
  memoryLimitInMB: "1024",
  logGroupName: "/aws/lambda/asof",
  logStreamName: "none",
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => 30_000,
};

async function called(event: unknown): Promise<unknown> {
  if (handler[STREAMING] !== "response") return handler(event, CONTEXT);
  const stream = new ResponseStream();
  const ended = finished(stream).catch(() => undefined);
  await handler(event, stream, CONTEXT);
  await ended;
  const { contentType, head, text, writableFinished: isWhole } = stream;
  return { contentType, head, text, isWhole };
}

process.on(
  "message",
  async ({ n, event, forwardMs = 0 }: { n: number; event: unknown; forwardMs?: number }) => {
    aheadMs += forwardMs;
    try {
      process.send?.({ n, answer: event === undefined ? null : await called(event) });
    } catch (error) {
      process.send?.({
        n,
        fault: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      });
    }
  },
);
process.once("disconnect", () => process.exit(0));
process.send?.("loaded");
