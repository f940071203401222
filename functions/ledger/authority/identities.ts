/**
 * Identities without stored secrets: policies that turn the verified claims of an OIDC token into a holder with a role,
 * a name and grants. Pure: signatures are checked by `functions/adapters/oidc`.
 */
import { randomBytes } from "node:crypto";
import * as z from "zod";
import { endpoint, faultsOf, text } from "../../../schemas/scalars.ts";
import { type Holder, holderName, ROLES } from "./authority.ts";
import { Grants } from "./grants.ts";
import type { RunsFor } from "./runs-for.ts";

/** The claims of a token, as its issuer signed them. */
export type Claims = Readonly<Record<string, unknown>>;

// --- the configuration ------------------------------------------------------------------------------------

/** One value or a list of them, as a list. Not a union: its errors would not say what is wrong. */
const oneOrMore = <T>(schema: z.ZodType<T>) =>
  z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(schema).min(1));

/** Numbers and truth values as texts: issuers differ in how they write them. */
const asText = (value: unknown): unknown =>
  Number.isSafeInteger(value) || typeof value === "boolean" ? String(value) : value;

/** A claim's value is compared as it is. What looks like a pattern is refused, because it would never match. */
const literal = z.preprocess(
  asText,
  text(512).refine((value) => !value.includes("*"), { error: "must be a literal value: * is not a pattern" }),
);

const PLACEHOLDER = /\{([^{}]+)\}/g;

/** A text with claims in braces, like `ghcr.io/{repository_owner}/`. */
const template = text(512).refine((value) => !/[{}]/.test(value.replaceAll(PLACEHOLDER, "")), {
  error: "must name claims in braces, like {repository}",
});
const templates = z.array(template).min(1).exactOptional();

/**
 * Claims that name the owner of a job or a person, by issuers that anybody can get tokens from. Without one of them a
 * policy would believe strangers.
 */
const OWNERS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "https://token.actions.githubusercontent.com",
    ["repository_owner", "repository_owner_id", "repository", "repository_id", "enterprise", "enterprise_id"],
  ],
  ["https://gitlab.com", ["namespace_path", "namespace_id", "project_path", "project_id"]],
  ["https://accounts.google.com", ["hd", "sub", "email"]],
  ["https://agent.buildkite.com", ["organization_slug", "organization_id", "pipeline_id"]],
]);

export const Policy = z
  .strictObject({
    issuer: endpoint,
    /** The token must be made for one of these, and for nobody else. */
    audience: oneOrMore(text(512)),
    /** Every claim must have one of its values. */
    claims: z
      .record(z.string(), oneOrMore(literal))
      .refine((claims) => Object.keys(claims).length > 0, { error: "must name at least one claim" }),
    role: z.enum(ROLES),
    name: template,
    grants: z
      .strictObject({
        sources: templates,
        environments: templates,
        services: templates,
        repositories: templates,
        commits: templates,
      })
      .exactOptional(),
  })
  .refine(
    ({ issuer, claims }) => OWNERS.get(issuer)?.some((claim) => Object.hasOwn(claims, claim)) !== false,
    {
      path: ["claims"],
      error: "must name the owner, because anybody can get a token of this issuer: see docs/identities.md",
    },
  );
export type Policy = z.infer<typeof Policy>;

/** How people sign in: the client of an issuer whose tokens a policy takes. */
const Login = z.strictObject({
  issuer: endpoint,
  clientId: text(512),
  /** The ledger's address as browsers know it. */
  url: endpoint.transform((value) => new URL(value).origin),
  scopes: z.array(text(128)).min(1).default(["openid", "profile", "email"]),
  /** The client of `asof login`, where it is another one. */
  commandLineClientId: text(512).exactOptional(),
});
export type Login = z.infer<typeof Login>;

export const Identities = z
  .strictObject({ policies: z.array(Policy).min(1), login: Login.exactOptional() })
  .superRefine(({ policies, login }, context) => {
    if (login === undefined) return;
    for (const clientId of [login.clientId, login.commandLineClientId ?? login.clientId]) {
      const takes = policies.some(
        ({ issuer, audience }) => issuer === login.issuer && audience.includes(clientId),
      );
      if (takes) continue;
      const message = `no policy takes tokens of ${login.issuer} with the audience ${clientId}`;
      context.addIssue({ code: "custom", path: ["login"], message });
    }
  });
export type Identities = z.infer<typeof Identities>;

// --- verification, as endpoints use it --------------------------------------------------------------------

/** A verified token. */
export interface Identity {
  readonly holder: Holder;
  readonly claims: Claims;
}

export type Verified =
  | { readonly is: "identity"; readonly identity: Identity }
  /** `invalid`: it proves nothing. `strange`: it is genuine, and no policy takes it. */
  | { readonly is: "invalid" | "strange"; readonly reason: string }
  /** The issuer's keys cannot be read now. */
  | { readonly is: "unavailable"; readonly reason: string };

export interface Verifier {
  readonly verify: (token: string) => Promise<Verified>;
  /** Absent: people cannot sign in. */
  readonly signIn?: SignIn;
}

/** How people sign in with a browser. Both functions throw an IssuerFailure. */
export interface SignIn {
  readonly login: Login;
  readonly authorizationUrl: (challenge: Challenge) => Promise<string>;
  /** Exchanges the code of a sign-in for an ID token, not yet verified; undefined if the issuer refuses. */
  readonly redeem: (code: string, codeVerifier: string) => Promise<string | undefined>;
}

/** What a sign-in must bring back (`state`, `nonce`), and what proves that it began here (PKCE). */
export interface Challenge {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

const random = (): string => randomBytes(32).toString("base64url");

export const newChallenge = (): Challenge => ({ state: random(), nonce: random(), codeVerifier: random() });

/** An issuer does not answer, or not as an issuer. The message is one line that names it. */
export class IssuerFailure extends Error {}

/** Whether a bearer token has the form of a JWT (RFC 7519): three parts of base64url, the first a JSON object. */
export const isJwt = (token: string): boolean => /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(token);

// --- from claims to a holder ------------------------------------------------------------------------------

const isText = (value: unknown): value is string => typeof value === "string";

/** The values of a claim; none if it is missing or is no value that can be compared. */
function valuesOf(claims: Claims, claim: string): string[] {
  if (!Object.hasOwn(claims, claim)) return [];
  const value = claims[claim];
  if (Array.isArray(value)) return value.filter(isText);
  return [asText(value)].filter(isText);
}

/** What may not stand in a claim that is put into a name or a grant: it could widen the grant, or hide what it says. */
const UNSAFE = /[*?#%\\|,{}]|\.\.|\/\/|^[\s/]|[\s/]$|[\p{C}\p{Zl}\p{Zp}]/u;

/** Why a policy gives nothing. `unsafe`: no other policy may take the token either. */
class Unfilled extends Error {
  readonly isUnsafe: boolean;
  constructor(reason: string, isUnsafe: boolean) {
    super(reason);
    this.isUnsafe = isUnsafe;
  }
}

function filled(pattern: string, claims: Claims): string {
  if (/\{email\}/.test(pattern) && claims.email_verified !== true && claims.email_verified !== "true")
    throw new Unfilled("email is not verified (email_verified)", false);
  return pattern.replaceAll(PLACEHOLDER, (_, claim: string) => {
    const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
    const [text] = Array.isArray(value) ? [] : valuesOf(claims, claim);
    if (text === undefined || text === "") throw new Unfilled(`${claim} is missing`, false);
    if (UNSAFE.test(text) || text.length > 255)
      throw new Unfilled(`${claim} holds characters that cannot stand in a grant or a name`, true);
    return text;
  });
}

/**
 * Claims that show that a job runs for a change that is not merged: a pull or merge request, which a stranger may have
 * written. A policy takes such a token only if it names the claim.
 */
const OF_CHANGES: ReadonlyMap<string, RegExp> = new Map([
  ["event_name", /^pull_request/],
  ["ref", /^refs\/(pull|merge-requests)\//],
  ["ref_path", /^refs\/(pull|merge-requests)\//],
  ["pipeline_source", /^(merge_request_event|external_pull_request_event)$/],
  ["oidc.circleci.com/vcs-ref", /^(refs\/)?pull\//],
]);

function faultOfChange(policy: Policy, claims: Claims): string | undefined {
  const showing = [...OF_CHANGES].flatMap(([claim, pattern]) =>
    valuesOf(claims, claim).some((value) => pattern.test(value)) ? [claim] : [],
  );
  if (showing.length === 0 || showing.some((claim) => Object.hasOwn(policy.claims, claim))) return undefined;
  return `${showing[0]} is that of a pull request, which the policy must name to take it`;
}

/** The first thing about a token that a policy does not take; undefined if it takes the token. */
function faultOf(policy: Policy, claims: Claims): string | undefined {
  for (const [claim, allowed] of Object.entries(policy.claims)) {
    const values = valuesOf(claims, claim);
    if (values.length === 0) return `${claim} is missing`;
    if (!values.some((value) => allowed.includes(value))) return `${claim} is another one`;
  }
  return faultOfChange(policy, claims);
}

const mapped = (patterns: Policy["grants"], claims: Claims): object =>
  Object.fromEntries(
    Object.entries(patterns ?? {}).map(([grant, list]) => {
      const values = list.map((one) => filled(one, claims));
      // Image repositories are in lower case, owners need not be.
      return [grant, grant === "repositories" ? values.map((value) => value.toLowerCase()) : values];
    }),
  );

function holderBy(policy: Policy, claims: Claims): Holder {
  const named = holderName.safeParse(filled(policy.name, claims));
  if (!named.success) throw new Unfilled(`the name it would get ${faultsOf(named.error)}`, false);
  const grants = Grants.safeParse(mapped(policy.grants, claims));
  if (!grants.success) throw new Unfilled(`a grant it would get is invalid: ${faultsOf(grants.error)}`, true);
  const commit = commitOf(policy.issuer, claims);
  return {
    role: policy.role,
    name: named.data,
    ...grants.data,
    ...(commit === undefined ? {} : { runsFor: commit }),
  };
}

/** The holder by the first policy that takes the token; else, policy by policy, why none does. Values are not quoted. */
export function holderFrom(
  policies: readonly Policy[],
  claims: Claims,
): { readonly holder: Holder } | { readonly reason: string } {
  const reasons: string[] = [];
  for (const [n, policy] of policies.entries()) {
    if (policy.issuer !== claims.iss || !valuesOf(claims, "aud").some((one) => policy.audience.includes(one)))
      continue;
    const fault = faultOf(policy, claims);
    if (fault !== undefined) {
      reasons.push(`policy ${n + 1}: ${fault}`);
      continue;
    }
    try {
      return { holder: holderBy(policy, claims) };
    } catch (error) {
      if (!(error instanceof Unfilled)) throw error;
      if (error.isUnsafe) return { reason: `policy ${n + 1}: ${error.message}` };
      reasons.push(`policy ${n + 1}: ${error.message}`);
    }
  }
  return { reason: reasons.length === 0 ? "no policy has this audience" : reasons.join("; ") };
}

// --- what a job vouches for -------------------------------------------------------------------------------

/** Where an issuer's repositories are on the web. GitHub's issuer is a host of its own, or a path on its server. */
function forgeOf(issuer: string): string {
  const { origin, host, pathname } = new URL(issuer);
  if (host === "token.actions.githubusercontent.com") return "https://github.com";
  const [, tenant] = /^token\.actions\.([\w-]+\.ghe\.com)$/.exec(host) ?? [];
  if (tenant !== undefined) return `https://${tenant}`;
  return `${origin}${pathname.replace(/\/_services\/token(\/.*)?$/, "").replace(/\/$/, "")}`;
}

/** The commit that a token of GitHub or GitLab was made for; undefined if its claims name none. */
function commitOf(issuer: string, claims: Claims): RunsFor | undefined {
  const path = [claims.repository, claims.project_path].find(isText);
  const { sha } = claims;
  if (path === undefined || !isText(sha) || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(sha)) return undefined;
  return { repository: `${forgeOf(issuer)}/${path}`, sha };
}
