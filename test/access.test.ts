import { describe, expect, it } from "vitest";
import {
  holderOf,
  isAllowed,
  newToken,
  parseTokens,
  ROLES,
} from "../functions/ledger/authority/authority.ts";
import { sha256 } from "../functions/ledger/canonical.ts";

const SECRET = "s3cr3t-0123456789abcdef";
const OTHER = "0th3r-0123456789abcdef!";
const bearer = (token: string) => `Bearer ${token}`;

/** What parsing says is wrong with a list. */
function faultOf(list: string): string {
  try {
    parseTokens(list);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("was taken");
}

describe("a list of tokens", () => {
  it("may be empty", () => {
    expect(parseTokens("")).toEqual([]);
    expect(parseTokens(" , ,\n")).toEqual([]);
  });

  it("is kept as hashes, with role and name, in its order", () => {
    const tokens = parseTokens(`writer:ci:${SECRET}, reader:team/web@acme:${OTHER},`);
    expect(tokens).toEqual([
      { role: "writer", name: "ci", hash: sha256(SECRET) },
      { role: "reader", name: "team/web@acme", hash: sha256(OTHER) },
    ]);
    expect(JSON.stringify(tokens)).not.toContain(SECRET);
  });

  it("may give a token as its hash", () => {
    const hashed = `writer:ci:sha256=${sha256(SECRET)}`;
    expect(parseTokens(hashed)).toEqual(parseTokens(`writer:ci:${SECRET}`));
    expect(holderOf(parseTokens(hashed), bearer(SECRET))).toMatchObject({ name: "ci" });
    expect(holderOf(parseTokens(hashed), bearer(sha256(SECRET)))).toBeUndefined();
    expect(holderOf(parseTokens(hashed), bearer(`sha256=${sha256(SECRET)}`))).toBeUndefined();
  });

  it("may bind a token to sources and environments, in either order", () => {
    const bound = { sources: ["/ci/acme", "/ci/tools"], environments: ["production", "review/x"] };
    const sources = "sources=/ci/acme|/ci/tools";
    const environments = "environments=production|review/x";
    expect(parseTokens(`writer:ci:${SECRET}:${sources}:${environments}`)).toMatchObject([bound]);
    expect(parseTokens(`writer:ci:${SECRET}:${environments}:${sources}`)).toMatchObject([bound]);
    expect(parseTokens(`writer:ci:${SECRET}:${sources}`)).toEqual([
      { role: "writer", name: "ci", hash: sha256(SECRET), sources: bound.sources },
    ]);
  });

  it("may bind a token to services, image repositories and source repositories, with colons in them", () => {
    const grants =
      "services=acme/billing|web:repositories=localhost:5000/acme|ghcr.io/acme/:commits=https://github.com/acme";
    expect(parseTokens(`writer:ci:${SECRET}:${grants}`)).toEqual([
      {
        role: "writer",
        name: "ci",
        hash: sha256(SECRET),
        services: ["acme/billing", "web"],
        repositories: ["localhost:5000/acme", "ghcr.io/acme/"],
        commits: ["https://github.com/acme"],
      },
    ]);
  });

  it.each([
    ["an unknown role", `root:ci:${SECRET}`, "role"],
    ["no role", `:ci:${SECRET}`, "role"],
    ["no name", `writer::${SECRET}`, "name"],
    ["a name with a space", `writer:the ci:${SECRET}`, "name"],
    ["a token in the name's place", `writer:${SECRET}!:ci`, "name"],
    ["no token", "writer:ci", "token"],
    ["an empty token", "writer:ci:", "token"],
    ["a token that can be guessed", "writer:ci:fifteen-letters", "token"],
    ["an empty source", `writer:ci:${SECRET}:sources=`, "sources"],
    ["a source that is none", `writer:ci:${SECRET}:sources=/ci/acme|a b`, "sources"],
    ["an environment that is none", `writer:ci:${SECRET}:environments=production|`, "environments"],
    ["a bound that is none", `writer:ci:${SECRET}:places=acme`, "sources=…, environments=…"],
    [
      "a bound that is none behind one that is",
      `writer:ci:${SECRET}:sources=/a:enviroments=staging`,
      "sources=…",
    ],
    ["a bound without a value", `writer:ci:${SECRET}:environments`, "environments=…"],
    ["an empty bound at the end", `writer:ci:${SECRET}:environments=staging:`, "sources=…"],
    ["a token with a colon", `writer:ci:${SECRET}:${OTHER}`, "sources=…, environments=…"],
    ["a repository in capitals", `writer:ci:${SECRET}:repositories=ghcr.io/Acme`, "repositories"],
    ["a repository with a pattern", `writer:ci:${SECRET}:repositories=ghcr.io/*`, "repositories"],
    ["an empty service", `writer:ci:${SECRET}:services=`, "services"],
    ["a commit's address that is none", `writer:ci:${SECRET}:commits=a b`, "commits"],
    ["a hash of too few digits", `writer:ci:sha256=${sha256(SECRET).slice(1)}`, "token"],
    ["a hash in capitals", `writer:ci:sha256=${sha256(SECRET).toUpperCase()}`, "token"],
    ["a bound given twice", `writer:ci:${SECRET}:sources=/a:sources=/b`, "sources"],
  ])("with %s is refused, by entry and field and without the token", (_, entry, field) => {
    const fault = faultOf(`reader:web:${OTHER}, ${entry}`);
    expect(fault).toContain("entry 2: ");
    expect(fault).toContain(field);
    for (const secret of [SECRET, OTHER, sha256(SECRET).slice(1), "fifteen-letters"]) {
      expect(fault.toLowerCase()).not.toContain(secret.toLowerCase());
    }
  });
});

describe("a bearer token", () => {
  const tokens = parseTokens(`writer:ci:${SECRET},admin:ops:${OTHER}`);

  it.each([bearer(SECRET), `bearer ${SECRET}`, `BEARER   ${SECRET}`])("finds its holder", (authorization) => {
    expect(holderOf(tokens, authorization)).toMatchObject({ role: "writer", name: "ci" });
  });

  it.each([
    ["missing", undefined],
    ["empty", ""],
    ["empty behind its scheme", "Bearer "],
    ["unknown", bearer("nobody-0123456789abcdef")],
    ["only begun", bearer(SECRET.slice(0, -1))],
    ["continued", bearer(`${SECRET}x`)],
    ["in another case", bearer(SECRET.toUpperCase())],
    ["its own hash", bearer(sha256(SECRET))],
    ["of another scheme", `Basic ${SECRET}`],
    ["without a scheme", SECRET],
    ["followed by something", `${bearer(SECRET)} ${OTHER}`],
  ])("that is %s finds nobody", (_, authorization) => {
    expect(holderOf(tokens, authorization)).toBeUndefined();
  });

  it("finds nobody where there are no tokens", () => {
    expect(holderOf([], bearer(SECRET))).toBeUndefined();
  });

  it("that is new is long, and another one each time", () => {
    const made = new Set(Array.from({ length: 100 }, newToken));
    expect(made.size).toBe(100);
    for (const token of made) expect(token).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(parseTokens([...made].map((token) => `admin:first:${token}`).join(","))).toHaveLength(100);
  });
});

describe("a role", () => {
  it.each([
    ["reader", ["ask"]],
    ["writer", ["write"]],
    ["operator", ["ask"]],
    ["auditor", ["ask", "export"]],
    ["admin", ["ask", "write", "export", "retract"]],
  ] as const)("%s may do just this: %j", (role, rights) => {
    const may = (["ask", "write", "export", "retract"] as const).filter((right) =>
      isAllowed({ role, name: "x" }, right),
    );
    expect(may).toEqual(rights);
  });

  it("is one of six", () => {
    expect(ROLES).toEqual(["reader", "writer", "operator", "executor", "auditor", "admin"]);
  });
});
