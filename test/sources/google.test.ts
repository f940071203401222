/** Google's token, checked with keys that are really fetched over HTTP. */
import { createServer, type Server } from "node:http";
import { inspect } from "node:util";
import {
  type CryptoKey,
  createRemoteJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { googleSource } from "../../functions/sources/registries/google.ts";
import type { Source } from "../../functions/sources/source.ts";

const EMAIL = "asof-push@acme-prod.iam.gserviceaccount.com";
const AUDIENCE = "https://ledger.acme.example/v1/webhooks/google";
const SECRETS = ["other@acme-prod.iam.gserviceaccount.com https://elsewhere.example", `${EMAIL} ${AUDIENCE}`];

const ours = await generateKeyPair("RS256", { extractable: true });
const strangers = await generateKeyPair("RS256");
const elliptic = await generateKeyPair("ES256", { extractable: true });

/** What is answered to whoever asks for the keys. */
const state = { status: 200, body: "" };

async function listening(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the server has no port");
  return `http://127.0.0.1:${bound.port}/certs`;
}
const closed = (server: Server) => new Promise((done) => server.close(done));

const server = createServer((_, response) => {
  response.writeHead(state.status, { "content-type": "application/json" }).end(state.body);
});
let address = "";
/** Nobody listens there any more. */
let deserted = "";

beforeAll(async () => {
  const keys = [
    { ...(await exportJWK(ours.publicKey)), kid: "ours", use: "sig" },
    { ...(await exportJWK(elliptic.publicKey)), kid: "elliptic", use: "sig" },
  ];
  state.body = JSON.stringify({ keys });
  address = await listening(server);
  const short = createServer();
  deserted = await listening(short);
  await closed(short);
});
afterAll(() => closed(server));

/** Keys that were not fetched yet. */
const fresh = (url = address): Source => googleSource(createRemoteJWKSet(new URL(url)));

const seconds = (): number => Math.floor(Date.now() / 1000);
const claims = (): JWTPayload => ({
  aud: AUDIENCE,
  azp: "113774264463038321964",
  email: EMAIL,
  email_verified: true,
  exp: seconds() + 3600,
  iat: seconds(),
  iss: "https://accounts.google.com",
  sub: "113774264463038321964",
});
const without = (name: string): JWTPayload =>
  Object.fromEntries(Object.entries(claims()).filter(([claim]) => claim !== name));

const HEADER: JWTHeaderParameters = { alg: "RS256", kid: "ours", typ: "JWT" };
const signed = (
  payload: JWTPayload = claims(),
  key: CryptoKey | Uint8Array = ours.privateKey,
  header = HEADER,
): Promise<string> => new SignJWT(payload).setProtectedHeader(header).sign(key);

const verifying = (source: Source, authorization: string, secrets: readonly string[] = SECRETS) =>
  source.verify?.({ headers: new Headers({ authorization }), body: "{}" }, secrets);
const verified = async (token: string, secrets?: readonly string[]) =>
  verifying(fresh(), `Bearer ${token}`, secrets);

describe("a token of Google's", () => {
  it("is accepted for the service account and the audience of any of the secrets", async () => {
    expect(await verified(await signed())).toBe(true);
    expect(await verified(await signed({ ...claims(), iss: "accounts.google.com" }))).toBe(true);
  });

  it("is accepted by a clock that is half a minute ahead", async () => {
    expect(await verified(await signed({ ...claims(), exp: seconds() - 30 }))).toBe(true);
  });

  it.each([
    ["of another audience", { aud: "https://elsewhere.example" }],
    ["of several audiences", { aud: [AUDIENCE] }],
    ["of another account", { email: "other@acme-prod.iam.gserviceaccount.com" }],
    ["of an account that is not verified", { email_verified: false }],
    ["of an account that is verified in words alone", { email_verified: "true" }],
    ["of another issuer", { iss: "https://token.actions.githubusercontent.com" }],
    ["that has expired", { exp: 1_550_185_935 }],
    ["that is not valid yet", { nbf: 4_000_000_000 }],
  ])("is refused: one %s", async (_, change) => {
    expect(await verified(await signed({ ...claims(), ...change }))).toBe(false);
  });

  it.each(["aud", "email", "email_verified", "iss", "exp"])("is refused without %s", async (claim) => {
    expect(await verified(await signed(without(claim)))).toBe(false);
  });

  it("is refused where another key signed it, under a known name or its own", async () => {
    expect(await verified(await signed(claims(), strangers.privateKey))).toBe(false);
    const named = { ...HEADER, kid: "strangers" };
    expect(await verified(await signed(claims(), strangers.privateKey, named))).toBe(false);
  });

  it("is refused where nobody signed it", async () => {
    expect(await verified(new UnsecuredJWT(claims()).encode())).toBe(false);
    const [header = "", payload = ""] = (await signed()).split(".");
    expect(await verified(`${header}.${payload}.`)).toBe(false);
  });

  it("is refused where the public key served as a shared secret, or another algorithm was taken", async () => {
    const shared = new TextEncoder().encode(await exportSPKI(ours.publicKey));
    expect(await verified(await signed(claims(), shared, { ...HEADER, alg: "HS256" }))).toBe(false);
    const other = { ...HEADER, alg: "ES256", kid: "elliptic" };
    expect(await verified(await signed(claims(), elliptic.privateKey, other))).toBe(false);
  });

  it("is refused where its claims were changed after it was signed", async () => {
    const [header, , signature] = (await signed()).split(".");
    const changed = Buffer.from(JSON.stringify({ ...claims(), sub: "me" })).toString("base64url");
    expect(await verified(`${header}.${changed}.${signature}`)).toBe(false);
  });

  it("is refused where no secret is configured, an empty one, or half of it", async () => {
    for (const secrets of [[], [""], [EMAIL], [`${EMAIL} `], [AUDIENCE]]) {
      expect(await verified(await signed(), secrets)).toBe(false);
    }
  });

  it.each(["", "Bearer", "Bearer ", "Bearer a.b", "Bearer a.b.c", "Basic YTpi", "Bearer é.é.é"])(
    "is none: %j",
    async (authorization) => {
      const latin1 = Buffer.from(authorization).toString("latin1");
      expect(await verifying(fresh(), latin1)).toBe(false);
    },
  );
});

describe("Google's keys that cannot be had", () => {
  it("are no reason to call a token bad, nor to call it good", async () => {
    await expect(verifying(fresh(deserted), `Bearer ${await signed()}`)).rejects.toThrow("keys");
  });

  it.each([
    [503, ""],
    [200, "<html>"],
    [200, '{"keys":"none"}'],
  ])("count as such where the answer is %i %j", async (status, body) => {
    const before = { ...state };
    Object.assign(state, { status, body });
    try {
      await expect(verifying(fresh(), `Bearer ${await signed()}`)).rejects.toThrow("keys");
    } finally {
      Object.assign(state, before);
    }
  });

  it("are told of without the token", async () => {
    const token = await signed();
    const told = await Promise.resolve(verifying(fresh(deserted), `Bearer ${token}`)).catch(inspect);
    expect(told).toContain("ECONNREFUSED");
    expect(told).not.toContain(token.split(".")[2]);
  });
});
