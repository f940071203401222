/** Gets tokens that need no stored secret: of the CI job that runs this command, or of a person who signed in. */

import * as z from "zod";
import { exchange, NoAnswer, parsed } from "../../functions/adapters/http-client.ts";
import { Unreachable } from "../error.ts";
import type { Io } from "../io.ts";
import { loginOf, saveLogin } from "./logins.ts";

const TIMEOUT_MS = 10_000;
/** A token that ends within this time is not used. */
const MARGIN_MS = 30_000;

const Ending = z.object({ exp: z.number() });

/** What a token says of itself: only the ledger verifies it. */
export const claimsOf = (token: string): unknown =>
  parsed(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));

const endOf = (token: string): number => (Ending.safeParse(claimsOf(token)).data?.exp ?? 0) * 1000;

const Given = z.object({ value: z.string() });

/** GitHub Actions gives a job a token for an audience, where the job has `permissions: id-token: write`. */
async function githubToken(audience: string, { env }: Io): Promise<string | undefined> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: proof } = env;
  if (address === undefined || proof === undefined) return undefined;
  const url = new URL(address);
  url.searchParams.set("audience", audience);
  const headers = { Authorization: `bearer ${proof}`, Accept: "application/json" };
  const answer = await exchange(url, { headers, redirect: "manual", timeoutMs: TIMEOUT_MS }).catch(
    (error: unknown) => {
      throw error instanceof NoAnswer ? new Unreachable(`GitHub's issuer ${error.message}`) : error;
    },
  );
  const given = Given.safeParse(parsed(answer.text)).data;
  if (given === undefined) throw new Unreachable(`GitHub's issuer gave no token: status ${answer.status}`);
  return given.value;
}

/** The token of a person who signed in; renewed where it has ended. Undefined: they have to sign in again. */
async function personToken(address: string, io: Io): Promise<string | undefined> {
  const login = loginOf(address, io);
  if (login === undefined) return undefined;
  if (endOf(login.idToken) > io.now().getTime() + MARGIN_MS) return login.idToken;
  if (login.refreshToken === undefined) return undefined;
  // Loaded where a token has ended: few runs of a command need them.
  const [{ renew }, { discover }, { IssuerFailure }] = await Promise.all([
    import("../../functions/adapters/oidc/code-flow.ts"),
    import("../../functions/adapters/oidc/discovery.ts"),
    import("../../functions/ledger/authority/identities.ts"),
  ]);
  try {
    const renewed = await renew(await discover(login.issuer), login, login.refreshToken);
    if (renewed === undefined) return undefined;
    saveLogin(address, { ...login, ...renewed }, io);
    return renewed.idToken;
  } catch (error) {
    throw error instanceof IssuerFailure ? new Unreachable(error.message) : error;
  }
}

/** Asked for each request, and held until it ends. Throws Unreachable where an issuer does not answer. */
export function identityFor(address: string, io: Io): () => Promise<string | undefined> {
  let held: string | undefined;
  return async () => {
    if (held !== undefined && endOf(held) > io.now().getTime() + MARGIN_MS) return held;
    const audience = io.env.ASOF_AUDIENCE || new URL(address).origin;
    held = (await githubToken(audience, io)) ?? (await personToken(address, io));
    return held;
  };
}
