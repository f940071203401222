/** An OIDC issuer of a test: a real server on the loopback that publishes its keys, signs tokens and lets people in. */
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import * as z from "zod";
import { GOLDEN } from "../sources/golden.ts";

export type Claims = Record<string, unknown>;

const servers: Server[] = [];
export async function stopIssuers(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

/** The claims of a golden token, without its issuer, audience and times: those are the test's. */
export function goldenClaims(vendor: string): Claims {
  const text = readFileSync(join(GOLDEN, "ci-oidc", `${vendor}.json`), "utf8");
  const { iss, aud, iat, nbf, exp, ...claims } = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  return claims;
}

export type SigningKey = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

export interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: SigningKey;
  readonly jwk: JWK;
}

export async function newKey(alg = "ES256", kid: string = randomUUID()): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

export interface Issuer {
  readonly issuer: string;
  /** What it publishes, and how it misbehaves. Changes count at once. */
  readonly state: {
    keys: JWK[];
    discovery: (document: object) => object | undefined;
    jwksStatus: number;
    /** What people may do at the token endpoint: the claims of their ID tokens. */
    person: Claims;
    /** How often the device's person has not yet agreed. */
    pending: number;
  };
  /** Paths that were asked, in order. */
  readonly asked: string[];
  /** Forms that were posted to it. */
  readonly posted: Record<string, string>[];
  readonly key: Key;
  /** A token with these claims; `iss`, `iat`, `nbf` and `exp` are set unless given. */
  readonly sign: (
    claims: Claims,
    more?: { key?: Key; header?: Readonly<Record<string, unknown>> },
  ) => Promise<string>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString("utf8");
}

export interface Options {
  /** The path below which it is an issuer, as GitHub's servers and GitLab below a path have one. */
  readonly path?: string;
  readonly now?: () => Date;
  /** Offers the device code. */
  readonly device?: boolean;
}

export async function startIssuer({
  path = "",
  now = () => new Date(),
  device = false,
}: Options = {}): Promise<Issuer> {
  const key = await newKey();
  const asked: string[] = [];
  const posted: Record<string, string>[] = [];
  const state: Issuer["state"] = {
    keys: [key.jwk],
    discovery: (document) => document,
    jwksStatus: 200,
    person: {},
    pending: 0,
  };
  const codes = new Map<string, { challenge: string; nonce: string; clientId: string }>();
  let issuer = "";

  const sign: Issuer["sign"] = (claims, { key: by = key, header = {} } = {}) => {
    const nowS = Math.floor(now().getTime() / 1000);
    const payload = { iss: issuer, iat: nowS, nbf: nowS, exp: nowS + 300, ...claims };
    const present = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
    return new SignJWT(present)
      .setProtectedHeader({ alg: by.alg, kid: by.kid, typ: "JWT", ...header })
      .sign(by.privateKey, { crit: { x: true } });
  };

  const document = () => ({
    issuer,
    jwks_uri: `${issuer}/keys`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    ...(device ? { device_authorization_endpoint: `${issuer}/device` } : {}),
  });

  function authorize(query: URLSearchParams): { location: string } {
    const code = randomUUID();
    codes.set(code, {
      challenge: query.get("code_challenge") ?? "",
      nonce: query.get("nonce") ?? "",
      clientId: query.get("client_id") ?? "",
    });
    const to = new URL(query.get("redirect_uri") ?? "");
    to.searchParams.set("code", code);
    to.searchParams.set("state", query.get("state") ?? "");
    return { location: to.href };
  }

  const refused = (error: string): [number, object] => [400, { error }];
  const given = async (claims: Claims): Promise<[number, object]> => [
    200,
    { id_token: await sign(claims), refresh_token: "refresh-me" },
  ];

  async function byCode(form: Record<string, string>): Promise<[number, object]> {
    const { code = "", code_verifier: codeVerifier = "", client_id: clientId } = form;
    const known = codes.get(code);
    codes.delete(code);
    const proof = createHash("sha256").update(codeVerifier).digest("base64url");
    if (known?.challenge !== proof || known.clientId !== clientId) return refused("invalid_grant");
    return given({ aud: clientId, nonce: known.nonce, ...state.person });
  }

  /** The token endpoint: a code, a device's code, or a renewal. */
  async function give(form: Record<string, string>): Promise<[number, object]> {
    const claims = { aud: form.client_id, ...state.person };
    switch (form.grant_type) {
      case "authorization_code":
        return byCode(form);
      case "refresh_token":
        return form.refresh_token === "refresh-me" ? given(claims) : refused("invalid_grant");
      default:
        return state.pending-- > 0 ? refused("authorization_pending") : given(claims);
    }
  }

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://issuer");
    asked.push(pathname);
    const json = (status: number, body: object | undefined) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(body === undefined ? "not here" : JSON.stringify(body));
    };
    switch (pathname.slice(path.length)) {
      case "/.well-known/openid-configuration": {
        const published = state.discovery(document());
        return json(published === undefined ? 404 : 200, published);
      }
      case "/keys":
        return json(state.jwksStatus, { keys: state.keys });
      case "/authorize":
        response.writeHead(302, authorize(searchParams));
        return response.end();
      case "/token": {
        const form = Object.fromEntries(new URLSearchParams(await bodyOf(request)));
        posted.push(form);
        return json(...(await give(form)));
      }
      case "/device":
        return json(200, {
          device_code: "device-1",
          user_code: "ABCD-EFGH",
          verification_uri: `${issuer}/activate`,
          expires_in: 60,
          interval: 0.01,
        });
      default:
        return json(404, undefined);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("has no port");
  issuer = `http://127.0.0.1:${address.port}${path}`;
  return { issuer, state, asked, posted, key, sign };
}
