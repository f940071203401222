/** An OpenID provider as the certified `oidc-provider` is one, and a browser that goes through its pages. */
import { once } from "node:events";
import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

export interface OpenIdProvider {
  readonly issuer: string;
  readonly stop: () => void;
}

/**
 * Starts a provider with one public client, whose people are all in one group.
 * @param redirectUris where the client's sign-ins may lead back to
 */
export async function startProvider(
  clientId: string,
  redirectUris: readonly string[],
  group: string,
): Promise<OpenIdProvider> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        redirect_uris: redirectUris,
        application_type: "native",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid: "of-the-provider" }] },
    cookies: { keys: ["a-key-of-the-test"] },
    claims: { openid: ["sub", "groups"], profile: ["name"], email: ["email"] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true } },
    findAccount: (_: unknown, accountId: string) => ({
      accountId,
      claims: () => ({ sub: accountId, groups: [group] }),
    }),
  });
  server.on("request", provider.callback());
  return {
    issuer,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const attribute = (tag: string, name: string): string =>
  (new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "").replaceAll("&amp;", "&");

/** What the first form of a page sends, with the fields that a person fills in. */
function formOf(html: string, typed: Readonly<Record<string, string>>) {
  const form = /<form[\s\S]*?<\/form>/.exec(html)?.[0] ?? "";
  const inputs = [...form.matchAll(/<input[^>]*>/g)].map(([tag]) => tag);
  const fields = inputs.map((tag): [string, string] => {
    const name = attribute(tag, "name");
    return [name, typed[name] ?? attribute(tag, "value")];
  });
  return { action: attribute(form, "action"), body: new URLSearchParams(fields) };
}

/**
 * Goes from an address through the provider's pages as a person does: types the login, agrees to everything.
 * @returns the first address outside of the provider, or the last page's text
 */
export async function throughPages(
  start: string,
  { issuer }: OpenIdProvider,
  typed: Readonly<Record<string, string>>,
): Promise<string> {
  const cookies = new Map<string, string>();
  let next: { url: string; body?: URLSearchParams } = { url: start };
  for (let n = 0; n < 20; n++) {
    const response = await fetch(next.url, {
      redirect: "manual",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(next.body === undefined ? {} : { method: "POST", body: next.body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = response.headers.get("location");
    if (location !== null) {
      const url = new URL(location, next.url);
      if (url.origin !== issuer) return url.href;
      next = { url: url.href };
      continue;
    }
    const html = await response.text();
    const { action, body } = formOf(html, typed);
    if (action === "") return html;
    next = { url: new URL(action, next.url).href, body };
  }
  throw new Error(`the pages of ${issuer} lead nowhere`);
}
