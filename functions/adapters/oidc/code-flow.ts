/**
 * How people sign in: the authorization code with PKCE (RFC 7636), the device code (RFC 8628), and the renewal of
 * their tokens. Both the server and the command line are clients.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { url } from "../../../schemas/scalars.ts";
import { type Challenge, IssuerFailure } from "../../ledger/authority/identities.ts";
import { exchange, NoAnswer, parsed } from "../http-client.ts";
import type { Discovered } from "./discovery.ts";

const TIMEOUT_MS = 10_000;

export interface Client {
  readonly clientId: string;
  /** Absent: a public client, which proves itself by PKCE alone. */
  readonly clientSecret?: string;
  readonly scopes: readonly string[];
}
export type RedirectingClient = Client & { readonly redirectUri: string };

/** Where the browser goes. Throws an IssuerFailure where the issuer offers no such endpoint. */
export function authorizationUrl(
  { issuer, authorization_endpoint: address }: Discovered,
  { clientId, redirectUri, scopes }: RedirectingClient,
  { state, nonce, codeVerifier }: Challenge,
): string {
  if (address === undefined) throw new IssuerFailure(`the issuer ${issuer} offers no authorization endpoint`);
  const to = new URL(address);
  const query = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(" "),
    state,
    nonce,
    code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(query)) to.searchParams.set(name, value);
  return to.href;
}

const TokenAnswer = z.object({ id_token: z.string(), refresh_token: z.string().optional() });
/** What is shown on a terminal must be printable (RFC 6749, 5.2; RFC 8628, 6.1). */
const printable = z.string().regex(/^[\x20-\x7e]{1,100}$/);
const Refusal = z.object({ error: printable });

export interface SignedIn {
  readonly idToken: string;
  readonly refreshToken?: string;
}

/** Posts a form to an endpoint of an issuer. Throws an IssuerFailure where none answers. */
async function post(
  { issuer }: Discovered,
  address: string | undefined,
  form: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly json: unknown }> {
  if (address === undefined) throw new IssuerFailure(`the issuer ${issuer} offers no such endpoint`);
  const headers = { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json" };
  const body = new URLSearchParams(form).toString();
  try {
    const request = { method: "POST", headers, body, redirect: "manual", timeoutMs: TIMEOUT_MS } as const;
    const { status, text } = await exchange(address, request);
    return { status, json: parsed(text) };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    throw new IssuerFailure(`the issuer ${issuer} ${error.message}`, { cause: error });
  }
}

/** Asks the token endpoint; as text, the error by which the issuer refuses (RFC 6749, 5.2). */
async function tokens(
  discovered: Discovered,
  { clientId, clientSecret }: Client,
  grant: Readonly<Record<string, string>>,
): Promise<SignedIn | string> {
  const { status, json } = await post(discovered, discovered.token_endpoint, {
    ...grant,
    client_id: clientId,
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
  });
  const given = TokenAnswer.safeParse(json).data;
  if (status === 200 && given !== undefined) {
    const { id_token: idToken, refresh_token: refreshToken } = given;
    return { idToken, ...(refreshToken === undefined ? {} : { refreshToken }) };
  }
  if (status >= 500) throw new IssuerFailure(`the issuer ${discovered.issuer} answered ${status}`);
  return Refusal.safeParse(json).data?.error ?? `status ${status}`;
}

const orNone = (given: SignedIn | string): SignedIn | undefined =>
  typeof given === "string" ? undefined : given;

/** Exchanges a code; undefined where the issuer refuses it. Throws an IssuerFailure. */
export const redeemCode = async (
  discovered: Discovered,
  client: RedirectingClient,
  code: string,
  codeVerifier: string,
): Promise<SignedIn | undefined> =>
  orNone(
    await tokens(discovered, client, {
      grant_type: "authorization_code",
      code,
      redirect_uri: client.redirectUri,
      code_verifier: codeVerifier,
    }),
  );

/** Renews what a person gave; undefined where the issuer refuses: then the person signs in again. */
export const renew = async (
  discovered: Discovered,
  client: Client,
  refreshToken: string,
): Promise<SignedIn | undefined> =>
  orNone(await tokens(discovered, client, { grant_type: "refresh_token", refresh_token: refreshToken }));

const DeviceAnswer = z.object({
  device_code: z.string(),
  user_code: printable,
  verification_uri: url,
  verification_uri_complete: url.optional(),
  expires_in: z.number().positive(),
  interval: z.number().positive().default(5),
});
export type Device = z.infer<typeof DeviceAnswer>;

/** Begins a sign-in on another device. Throws an IssuerFailure where the issuer does not offer it. */
export async function beginDevice(discovered: Discovered, client: Client): Promise<Device> {
  const { clientId, scopes } = client;
  const form = { client_id: clientId, scope: scopes.join(" ") };
  const { status, json } = await post(discovered, discovered.device_authorization_endpoint, form);
  const device = DeviceAnswer.safeParse(json).data;
  if (status === 200 && device !== undefined) return device;
  throw new IssuerFailure(`the issuer ${discovered.issuer} refuses a device code: ${status}`);
}

/** Asks once whether the person has agreed: what they gave, or the error (`authorization_pending`, `slow_down`, …). */
export const pollDevice = (
  discovered: Discovered,
  client: Client,
  { device_code }: Device,
): Promise<SignedIn | string> =>
  tokens(discovered, client, { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code });
