import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configuration } from "../functions/runtime/config/environment.ts";
import { ConfigurationError } from "../functions/runtime/config/secrets.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-configuration-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const RULES = [{ match: { service: "acme/*" }, set: { service: "$1" } }];
const SECRET = "s3cr3t-0123456789abcdef";

function faultOf(env: NodeJS.ProcessEnv): string {
  try {
    configuration(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error("was taken");
}

describe("the configuration", () => {
  it("needs nothing: it listens on this machine only, and knows no token, secret or rule", () => {
    expect(configuration({})).toEqual({
      host: "127.0.0.1",
      port: 8787,
      data: ".asof",
      tokens: [],
      webhooks: {},
      registries: {},
      rules: [],
      executors: [],
      silentAfter: new Map(),
      deployTools: {},
    });
  });

  it("has commands of deploy tools, which name only what is known of a release", () => {
    const text = '{"nomad":[["nomad-deploy","{environment}","{image}"]]}';
    expect(configuration({ ASOF_DEPLOY_TOOLS: text }).deployTools).toEqual(JSON.parse(text));
    expect(() => configuration({ ASOF_DEPLOY_TOOLS: '{"nomad":[["x","{secret}"]]}' })).toThrow(
      /^ASOF_DEPLOY_TOOLS: .*may name only \{image\}/,
    );
  });

  it("has the policy of the gate: a file, or the text itself", () => {
    const text = '[{"environment":"production","require":["tests_passed"]}]';
    for (const given of [text, file("policy.json", text)])
      expect(configuration({ ASOF_GATE_POLICY: given }).gatePolicy).toEqual(JSON.parse(text));
    expect(() => configuration({ ASOF_GATE_POLICY: '[{"require":["luck"]}]' })).toThrow(
      /^ASOF_GATE_POLICY: /,
    );
    expect(() => configuration({ ASOF_GATE_POLICY: "/nowhere" })).toThrow("ASOF_GATE_POLICY: cannot read");
  });

  it("is what the variables say", () => {
    const env = {
      ASOF_HOST: "0.0.0.0",
      ASOF_PORT: "0",
      ASOF_DATA: "/var/lib/asof",
      ASOF_TOKENS: `writer:ci:${SECRET}`,
      ASOF_WEBHOOK_SECRETS: '{"github":["new","old"]}',
      ASOF_REGISTRIES: '{"quay.io":{},"127.0.0.1:5000":{"plainHttp":true}}',
      ASOF_RULES: file("rules.json", JSON.stringify(RULES)),
      ASOF_OBSERVATION_MINUTES: "10",
      UNRELATED: "x",
    };
    expect(configuration(env)).toMatchObject({
      host: "0.0.0.0",
      port: 0,
      data: "/var/lib/asof",
      tokens: [{ role: "writer", name: "ci" }],
      webhooks: { github: ["new", "old"] },
      registries: { "quay.io": {}, "127.0.0.1:5000": { plainHttp: true } },
      rules: RULES,
      observationStepMs: 600_000,
    });
  });

  it("takes empty variables of what may be missing as missing", () => {
    expect(configuration({ ASOF_TOKENS: "", ASOF_WEBHOOK_SECRETS: "", ASOF_RULES: "" })).toEqual(
      configuration({}),
    );
  });

  it.each([
    ["ASOF_HOST", "empty", ""],
    ["ASOF_PORT", "empty, and no port at random", ""],
    ["ASOF_PORT", "no number", "http"],
    ["ASOF_PORT", "below 0", "-1"],
    ["ASOF_PORT", "above 65535", "65536"],
    ["ASOF_PORT", "a fraction", "80.5"],
    ["ASOF_PORT", "endless", "Infinity"],
    ["ASOF_DATA", "empty", ""],
    ["ASOF_TOKENS", "of an unknown role", `root:ci:${SECRET}`],
    ["ASOF_TOKENS", "without a name", `writer:${SECRET}`],
    ["ASOF_TOKENS", "too short a token", "writer:ci:short"],
    ["ASOF_WEBHOOK_SECRETS", "no JSON", `{"github":["${SECRET}"`],
    ["ASOF_WEBHOOK_SECRETS", "no object", `["${SECRET}"]`],
    ["ASOF_WEBHOOK_SECRETS", "no list of a vendor", `{"github":"${SECRET}"}`],
    ["ASOF_WEBHOOK_SECRETS", "an empty list of a vendor", '{"github":[]}'],
    ["ASOF_WEBHOOK_SECRETS", "an empty secret", `{"github":["${SECRET}",""]}`],
    ["ASOF_OBSERVATION_MINUTES", "no number", "5m"],
    ["ASOF_OBSERVATION_MINUTES", "nothing", "0"],
    ["ASOF_OBSERVATION_MINUTES", "longer than an hour", "61"],
    ["ASOF_RULES", "no file", join(folder, "missing.json")],
    ["ASOF_RULES", "a folder", folder],
    ["ASOF_RULES", "a file without JSON", file("text.json", "rules")],
    ["ASOF_RULES", "an empty file", file("empty.json", "")],
    ["ASOF_RULES", "a file without a list", file("object.json", "{}")],
    [
      "ASOF_RULES",
      "a file with a rule that is none",
      file("wrong.json", JSON.stringify([...RULES, { match: {}, set: { cluster: "x" } }])),
    ],
  ])("names %s where it is %s, and no secret", (variable, _, value) => {
    const fault = faultOf({ [variable]: value });
    expect(fault).toMatch(new RegExp(`^${variable}: .`));
    expect(fault).not.toContain(SECRET);
  });

  it("says which rule is wrong, and what", () => {
    const fault = faultOf({
      ASOF_RULES: file("second.json", JSON.stringify([...RULES, { match: {}, set: { service: "x" } }])),
    });
    expect(fault).toBe("ASOF_RULES: 1.match: must match on at least one field");
  });

  it("says which token is wrong, and what", () => {
    expect(faultOf({ ASOF_TOKENS: `writer:ci:${SECRET},reader:web:short` })).toContain(
      "ASOF_TOKENS: entry 2: token: must be at least 16 characters long",
    );
  });
});

describe("the trust in signatures", () => {
  const root = { mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1", tlogs: [] };
  const signers =
    '[{"issuer":"https://token.actions.githubusercontent.com","repository":"https://github.com/acme/*"}]';

  it.each([
    ["one a line", `${JSON.stringify(root)}\n${JSON.stringify(root)}\n`, 2],
    ["one over many lines", JSON.stringify(root, null, 2), 1],
  ])("takes roots printed %s", (_, text, count) => {
    const trust = configuration({ ASOF_TRUST_ROOTS: file("roots", text), ASOF_SIGNERS: signers }).trust;
    expect(trust?.roots.map((one) => JSON.parse(one))).toEqual(Array(count).fill(root));
    expect(trust?.signers).toEqual(JSON.parse(signers));
  });

  it.each([
    ["ASOF_TRUST_ROOTS", { ASOF_TRUST_ROOTS: "/nowhere/roots", ASOF_SIGNERS: signers }],
    ["ASOF_TRUST_ROOTS", { ASOF_TRUST_ROOTS: file("no-roots", "{}"), ASOF_SIGNERS: signers }],
    ["ASOF_TRUST_ROOTS", { ASOF_TRUST_ROOTS: file("empty", "\n"), ASOF_SIGNERS: signers }],
    ["ASOF_SIGNERS", { ASOF_TRUST_ROOTS: file("root", JSON.stringify(root)) }],
    ["ASOF_SIGNERS", { ASOF_TRUST_ROOTS: file("root", JSON.stringify(root)), ASOF_SIGNERS: "[]" }],
    [
      "ASOF_SIGNERS",
      { ASOF_TRUST_ROOTS: file("root", JSON.stringify(root)), ASOF_SIGNERS: '[{"issuer":"x"}]' },
    ],
  ])("names %s where it is at fault", (variable, env) => {
    expect(faultOf(env)).toMatch(new RegExp(`^${variable}: `));
  });

  const signed = (repository: string) => ({
    ASOF_TRUST_ROOTS: file("root", JSON.stringify(root)),
    ASOF_SIGNERS: JSON.stringify([{ issuer: "https://token.actions.githubusercontent.com", repository }]),
  });
  it.each([
    "*",
    "https://git.acme.example/*",
    "https://github.com/acme/*",
    "https://github.com/acme/billing-*",
  ])("takes signers of %s", (repository) =>
    expect(configuration(signed(repository)).trust?.signers[0]?.repository).toBe(repository),
  );

  it.each(["https://*", "https://github.com*", "https://github.com/acme*", "HTTPS://github.com/ac*/billing"])(
    "takes no signers of %s, for strangers may call themselves like that",
    (repository) => expect(faultOf(signed(repository))).toContain("must name the complete host and owner"),
  );
});
