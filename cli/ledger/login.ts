/** `asof login`: signs a person in by the ledger's issuer, by a device code or through a browser on this machine. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import * as z from "zod";
import {
  authorizationUrl,
  beginDevice,
  type Client,
  pollDevice,
  redeemCode,
  type SignedIn,
} from "../../functions/adapters/oidc/code-flow.ts";
import { type Discovered, discover } from "../../functions/adapters/oidc/discovery.ts";
import { IssuerFailure, newChallenge } from "../../functions/ledger/authority/identities.ts";
import { CliError } from "../error.ts";
import type { Io } from "../io.ts";
import { callLedger } from "./client.ts";
import { claimsOf } from "./identity.ts";
import { LedgerOptions, ledgerFrom, withLedgerOptions } from "./ledger.ts";
import { loginFile, saveLogin } from "./logins.ts";

const Options = z.looseObject({
  ...LedgerOptions.shape,
  port: z.coerce.number().int().min(1).max(65_535),
  forget: z.boolean().optional(),
});

const HELP = `
Example:
  asof login --url https://ledger.acme.example

Where the ledger's issuer offers device codes, it shows an address and a code for any browser; else it shows an address for
a browser on this machine, which leads back to http://localhost:<port>/callback: register that at the issuer.
What the issuer gives is kept in ~/.config/asof/logins.json, readable by you alone. Commands use it where neither ASOF_TOKEN
nor --token-file is set, and renew it. In GitHub Actions with permissions: id-token: write, no login is needed.`;

/** Until when a person may take, where the issuer does not say. */
const PATIENCE_MS = 300_000;

const Nonce = z.object({ nonce: z.string() });
const nonceOf = (token: string): string | undefined => Nonce.safeParse(claimsOf(token)).data?.nonce;

interface Return {
  readonly server: Server;
  /** The query by which the browser comes back. */
  readonly query: Promise<URLSearchParams>;
}

/** A server that waits for the browser to come back with the state that the sign-in began with. */
function awaitReturn(state: string): Return {
  const server = createServer();
  const query = new Promise<URLSearchParams>((done) => {
    server.on("request", ({ url = "/" }, response) => {
      const { pathname, searchParams } = new URL(url, "http://localhost");
      const isBack = pathname === "/callback" && searchParams.get("state") === state;
      response.writeHead(isBack ? 200 : 404, { "content-type": "text/plain", connection: "close" });
      response.end(isBack ? "You may close this window and go back to the terminal.\n" : "Not here.\n");
      if (isBack) response.once("close", () => done(searchParams));
    });
  });
  return { server, query };
}

/** Opens a port of this machine. Throws a CliError where somebody else has it. */
async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, "localhost");
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new CliError(`--port ${port}: cannot be opened; register another one at the issuer, and give it`, {
      cause,
    });
  }
}

const ABORTED = Symbol("aborted");

async function byBrowser(io: Io, discovered: Discovered, client: Client, port: number): Promise<SignedIn> {
  const redirecting = { ...client, redirectUri: `http://localhost:${port}/callback` };
  const challenge = newChallenge();
  const to = authorizationUrl(discovered, redirecting, challenge);
  const { server, query } = awaitReturn(challenge.state);
  await listen(server, port);
  try {
    io.err(`asof: open in a browser on this machine: ${to}`);
    const signal = AbortSignal.any([io.interrupted(), AbortSignal.timeout(PATIENCE_MS)]);
    const aborted = once(signal, "abort").then(() => ABORTED);
    const back = await Promise.race([query, aborted]);
    if (!(back instanceof URLSearchParams)) throw new CliError("nobody signed in");
    const code = back.get("code");
    if (code === null) throw new CliError("the issuer refused the sign-in");
    const given = await redeemCode(discovered, redirecting, code, challenge.codeVerifier);
    if (given === undefined) throw new CliError("the issuer does not know the code; try again");
    if (nonceOf(given.idToken) !== challenge.nonce)
      throw new CliError("the ID token belongs to another sign-in; try again");
    return given;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function byDevice(io: Io, discovered: Discovered, client: Client): Promise<SignedIn> {
  const device = await beginDevice(discovered, client);
  const { verification_uri: address, verification_uri_complete: complete, user_code: code } = device;
  io.err(`asof: open ${complete ?? address} and enter ${code}`);
  const untilMs = Date.now() + device.expires_in * 1000;
  let waitMs = device.interval * 1000;
  while (Date.now() < untilMs) {
    await setTimeout(waitMs);
    const given = await pollDevice(discovered, client, device);
    if (typeof given !== "string") return given;
    // RFC 8628, 3.5.
    if (given === "slow_down") waitMs += 5000;
    else if (given !== "authorization_pending")
      throw new CliError(`the issuer refused the sign-in: ${given}`);
  }
  throw new CliError("nobody signed in");
}

async function login(io: Io, options: z.infer<typeof Options>): Promise<void> {
  const { identity: _, token: __, ...ledger } = ledgerFrom(options, io);
  const anonymous = { ...ledger, token: undefined };
  const { login: offered } = await callLedger(anonymous, (client) => client.session());
  if (offered === null)
    throw new CliError(`${ledger.url} lets nobody sign in: its ASOF_IDENTITIES names no login`);
  const discovered = await discover(offered.issuer);
  const { issuer } = discovered;
  io.err(`asof: ${ledger.url} asks you to sign in at ${new URL(issuer).host}`);
  const given =
    discovered.device_authorization_endpoint === undefined
      ? await byBrowser(io, discovered, offered, options.port)
      : await byDevice(io, discovered, offered);
  // The ledger says who that is, or why it takes nobody by this token: then nothing is kept.
  const { session } = await callLedger({ ...ledger, token: given.idToken }, (client) => client.session());
  saveLogin(ledger.url, { issuer, clientId: offered.clientId, scopes: offered.scopes, ...given }, io);
  io.out(
    `signed in as ${session?.name} (${session?.role}), until ${session?.endsAt}; kept in ${loginFile(io)}`,
  );
}

export const loginCommand = (command: Command, io: Io): Command =>
  withLedgerOptions(command)
    .option("--port <port>", "where the browser comes back to on this machine", "18787")
    .option("--forget", "forget what was kept of this ledger")
    .addHelpText("after", HELP)
    .action(async () => {
      const options = Options.parse(command.opts());
      try {
        if (options.forget === true) saveLogin(ledgerFrom(options, io).url, undefined, io);
        else await login(io, options);
      } catch (error) {
        throw error instanceof IssuerFailure ? new CliError(error.message, { cause: error }) : error;
      }
    });
