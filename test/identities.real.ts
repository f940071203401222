/** People sign in at a provider that others wrote: in the browser, and on the command line. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { verifier } from "../functions/adapters/oidc/verifier.ts";
import { Identities } from "../functions/ledger/authority/identities.ts";
import { asof, cleanUp as cleanUpCli, ledgerServer, newFolder } from "./cli/harness.ts";
import { cleanUp, type GivenDoors, givenDoors } from "./http/given.ts";
import { type OpenIdProvider, startProvider, throughPages } from "./real/provider.ts";

const LEDGER = "https://ledger.acme.example";
const JANE = { login: "jane", password: "any" };
let provider: OpenIdProvider;
let doors: GivenDoors;

beforeAll(async () => {
  provider = await startProvider("asof", [`${LEDGER}/auth/callback`], "oncall");
  const { issuer } = provider;
  const identities = Identities.parse({
    policies: [{ issuer, audience: "asof", claims: { groups: "oncall" }, role: "operator", name: "{sub}" }],
    login: { issuer, clientId: "asof", url: LEDGER, scopes: ["openid"] },
  });
  const now = () => new Date();
  doors = givenDoors({ now, identities: verifier(identities, now, async () => undefined) });
});
afterAll(async () => {
  provider.stop();
  await cleanUpCli();
  cleanUp();
});

it("signs a person in with a browser, by the role of their group", async () => {
  const begun = await doors.app.request("/auth/login?returnTo=/releases");
  const cookieOf = (response: Response) =>
    response.headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
  const back = await throughPages(begun.headers.get("location") ?? "", provider, JANE);
  expect(back).toMatch(/^https:\/\/ledger\.acme\.example\/auth\/callback\?/);
  const headers = { cookie: cookieOf(begun) };
  const done = await doors.app.request(back.slice(LEDGER.length), { headers });
  expect(done.status, await done.clone().text()).toBe(302);
  expect(done.headers.get("location")).toBe("/releases");
  const session =
    cookieOf(done)
      .split("; ")
      .find((one) => one.startsWith("__Host-asof-session=")) ?? "";
  const asked = await doors.app.request("/auth/session", { headers: { cookie: session } });
  expect(await asked.json()).toMatchObject({ session: { name: "jane", role: "operator" } });
  expect((await doors.app.request("/v1/environments", { headers: { cookie: session } })).status).toBe(200);
});

it("signs a person in on the command line by a code for another device", async () => {
  const ledger = await ledgerServer(doors);
  const env = { HOME: newFolder(), ASOF_TOKEN: "", ASOF_URL: ledger.url };
  const err = (line: string): void => {
    const address = /open (\S+) and enter/.exec(line)?.[1];
    if (address !== undefined) void throughPages(address, provider, JANE);
  };
  const { code, out } = await asof(["login"], env, new Date().toISOString(), { err });
  expect(out).toContain("signed in as jane (operator)");
  expect(code).toBe(0);
});
