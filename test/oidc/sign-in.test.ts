/** How people sign in with a browser, against a real issuer. */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { verifier } from "../../functions/adapters/oidc/verifier.ts";
import { Identities } from "../../functions/ledger/authority/identities.ts";
import { cleanUp, deployed, type GivenDoors, givenDoors, NOW } from "../http/given.ts";
import { type Issuer, startIssuer, stopIssuers } from "./issuer.ts";

afterEach(cleanUp);
afterAll(stopIssuers);

const now = () => new Date(NOW);
const URL_OF = "https://ledger.acme.example";
const JANE = { sub: "jane-1", "cognito:username": "jane", "cognito:groups": ["oncall"] };

const identitiesOf = (issuer: string, more: object = {}) =>
  Identities.parse({
    policies: [
      {
        issuer,
        audience: ["client-1", "client-2"],
        claims: { "cognito:groups": ["oncall"] },
        role: "operator",
        name: "{cognito:username}",
      },
    ],
    login: { issuer, clientId: "client-1", url: URL_OF, ...more },
  });

interface Browser extends GivenDoors {
  readonly issuer: Issuer;
  readonly open: (path: string, init?: RequestInit) => Promise<Response>;
  /** Cookies by name, as the browser keeps them. */
  readonly cookies: Map<string, string>;
  /** The raw `Set-Cookie` lines that were received. */
  readonly set: string[];
}

async function givenBrowser(more: object = {}, secret?: string): Promise<Browser> {
  const issuer = await startIssuer({ now });
  issuer.state.person = JANE;
  const identities = verifier(identitiesOf(issuer.issuer, more), now, async () => secret);
  const doors = givenDoors({ identities });
  const cookies = new Map<string, string>();
  const set: string[] = [];
  const open: Browser["open"] = async (path, init = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await doors.app.request(path, {
      ...init,
      headers: { ...(cookie === "" ? {} : { cookie }), ...Object.fromEntries(new Headers(init.headers)) },
    });
    for (const line of response.headers.getSetCookie()) {
      set.push(line);
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return { ...doors, issuer, open, cookies, set };
}

/** Follows the browser to the issuer, and returns the path by which it comes back. */
async function throughIssuer(response: Response): Promise<string> {
  expect(response.status).toBe(302);
  const there = await fetch(response.headers.get("location") ?? "", { redirect: "manual" });
  const back = new URL(there.headers.get("location") ?? "");
  expect(back.origin).toBe(URL_OF);
  return `${back.pathname}${back.search}`;
}

async function signIn(browser: Browser, returnTo = "/"): Promise<Response> {
  const path = `/auth/login?${new URLSearchParams({ returnTo })}`;
  return browser.open(await throughIssuer(await browser.open(path)));
}

const freeze = (origin?: string): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...(origin === undefined ? {} : { origin }) },
  body: JSON.stringify({ environment: "production", reason: "inventory" }),
});

describe("a person who signs in", () => {
  it("comes back to where the sign-in began, with a session that no script can read", async () => {
    const browser = await givenBrowser();
    const answer = await signIn(browser, "/releases?environment=production");
    expect(answer.status).toBe(302);
    expect(answer.headers.get("location")).toBe("/releases?environment=production");
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const session = browser.set.find((line) => line.startsWith("__Host-asof-session="));
    for (const attribute of ["Path=/", "HttpOnly", "Secure", "SameSite=Strict", "Max-Age=300"])
      expect(session).toContain(attribute);
    expect([...browser.cookies.keys()]).toEqual(["__Host-asof-session"]);
  });

  it("proves that the sign-in began in this browser: with PKCE, and without a secret", async () => {
    const browser = await givenBrowser();
    const begun = await browser.open("/auth/login");
    const to = new URL(begun.headers.get("location") ?? "").searchParams;
    expect(Object.fromEntries(to)).toMatchObject({
      response_type: "code",
      client_id: "client-1",
      redirect_uri: `${URL_OF}/auth/callback`,
      scope: "openid profile email",
      code_challenge_method: "S256",
    });
    await browser.open(await throughIssuer(begun));
    const [form] = browser.issuer.posted;
    expect(form?.code_verifier).toMatch(/^[\w-]{43}$/);
    expect(form).not.toHaveProperty("client_secret");
  });

  it("is proved by the client's secret, too, where it has one", async () => {
    const browser = await givenBrowser({}, "s3cret-of-the-client");
    await signIn(browser);
    expect(browser.issuer.posted[0]?.client_secret).toBe("s3cret-of-the-client");
  });

  it("has the role of their group in everything they ask and do", async () => {
    const browser = await givenBrowser();
    await signIn(browser);
    expect((await browser.open("/v1/environments")).status).toBe(200);
    expect((await browser.open("/v1/export?from=2026-01-01")).status).toBe(403);
    await browser.client("writer").say(deployed("d-1"));
    expect((await browser.open("/v1/freezes", freeze(URL_OF))).status).toBe(201);
    expect(await (await browser.open("/v1/freezes?environment=production")).text()).toContain('"jane"');
  });

  it("is shown as who they are, until they sign out", async () => {
    const browser = await givenBrowser();
    const { issuer } = browser.issuer;
    const login = { issuer, clientId: "client-1", scopes: ["openid", "profile", "email"] };
    const asked = async () => (await browser.open("/auth/session")).json();
    expect(await asked()).toEqual({ login, session: null });
    await signIn(browser);
    const session = { name: "jane", role: "operator", endsAt: "2026-11-22T09:05:00.000Z" };
    expect(await asked()).toEqual({ login, session });
    expect((await browser.open("/auth/logout", { method: "POST", headers: { origin: URL_OF } })).status).toBe(
      204,
    );
    expect(await asked()).toEqual({ login, session: null });
    expect((await browser.open("/v1/environments")).status).toBe(401);
  });

  it("is asked to use the client of the command line there", async () => {
    const browser = await givenBrowser({ commandLineClientId: "client-2" });
    expect(await (await browser.open("/auth/session")).json()).toMatchObject({
      login: { clientId: "client-2" },
    });
  });

  it.each([
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "",
  ])("is led to no other site: %j", async (returnTo) => {
    const browser = await givenBrowser();
    expect((await signIn(browser, returnTo)).headers.get("location")).toBe("/");
  });

  it("has a session without TLS only at an address of this machine", async () => {
    const browser = await givenBrowser({ url: "http://127.0.0.1:8787" });
    const begun = await browser.open("/auth/login");
    expect(browser.set[0]).toMatch(/^asof-sign-in=/);
    expect(browser.set[0]).not.toContain("Secure");
    expect(begun.status).toBe(302);
  });
});

describe("a sign-in is refused", () => {
  it("that began in another browser", async () => {
    const [mallory, jane] = [await givenBrowser(), await givenBrowser()];
    const path = await throughIssuer(await mallory.open("/auth/login"));
    expect((await jane.open(path)).status).toBe(403);
    await jane.open("/auth/login");
    expect((await jane.open(path)).status).toBe(403);
    expect(jane.cookies.has("__Host-asof-session")).toBe(false);
  });

  it("whose code is used twice", async () => {
    const browser = await givenBrowser();
    const begun = await browser.open("/auth/login");
    const kept = new Map(browser.cookies);
    const path = await throughIssuer(begun);
    expect((await browser.open(path)).status).toBe(302);
    for (const [name, value] of kept) browser.cookies.set(name, value);
    expect((await browser.open(path)).status).toBe(403);
  });

  it.each<[string, (path: string) => string, number]>([
    ["without a code", (path) => path.replace(/code=[^&]*/, ""), 403],
    ["with a code of the sender's own", (path) => path.replace(/code=[^&]*/, "code=mine"), 403],
    ["without its state", (path) => path.replace(/state=[^&]*/, ""), 403],
    ["that the person declined", (path) => path.replace(/code=[^&]*/, "error=access_denied"), 403],
    ["that shows a script", (path) => path.replace(/code=[^&]*/, "error=<script>"), 403],
  ])("%s", async (_, change, status) => {
    const browser = await givenBrowser();
    const answer = await browser.open(change(await throughIssuer(await browser.open("/auth/login"))));
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toContain("<script>");
    expect(browser.cookies.has("__Host-asof-session")).toBe(false);
  });

  it.each<[string, object, number]>([
    ["whose token belongs to another sign-in", { ...JANE, nonce: "another" }, 403],
    ["of a person in no group that counts", { ...JANE, "cognito:groups": ["guests"] }, 403],
    ["of a person whose token is for another client", { ...JANE, aud: "client-9" }, 401],
    ["whose token is too large for a cookie", { ...JANE, groups: Array(400).fill("a-long-group") }, 500],
  ])("%s", async (_, person, status) => {
    const browser = await givenBrowser();
    browser.issuer.state.person = { ...person };
    expect((await signIn(browser)).status).toBe(status);
    expect(browser.cookies.has("__Host-asof-session")).toBe(false);
  });

  it("where nobody can sign in", async () => {
    const { stranger } = givenDoors();
    expect((await stranger().get("/auth/login")).status).toBe(404);
    expect((await stranger().get("/auth/callback")).status).toBe(404);
    expect((await stranger().get("/auth/session")).json).toEqual({ login: null, session: null });
  });

  it("while the issuer is down", async () => {
    const browser = await givenBrowser();
    browser.issuer.state.discovery = () => undefined;
    expect((await browser.open("/auth/login")).status).toBe(503);
  });
});

describe("a session", () => {
  it.each([
    ["another site", "https://evil.example"],
    ["a subdomain", "https://evil.ledger.acme.example"],
    ["the same host without TLS", "http://ledger.acme.example"],
    ["nowhere", "null"],
    ["a program that does not say from where", undefined],
  ])("changes nothing by a request from %s", async (_, origin) => {
    const browser = await givenBrowser();
    await signIn(browser);
    await browser.client("writer").say(deployed("d-1"));
    for (const path of ["/v1/freezes", "/v1/marks", "/v1/redeployments", "/v1/events", "/v1/backups"])
      expect((await browser.open(path, freeze(origin))).status).toBe(403);
    expect((await browser.open("/auth/logout", freeze(origin))).status).toBe(403);
    expect(await (await browser.open("/v1/freezes?environment=production")).text()).not.toContain(
      "inventory",
    );
  });

  it("ends with its token", async () => {
    const clock = { ms: Date.parse(NOW) };
    const issuer = await startIssuer({ now });
    const identities = verifier(
      identitiesOf(issuer.issuer),
      () => new Date(clock.ms),
      async () => undefined,
    );
    const { app } = givenDoors({ identities });
    const cookie = `__Host-asof-session=${await issuer.sign({ ...JANE, aud: "client-1" })}`;
    const asked = async () => (await app.request("/v1/environments", { headers: { cookie } })).status;
    expect(await asked()).toBe(200);
    clock.ms += 331_000;
    expect(await asked()).toBe(401);
  });

  it("counts under its own name alone, and behind a token", async () => {
    const browser = await givenBrowser();
    await signIn(browser);
    const token = browser.cookies.get("__Host-asof-session") ?? "";
    const status = async (headers: Record<string, string>) =>
      (await browser.app.request("/v1/environments", { headers })).status;
    expect(await status({ cookie: `asof-session=${token}` })).toBe(401);
    expect(await status({ cookie: `__Host-asof-session=${token}` })).toBe(200);
    expect(await status({ cookie: `__Host-asof-session=${token}`, authorization: "Bearer wrong" })).toBe(401);
    expect(await status({ authorization: `Bearer ${token}` })).toBe(200);
  });
});
