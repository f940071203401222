/**
 * How people sign in with a browser: the OIDC authorization code with PKCE. The session is the ID token itself, in a
 * cookie that no script can read: the ledger keeps no sessions and needs no secret for them.
 */
import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import * as z from "zod";
import type { Session } from "../../schemas/answers/session.ts";
import { bearerOf } from "../ledger/authority/authority.ts";
import {
  type Identity,
  IssuerFailure,
  isJwt,
  newChallenge,
  type SignIn,
  type Verifier,
} from "../ledger/authority/identities.ts";
import type { Ledger } from "./context.ts";
import { cookieName, identified, identityBy, refuseForeign, sessionOf } from "./identity.ts";
import { EndpointError } from "./problem.ts";

/** How long a person may take to sign in. */
const SIGN_IN_S = 600;
/** Browsers keep 4096 bytes of name, value and attributes. */
const COOKIE_MAX = 3900;

const Pending = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  returnTo: z.string(),
});

/** A path of this ledger; anything else could lead to another site. */
const localPath = (path: string | undefined): string =>
  path !== undefined && /^\/(?![/\\])[^\\\p{C}]*$/u.test(path) ? path : "/";

const cookie = (url: string, sameSite: "Lax" | "Strict", maxAge: number) =>
  ({ httpOnly: true, secure: url.startsWith("https:"), sameSite, path: "/", maxAge }) as const;

/** Redirects carry codes and states: no cache and no other site may learn them. */
function redirect(c: Context, to: string): Response {
  c.header("Cache-Control", "no-store");
  c.header("Referrer-Policy", "no-referrer");
  return c.redirect(to);
}

type Ready = { readonly identities: Verifier; readonly signIn: SignIn };

function readyIn({ identities }: Ledger): Ready {
  const signIn = identities?.signIn;
  if (identities === undefined || signIn === undefined)
    throw new EndpointError("unknown", "Nobody can sign in here: ASOF_IDENTITIES names no login.");
  return { identities, signIn };
}

/** Waits for the issuer. Throws an EndpointError where it does not answer. */
async function fromIssuer<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof IssuerFailure)) throw error;
    throw new EndpointError("unavailable", `Nobody can sign in now: ${error.message}.`);
  }
}

async function begin(ledger: Ledger, c: Context): Promise<Response> {
  const { signIn } = readyIn(ledger);
  const { url } = signIn.login;
  const challenge = newChallenge();
  const to = await fromIssuer(signIn.authorizationUrl(challenge));
  const pending = { ...challenge, returnTo: localPath(c.req.query("returnTo")) };
  const value = Buffer.from(JSON.stringify(pending)).toString("base64url");
  // Lax: the issuer, another site, leads back here.
  setCookie(c, cookieName("sign-in", url), value, cookie(url, "Lax", SIGN_IN_S));
  return redirect(c, to);
}

function pendingIn(text: string | undefined): z.infer<typeof Pending> | undefined {
  try {
    return Pending.safeParse(JSON.parse(Buffer.from(text ?? "", "base64url").toString("utf8"))).data;
  } catch {
    return undefined;
  }
}

/** What the issuer says instead of a code (RFC 6749, 4.1.2.1), if it has the form of such a word. */
const errorIn = (c: Context): string | undefined => /^[a-z_]{1,40}$/.exec(c.req.query("error") ?? "")?.[0];

async function complete(ledger: Ledger, c: Context): Promise<Response> {
  const { identities, signIn } = readyIn(ledger);
  const { url } = signIn.login;
  const pending = pendingIn(getCookie(c, cookieName("sign-in", url)));
  deleteCookie(c, cookieName("sign-in", url), { path: "/", secure: url.startsWith("https:") });
  const { code, state } = c.req.query();
  if (pending === undefined || state !== pending.state)
    throw new EndpointError("forbidden", "This sign-in did not begin in this browser. Begin at /auth/login.");
  if (code === undefined)
    throw new EndpointError(
      "forbidden",
      `The issuer refused the sign-in: ${errorIn(c) ?? "it sent no code"}.`,
    );
  const idToken = await fromIssuer(signIn.redeem(code, pending.codeVerifier));
  if (idToken === undefined)
    throw new EndpointError("forbidden", "The issuer does not know the code. Begin again at /auth/login.");
  const { claims } = await identityBy(identities, idToken);
  if (claims.nonce !== pending.nonce)
    throw new EndpointError("forbidden", "The ID token belongs to another sign-in. Begin at /auth/login.");
  if (idToken.length > COOKIE_MAX)
    throw new EndpointError(
      "failed",
      `The ID token has ${idToken.length} bytes, and a cookie holds ${COOKIE_MAX}: let the issuer put fewer groups into it.`,
    );
  const maxAge = Math.max(0, Math.floor(Number(claims.exp) - ledger.now().getTime() / 1000));
  setCookie(c, cookieName("session", url), idToken, cookie(url, "Strict", maxAge));
  return redirect(c, pending.returnTo);
}

function end(ledger: Ledger, c: Context): Response {
  const { url } = readyIn(ledger).signIn.login;
  refuseForeign(c, url);
  deleteCookie(c, cookieName("session", url), { path: "/", secure: url.startsWith("https:") });
  return c.body(null, 204);
}

const sessionBy = ({ holder, claims }: Identity): Session["session"] => ({
  name: holder.name,
  role: holder.role,
  endsAt: new Date(Number(claims.exp) * 1000).toISOString(),
});

/** Who asks. A session that has ended is nobody; a token that is refused is an error, which says why. */
async function whoAsks(ledger: Ledger, c: Context): Promise<Session["session"]> {
  const { identities } = ledger;
  const authorization = c.req.header("authorization");
  const bearer = bearerOf(authorization);
  if (identities !== undefined && bearer !== undefined && isJwt(bearer))
    return sessionBy(await identityBy(identities, bearer));
  if (authorization !== undefined) {
    const { name, role } = await identified(ledger, c);
    return { name, role, endsAt: null };
  }
  const session = sessionOf(ledger, c);
  const verified = session === undefined ? undefined : await identities?.verify(session);
  return verified?.is === "identity" ? sessionBy(verified.identity) : null;
}

/** Who asks, and how one signs in; for the page and for `asof login`. */
async function session(ledger: Ledger, c: Context): Promise<Session> {
  const login = ledger.identities?.signIn?.login;
  return {
    login:
      login === undefined
        ? null
        : {
            issuer: login.issuer,
            clientId: login.commandLineClientId ?? login.clientId,
            scopes: login.scopes,
          },
    session: await whoAsks(ledger, c),
  };
}

export function signInEndpoints(ledger: Ledger): Hono {
  const app = new Hono();
  app.get("/auth/login", (c) => begin(ledger, c));
  app.get("/auth/callback", (c) => complete(ledger, c));
  app.post("/auth/logout", (c) => end(ledger, c));
  app.get("/auth/session", async (c) => {
    c.header("Cache-Control", "no-store");
    return c.json(await session(ledger, c));
  });
  return app;
}
