/**
 * An HTTP client for one registry: credentials, timeouts, size limits. The token flow is the CNCF Distribution
 * project's ("Token Authentication Specification"); registries without it may require Basic.
 *
 * Trusted: the configured registries, for what they answer about their own images. Not trusted: the bytes (their reader
 * hashes them), their size, and redirects: only hosts that are listed are asked, and other origins without credentials.
 */

import * as z from "zod";
import { RegistryError } from "../../ledger/ingest/registries.ts";
import { whyNoAnswer } from "../http-client.ts";

/** Limit of one request, including the answer's body. */
const TIMEOUT_MS = 10_000;
const TOKEN_MAX_BYTES = 256 * 1024;
/** Bounds the cache of tokens: paths come from outside, so the number of tokens would have no limit. */
const TOKENS_MAX = 500;

/** Access to one registry; `password` may be a token if the registry accepts one. */
export const Access = z
  .strictObject({
    username: z.string().min(1).exactOptional(),
    password: z.string().min(1).exactOptional(),
    /** HTTP without TLS, for a registry on this machine or in a closed network. */
    plainHttp: z.boolean().exactOptional(),
    /** Hosts that it may redirect to, beside those known of public registries; `.example.com` means any below. */
    redirects: z
      .array(z.string().regex(/^\.?[a-z0-9][a-z0-9.:-]*$/, "must be a host, or . and its end"))
      .exactOptional(),
  })
  .refine((it) => (it.username === undefined) === (it.password === undefined), {
    error: "username and password must be given together",
  });
export type Access = z.infer<typeof Access>;

/** Where public registries keep blobs: their own documentation of hosts to allow in firewalls. */
const BLOB_STORES: readonly (readonly [registry: RegExp, hosts: readonly string[]])[] = [
  [/^docker\.io$/, ["production.cloudflare.docker.com", ".r2.cloudflarestorage.com"]],
  [/^ghcr\.io$/, ["pkg-containers.githubusercontent.com"]],
  [/^quay\.io$/, [".quay.io", "quayio-production-s3.s3.amazonaws.com"]],
  [/^registry\.gitlab\.com$/, ["cdn.registry.gitlab-static.net"]],
  [/\.azurecr\.io$/, [".blob.core.windows.net"]],
  [/\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com$/, [".amazonaws.com"]],
];

const isListed = (listed: readonly string[], host: string): boolean =>
  listed.some((one) => (one.startsWith(".") ? host.endsWith(one) : host === one));

/** A registry's redirects lead to a blob store, some over an address of its own. */
const HOPS_MAX = 5;

export interface Question {
  readonly method: "GET" | "HEAD";
  /** The repository's path within its registry, which is also the scope of tokens. */
  readonly name: string;
  /** The path below the repository: `manifests/<reference>`, `blobs/<digest>`. */
  readonly what: string;
  readonly accept: string;
}

export interface Asking {
  /** Returns any answer except 429 and 5xx, which throw a RegistryError. */
  readonly ask: (question: Question) => Promise<Response>;
  /** An answer's body. Throws a RegistryError if it is longer than `max` bytes. */
  readonly read: (response: Response, max: number) => Promise<Buffer>;
  readonly refused: (what: string) => RegistryError;
}

/** An HTTP challenge (RFC 9110, 11.6.1) of one scheme, with its parameters. */
function challengeOf(header: string, scheme: string): Map<string, string> | undefined {
  const parameter = String.raw`[a-z_]+\s*=\s*(?:"[^"]*"|[^\s,"]+)`;
  const found = new RegExp(`(?:^|,\\s*)${scheme}\\s+(${parameter}(?:\\s*,\\s*${parameter})*)`, "i").exec(
    header,
  );
  if (found === null) return undefined;
  const parameters = (found[1] ?? "").matchAll(/([a-z_]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/gi);
  return new Map(
    [...parameters].map(([, key = "", quoted, bare]) => [key.toLowerCase(), quoted ?? bare ?? ""]),
  );
}

const Token = z.looseObject({
  token: z.string().min(1).optional(),
  access_token: z.string().min(1).optional(),
});

/** @param host the registry's name in messages; @param address where it listens, `host[:port]` */
export function asking(host: string, address: string, access: Access): Asking {
  const { username, password, plainHttp } = access;
  const known = BLOB_STORES.flatMap(([registry, hosts]) => (registry.test(host) ? hosts : []));
  const listed = [host, address, ...known, ...(access.redirects ?? [])];
  const authorizations = new Map<string, string>();
  const basic =
    username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

  const refused = (what: string): RegistryError => new RegistryError(`${host} ${what}`, false);

  /** Whether a URL's transport is at least as safe as the registry's own. */
  const isSafe = (url: URL): boolean =>
    url.protocol === "https:" || (plainHttp === true && url.protocol === "http:");

  /** Where a redirect leads; undefined if the answer is none. */
  function nextCursor(url: URL, { status, headers }: Response): URL | undefined {
    const location = headers.get("location");
    if (![301, 302, 303, 307, 308].includes(status) || location === null) return undefined;
    if (!URL.canParse(location, url.href)) throw refused("redirects to an invalid address");
    const next = new URL(location, url);
    if (!isSafe(next)) throw refused("leads to an address without TLS");
    if (next.host === url.host || isListed(listed, next.host)) return next;
    throw refused(`redirects to ${next.host}: add it to its redirects in ASOF_REGISTRIES`);
  }

  async function sendOnce(url: URL, method: string, headers: Record<string, string>): Promise<Response> {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      return await fetch(url, { method, headers, redirect: "manual", signal });
    } catch (error) {
      throw new RegistryError(`${host} ${whyNoAnswer(error, TIMEOUT_MS)}`, true, { cause: error });
    }
  }

  async function send(
    url: URL,
    method: string,
    headers: Record<string, string>,
    hops = HOPS_MAX,
  ): Promise<Response> {
    const response = await sendOnce(url, method, headers);
    const { status } = response;
    const next = nextCursor(url, response);
    if (next === undefined && status !== 429 && status < 500) return response;
    await response.body?.cancel();
    if (next === undefined) throw new RegistryError(`${host} answered ${status}`, true);
    if (hops === 0) throw refused("redirects without end");
    const { authorization: _, ...bare } = headers;
    return send(next, method, next.origin === url.origin ? headers : bare, hops - 1);
  }

  async function read(response: Response, max: number): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const chunk of response.body ?? []) {
        length += chunk.length;
        if (length > max) break;
        chunks.push(chunk);
      }
    } catch (error) {
      throw new RegistryError(`${host} ${whyNoAnswer(error, TIMEOUT_MS)}`, true, { cause: error });
    }
    if (length > max) throw refused(`answered with more than ${max} bytes`);
    return Buffer.concat(chunks);
  }

  /**
   * The address of the registry's token service. It is often another host (auth.docker.io), and it receives the
   * credentials: the registry, authenticated by TLS, named it.
   */
  function realmOf(challenge: Map<string, string>, name: string): URL {
    const realm = challenge.get("realm") ?? "";
    if (!URL.canParse(realm)) throw refused("requires a token and names no token service");
    const url = new URL(realm);
    if (!isSafe(url)) throw refused("names a token service without TLS, which would expose the credentials");
    const service = challenge.get("service");
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", challenge.get("scope") ?? `repository:${name}:pull`);
    return url;
  }

  async function tokenFrom(realm: URL): Promise<string> {
    const response = await send(realm, "GET", basic === undefined ? {} : { authorization: basic });
    const body = await read(response, TOKEN_MAX_BYTES);
    if (!response.ok) throw refused(`gives no token: ${response.status}`);
    const { token, access_token } = parsed(Token, body) ?? {};
    const given = token ?? access_token;
    if (given === undefined) throw refused("gives no token: the answer holds none");
    return `Bearer ${given}`;
  }

  async function authorizationFor({ headers }: Response, name: string): Promise<string> {
    const header = headers.get("www-authenticate") ?? "";
    const bearer = challengeOf(header, "Bearer");
    if (bearer !== undefined) return tokenFrom(realmOf(bearer, name));
    if (basic === undefined) throw refused("answered 401: it asks for a username and password");
    return basic;
  }

  async function ask({ method, name, what, accept }: Question): Promise<Response> {
    const url = new URL(`${plainHttp === true ? "http" : "https"}://${address}/v2/${name}/${what}`);
    const known = authorizations.get(name);
    const first = await send(url, method, {
      accept,
      ...(known === undefined ? {} : { authorization: known }),
    });
    if (first.status !== 401) return first;
    await first.body?.cancel();
    const authorization = await authorizationFor(first, name);
    if (authorizations.size >= TOKENS_MAX) authorizations.clear();
    authorizations.set(name, authorization);
    return send(url, method, { accept, authorization });
  }

  return { ask, read, refused };
}

/** JSON that matches a schema; undefined if it does not. */
export function parsed<T>(schema: z.ZodType<T>, bytes: Buffer): T | undefined {
  try {
    return schema.safeParse(JSON.parse(bytes.toString("utf8"))).data;
  } catch {
    return undefined;
  }
}
