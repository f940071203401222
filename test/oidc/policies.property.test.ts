/** Whatever an issuer signs: a token never gives more than its policy says of its own claims. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refusal } from "../../functions/ledger/authority/grants.ts";
import { holderFrom, Identities } from "../../functions/ledger/authority/identities.ts";
import { goldenClaims } from "./issuer.ts";

const ISSUER = "https://gitlab.acme.example";
const { policies } = Identities.parse({
  policies: [
    {
      issuer: ISSUER,
      audience: "asof",
      claims: { namespace_path: "acme" },
      role: "writer",
      name: "gitlab/{project_path}",
      grants: { sources: ["/ci/{project_path}"], environments: ["{environment}"] },
    },
  ],
});
const golden: Record<string, unknown> = { ...goldenClaims("gitlab-ci"), iss: ISSUER, aud: "asof" };

/** Names, and what stands in the names of those who try. */
const part = fc.oneof(
  fc.constantFrom(
    "staging",
    "production",
    "*",
    "..",
    "/",
    "|",
    ",",
    ":",
    "\n",
    "\u0000",
    "\u202e",
    "\u200b",
    "{",
    "}",
    "%2e",
  ),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const hostile = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(""));
const value = fc.oneof(hostile, fc.array(hostile, { maxLength: 2 }), fc.jsonValue());

describe("a token with any claims", () => {
  it("is refused, or speaks for the place that it names, and for no other", () => {
    let taken = 0;
    fc.assert(
      fc.property(hostile, hostile, (environment, project) => {
        const found = holderFrom(policies, { ...golden, environment, project_path: `acme/${project}` });
        if (!("holder" in found)) return;
        taken++;
        const { holder } = found;
        expect(holder).toMatchObject({
          role: "writer",
          name: `gitlab/acme/${project}`,
          environments: [environment],
        });
        expect(environment).toMatch(/^[^*|,{}\p{C}]+$/u);
        const of = (source: string, place: string) =>
          refusal(holder, {
            kind: "deployment.succeeded",
            source,
            id: "1",
            occurredAt: "2026-11-20T09:00:00.000Z",
            environment: place,
            service: "acme/billing",
            deployment: { provider: "gitlab", instance: "gitlab.acme.example", id: "1" },
            components: [],
          });
        for (const place of ["staging", "production"].filter((one) => one !== environment.toLowerCase()))
          expect(of(`/ci/acme/${project}`, place)).toBeDefined();
        expect(of("/ci/acme", environment)).toBeDefined();
        expect(of("/ci/other/project", environment)).toBeDefined();
      }),
      { examples: [["staging", "billing"]] },
    );
    expect(taken).toBeGreaterThan(0);
  });

  it("is never an error of the ledger, whatever the claims are", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(golden)), value, (claim, any) => {
        const found = holderFrom(policies, { ...golden, [claim]: any });
        if ("reason" in found) expect(found.reason).not.toBe("");
      }),
    );
  });
});
