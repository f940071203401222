/** A server with as much of S3's API as the log needs: objects, their list, and both conditions on a put. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { expect } from "vitest";

export interface S3Server {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** The headers of each put. */
  readonly puts: { readonly path: string; readonly headers: IncomingMessage["headers"] }[];
  readonly stop: () => Promise<void>;
}

const etagOf = (bytes: Buffer): string => `"${createHash("md5").update(bytes).digest("hex")}"`;

const errorOf = (response: ServerResponse, status: number, code: string): void => {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
};

/** The bytes of a body, which the SDK may send in signed chunks (aws-chunked). */
function bytesOf(body: Buffer, { headers }: IncomingMessage): Buffer {
  if (headers["content-encoding"] !== "aws-chunked") return body;
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf("\r\n", at);
    const length = Number.parseInt(body.subarray(at, end).toString(), 16);
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(body.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
}

/** Whether a condition does not hold. The log's bucket refuses a put without one; others take it. */
function refuses(path: string, stored: Buffer | undefined, match?: string, noneMatch?: string): boolean {
  if (noneMatch === "*") return stored !== undefined;
  if (match === undefined && !path.startsWith("/asof-log/")) return false;
  return stored === undefined || etagOf(stored) !== match;
}

export async function startS3(): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const puts: { path: string; headers: IncomingMessage["headers"] }[] = [];
  const put = (path: string, request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const { "if-match": match, "if-none-match": noneMatch } = request.headers;
    const stored = objects.get(path);
    puts.push({ path, headers: request.headers });
    const isRefused = refuses(path, stored, match, noneMatch);
    if (isRefused) {
      const isMissing = match !== undefined && stored === undefined;
      errorOf(response, isMissing ? 404 : 412, isMissing ? "NoSuchKey" : "PreconditionFailed");
      return;
    }
    const bytes = bytesOf(body, request);
    objects.set(path, bytes);
    response.writeHead(200, { etag: etagOf(bytes) });
    response.end();
  };
  /** A page of two keys, so that whoever lists must go on. */
  const list = (bucket: string, query: URLSearchParams, response: ServerResponse): void => {
    const prefix = query.get("prefix") ?? "";
    const keys = [...objects.keys()]
      .map((path) => path.slice(`/${bucket}/`.length))
      .filter((key) => key.startsWith(prefix) && !key.slice(prefix.length).includes("/"))
      .sort();
    const from = Number(query.get("continuation-token") ?? 0);
    const page = keys.slice(from, from + 2).map((key) => `<Contents><Key>${key}</Key></Contents>`);
    const isMore = from + 2 < keys.length;
    const next = isMore ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : "";
    response.writeHead(200, { "content-type": "application/xml" });
    response.end(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isMore}</IsTruncated>${page.join("")}${next}</ListBucketResult>`,
    );
  };
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://s3");
    const path = decodeURIComponent(new URL(request.url ?? "", "http://s3").pathname);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.method === "PUT") return put(path, request, response, Buffer.concat(chunks));
      if (searchParams.has("list-type")) return list(path.split("/")[1] ?? "", searchParams, response);
      const stored = objects.get(path);
      if (stored === undefined) return errorOf(response, 404, "NoSuchKey");
      const meta = Object.entries(puts.findLast((one) => one.path === path)?.headers ?? {}).filter(([name]) =>
        name.startsWith("x-amz-meta-"),
      );
      response.writeHead(200, {
        ...Object.fromEntries(meta),
        etag: etagOf(stored),
        "content-length": stored.length,
      });
      response.end(stored);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (typeof address !== "object" || address === null) return expect.fail("does not listen");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    objects,
    puts,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
