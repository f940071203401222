/** Identifies who sends a request: the holder of a token of this ledger, of an OIDC token, or of a browser session. */
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { bearerOf, type Holder, hasEnded, holderOf } from "../ledger/authority/authority.ts";
import { type Identity, isJwt, type Verifier } from "../ledger/authority/identities.ts";
import type { Ledger } from "./context.ts";
import { EndpointError } from "./problem.ts";

/** A cookie of this host alone, where TLS allows the prefix that browsers enforce (RFC 6265bis, `__Host-`). */
export const cookieName = (name: "session" | "sign-in", url: string): string =>
  url.startsWith("https:") ? `__Host-asof-${name}` : `asof-${name}`;

/** Verifies an OIDC token. Throws an EndpointError that says what is wrong with it, without quoting it. */
export async function identityBy({ verify }: Verifier, token: string): Promise<Identity> {
  const verified = await verify(token);
  switch (verified.is) {
    case "identity":
      return verified.identity;
    case "invalid":
      throw new EndpointError("unauthenticated", `The token is refused: ${verified.reason}.`);
    case "strange":
      throw new EndpointError("forbidden", `No policy of this ledger takes the token: ${verified.reason}.`);
    case "unavailable":
      throw new EndpointError(
        "unavailable",
        `The token cannot be checked now: ${verified.reason}. Sending the same request again is safe.`,
      );
  }
}

/**
 * A browser sends the session's cookie with requests that another site made it send, too. Their `Origin` is that of the
 * other site, and no script can change it.
 */
export function refuseForeign(c: Context, url: string): void {
  if (c.req.method === "GET" || c.req.method === "HEAD" || c.req.header("origin") === url) return;
  throw new EndpointError("forbidden", `Requests of a session must come from the page at ${url}.`);
}

/** The ID token in the session's cookie. Throws an EndpointError for a request that another site made. */
export function sessionOf({ identities }: Ledger, c: Context): string | undefined {
  const url = identities?.signIn?.login.url;
  const session = url === undefined ? undefined : getCookie(c, cookieName("session", url));
  if (url === undefined || session === undefined) return undefined;
  refuseForeign(c, url);
  return session;
}

/** Throws an EndpointError where nobody is identified. */
export async function identified(ledger: Ledger, c: Context): Promise<Holder> {
  const { identities } = ledger;
  const authorization = c.req.header("authorization");
  if (authorization === undefined && identities !== undefined) {
    const session = sessionOf(ledger, c);
    if (session !== undefined) return (await identityBy(identities, session)).holder;
  }
  const { tokens } = await ledger.secrets();
  const found = holderOf(tokens, authorization);
  if (found !== undefined && hasEnded(found, ledger.now()))
    throw new EndpointError(
      "unauthenticated",
      `The token ${found.name} ended on ${found.expires}: make a new one with asof token new.`,
    );
  if (found !== undefined) return found;
  const bearer = bearerOf(authorization);
  if (bearer !== undefined && identities !== undefined && isJwt(bearer))
    return (await identityBy(identities, bearer)).holder;
  throw new EndpointError(
    "unauthenticated",
    "Send `Authorization: Bearer <token>` with a token of this ledger.",
  );
}
