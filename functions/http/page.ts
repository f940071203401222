/** Serves the built page. Its answers come from the API; this holds only files. */
import { createHash } from "node:crypto";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { Hono } from "hono";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

/** Nothing from elsewhere, nothing inline. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Paths of the page's views: all are the same file. */
const VIEWS = ["/", "/why", "/timeline", "/health"];

interface File {
  readonly plain: Buffer<ArrayBuffer>;
  readonly gzip: Buffer<ArrayBuffer>;
  readonly br: Buffer<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

const bytes = (buffer: Buffer): Buffer<ArrayBuffer> => Buffer.from(new Uint8Array(buffer));

function fileOf(name: string, text: string): File {
  const plain = bytes(Buffer.from(text));
  const isHtml = name.endsWith(".html");
  return {
    plain,
    gzip: bytes(gzipSync(plain)),
    br: bytes(brotliCompressSync(plain)),
    headers: {
      "Content-Type": TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream",
      ETag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
      // The names of the other files hold their hashes.
      "Cache-Control": isHtml ? "no-cache" : "public, max-age=31536000, immutable",
      Vary: "Accept-Encoding",
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Content-Security-Policy": POLICY,
    },
  };
}

function answer({ plain, gzip, br, headers }: File, request: Request): Response {
  if (request.headers.get("if-none-match") === headers.ETag)
    return new Response(null, { status: 304, headers });
  const accepted = request.headers.get("accept-encoding") ?? "";
  const encoding = /\bbr\b/.test(accepted) ? "br" : /\bgzip\b/.test(accepted) ? "gzip" : undefined;
  const body = encoding === "br" ? br : encoding === "gzip" ? gzip : plain;
  return new Response(body, {
    headers: encoding === undefined ? headers : { ...headers, "Content-Encoding": encoding },
  });
}

/** @param files the built page by file name, with its `index.html` */
export function pageEndpoints(files: Readonly<Record<string, string>>): Hono {
  const app = new Hono();
  for (const [name, text] of Object.entries(files)) {
    const file = fileOf(name, text);
    const paths = name === "index.html" ? VIEWS : [`/${name}`];
    for (const path of paths) app.get(path, (c) => answer(file, c.req.raw));
  }
  return app;
}
