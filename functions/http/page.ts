/** Serves the built page. Its answers come from the API; this holds only files. */
import { createHash } from "node:crypto";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { type Context, Hono } from "hono";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

/** Nothing from elsewhere, nothing inline. */
const POLICY = [
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
const VIEWS = ["/", "/why", "/timeline", "/delivery", "/audit", "/health"];

type Encoding = "br" | "gzip";
type Bytes = Buffer<ArrayBuffer>;

const bytes = (buffer: Buffer): Bytes => Buffer.from(new Uint8Array(buffer));

const PACK: Record<Encoding, (plain: Bytes) => Buffer> = {
  br: (plain) => brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }),
  gzip: (plain) => gzipSync(plain),
};

interface File {
  readonly plain: Bytes;
  /** Compressed when it is first asked for. */
  readonly packed: Map<Encoding, Bytes>;
  readonly headers: Readonly<Record<string, string>>;
}

function fileOf(name: string, text: string): File {
  const plain = bytes(Buffer.from(text));
  return {
    plain,
    packed: new Map(),
    headers: {
      "Content-Type": TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream",
      ETag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
      // The names of the other files hold their hashes.
      "Cache-Control": name.endsWith(".html") ? "no-cache" : "public, max-age=31536000, immutable",
      Vary: "Accept-Encoding",
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Content-Security-Policy": POLICY,
    },
  };
}

function packedAs({ plain, packed }: File, encoding: Encoding): Bytes {
  const found = packed.get(encoding) ?? bytes(PACK[encoding](plain));
  packed.set(encoding, found);
  return found;
}

function encodingFor(accepted: string): Encoding | undefined {
  if (/\bbr\b/.test(accepted)) return "br";
  return /\bgzip\b/.test(accepted) ? "gzip" : undefined;
}

function answer(file: File, request: Request): Response {
  const { headers, plain } = file;
  if (request.headers.get("if-none-match") === headers.ETag)
    return new Response(null, { status: 304, headers });
  const encoding = encodingFor(request.headers.get("accept-encoding") ?? "");
  if (encoding === undefined) return new Response(plain, { headers });
  return new Response(packedAs(file, encoding), { headers: { ...headers, "Content-Encoding": encoding } });
}

/** The built page: the text of each file by its name, with `index.html`. */
export type PageFiles = Readonly<Record<string, string>>;

/** @param read gives the built page; it is called when the page is first asked for */
export function pageEndpoints(read: () => PageFiles): Hono {
  const app = new Hono();
  let files: ReadonlyMap<string, File> | undefined;
  const serve = (c: Context, name: string): Response | Promise<Response> => {
    files ??= new Map(Object.entries(read()).map(([one, text]) => [one, fileOf(one, text)]));
    const file = files.get(name);
    return file === undefined ? c.notFound() : answer(file, c.req.raw);
  };
  for (const path of VIEWS) app.get(path, (c) => serve(c, "index.html"));
  app.get("/:name{[\\w-]+\\.(js|css)}", (c) => serve(c, c.req.param("name")));
  return app;
}
