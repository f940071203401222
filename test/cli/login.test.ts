/** Tokens that nobody stores for the command line: of people who sign in, and of jobs on GitHub. */

import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { verifier } from "../../functions/adapters/oidc/verifier.ts";
import { Identities } from "../../functions/ledger/authority/identities.ts";
import { cleanUp as cleanUpDoors, givenDoors, NOW, tokenOf } from "../http/given.ts";
import { type Issuer, startIssuer, stopIssuers } from "../oidc/issuer.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer, newFolder, type Person } from "./harness.ts";

const now = () => new Date(NOW);
const JANE = { sub: "jane-1", username: "jane", groups: ["oncall"] };

afterEach(async () => {
  await cleanUp();
  await stopIssuers();
  cleanUpDoors();
});

interface World {
  readonly issuer: Issuer;
  readonly ledger: LedgerServer;
  readonly home: string;
  readonly file: string;
  /** A command line without a token. */
  readonly run: (args: readonly string[], at?: string, person?: Person) => ReturnType<typeof asof>;
}

async function given(device = false): Promise<World> {
  const issuer = await startIssuer({ now, device });
  issuer.state.person = JANE;
  const identities = Identities.parse({
    policies: [
      {
        issuer: issuer.issuer,
        audience: "cli",
        claims: { groups: "oncall" },
        role: "operator",
        name: "{username}",
      },
    ],
    login: { issuer: issuer.issuer, clientId: "cli", url: "https://ledger.acme.example" },
  });
  const ledger = await ledgerServer(
    givenDoors({ identities: verifier(identities, now, async () => undefined) }),
  );
  const home = newFolder();
  const env = { HOME: home, ASOF_TOKEN: "", ASOF_URL: ledger.url };
  const run: World["run"] = (args, at, person) => asof(args, env, at, person);
  return { issuer, ledger, home, file: join(home, ".config/asof/logins.json"), run };
}

/** Opens the address that the command line shows, as a browser does. */
function browser(also: (address: string) => string = (address) => address): Person {
  return {
    err: (line) => {
      const address = /browser on this machine: (\S+)/.exec(line)?.[1];
      if (address !== undefined) void fetch(also(address)).catch(() => undefined);
    },
  };
}

const freePort = async (): Promise<string> => {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? String(address.port) : "";
};

const ENVIRONMENTS = ["plan", "--environment", "production", "--service", "nothing", "--at", "2026-11-01"];

describe("asof login", () => {
  it("shows a code for any browser, where the issuer offers it, and waits for the person", async () => {
    const { issuer, run, file } = await given(true);
    issuer.state.pending = 2;
    const { code, out, err } = await run(["login"]);
    expect(err).toContain(`open ${issuer.issuer}/activate and enter ABCD-EFGH`);
    expect(out).toBe(`signed in as jane (operator), until 2026-11-22T09:05:00.000Z; kept in ${file}`);
    expect(code).toBe(0);
    expect(issuer.posted).toHaveLength(3);
  });

  it("leads a browser on this machine back, with PKCE, where it does not", async () => {
    const { run, issuer } = await given();
    const { code, out } = await run(["login", "--port", await freePort()], NOW, browser());
    expect(code).toBe(0);
    expect(out).toContain("signed in as jane (operator)");
    expect(issuer.posted[0]).toMatchObject({ grant_type: "authorization_code", client_id: "cli" });
  });

  it("keeps what the issuer gives where this user alone reads it, and replaces a file that others read", async () => {
    const { run, file, home } = await given(true);
    await run(["login"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, ".config/asof")).mode & 0o777).toBe(0o700);
    writeFileSync(file, readFileSync(file), { mode: 0o644 });
    await run(["login"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("lets other commands go without a token, until it is forgotten", async () => {
    const { run, ledger, file } = await given(true);
    expect((await run(ENVIRONMENTS)).err).toContain("401");
    await run(["login"]);
    expect((await run(ENVIRONMENTS)).err).toContain("404");
    expect(ledger.asked.at(-1)).toMatch(/^Bearer eyJ/);
    await run(["login", "--forget"]);
    expect(readFileSync(file, "utf8")).toBe("{}\n");
    expect((await run(ENVIRONMENTS)).err).toContain("401");
  });

  it("sends it to no other ledger, and not where a token is given", async () => {
    const { run, ledger, home } = await given(true);
    await run(["login"]);
    const other = await ledgerServer();
    await run([...ENVIRONMENTS, "--url", other.url]);
    expect(other.asked).toEqual([undefined]);
    await asof(ENVIRONMENTS, { HOME: home, ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("reader") });
    expect(ledger.asked.at(-1)).toBe(`Bearer ${tokenOf("reader")}`);
  });

  it("renews a token that has ended, and keeps the new one", async () => {
    const { run, issuer, file } = await given(true);
    await run(["login"]);
    const before = readFileSync(file, "utf8");
    issuer.state.person = { ...JANE, exp: Date.parse(NOW) / 1000 + 7200 };
    const later = "2026-11-22T09:04:45.000Z";
    expect((await run(ENVIRONMENTS, later)).err).toContain("404");
    expect(issuer.posted.at(-1)).toMatchObject({ grant_type: "refresh_token", refresh_token: "refresh-me" });
    expect(readFileSync(file, "utf8")).not.toBe(before);
    const posted = issuer.posted.length;
    await run(ENVIRONMENTS, later);
    expect(issuer.posted).toHaveLength(posted);
  });

  it("asks to sign in again where the issuer renews nothing", async () => {
    const { run, file } = await given(true);
    await run(["login"]);
    writeFileSync(file, readFileSync(file, "utf8").replace("refresh-me", "revoked"));
    expect((await run(ENVIRONMENTS, "2026-11-22T10:00:00.000Z")).err).toContain("use asof login");
  });

  it("keeps nothing of a person whom the ledger does not take, and says why", async () => {
    const { run, issuer, file } = await given(true);
    issuer.state.person = { ...JANE, groups: ["guests"] };
    const { code, err } = await run(["login"]);
    expect(code).toBe(5);
    expect(err).toContain("policy 1: groups is another one");
    expect(existsSync(file)).toBe(false);
  });

  it("ends where the person declines, or another page answers in the browser's place", async () => {
    const { run, issuer } = await given();
    const port = await freePort();
    const forged = (address: string) => {
      const to = new URL(address).searchParams.get("redirect_uri");
      // A page that does not know the state is not heard; then the person declines.
      void fetch(`${to}?code=forged&state=forged`).then((answer) => expect(answer.status).toBe(404));
      return `${to}?error=access_denied&state=${new URL(address).searchParams.get("state")}`;
    };
    const { code } = await run(["login", "--port", port], NOW, browser(forged));
    expect(code).toBe(1);
    expect(issuer.posted).toEqual([]);
  });

  it("ends where nobody signs in before Ctrl-C", async () => {
    const { run } = await given();
    const person = { interrupted: () => AbortSignal.timeout(50) };
    const ended = await run(["login", "--port", await freePort()], NOW, person);
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining("nobody signed in") });
  });

  it("says where nobody can sign in", async () => {
    const ledger = await ledgerServer();
    const { code, err } = await asof(["login", "--url", ledger.url], { HOME: newFolder() });
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining("lets nobody sign in") });
  });
});

describe("a job on GitHub", () => {
  it("asks its issuer for a token of the ledger's address, once for a command", async () => {
    const { issuer, ledger } = await given();
    const asked: string[] = [];
    const actions = createServer(async (request, response) => {
      asked.push(`${request.url} ${request.headers.authorization}`);
      response.end(JSON.stringify({ value: await issuer.sign({ ...JANE, aud: "cli" }) }));
    }).listen(0, "127.0.0.1");
    await once(actions, "listening");
    const address = actions.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const env = {
      ASOF_TOKEN: "",
      ASOF_URL: `${ledger.url}/`,
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "proof-of-the-job",
    };
    expect((await asof(ENVIRONMENTS, env)).err).toContain("404");
    expect(asked).toEqual([
      `/token?api-version=2.0&audience=${encodeURIComponent(ledger.url)} bearer proof-of-the-job`,
    ]);
    actions.close();
    const down = await asof(ENVIRONMENTS, {
      ...env,
      ACTIONS_ID_TOKEN_REQUEST_URL: "http://127.0.0.1:9/token",
    });
    expect(down).toMatchObject({ code: 4, err: expect.stringContaining("GitHub's issuer") });
  });
});
