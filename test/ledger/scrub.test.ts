import { describe, expect, it } from "vitest";
import { scrubbed, scrubbedText } from "../../functions/ledger/ingest/scrub.ts";

const LONG = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0";

describe("a text that is quarantined", () => {
  it.each([
    ["https://bot:token@git.example.com/acme/deploy.git", "https://***@git.example.com/acme/deploy.git"],
    ["oci://user@registry.example.com/acme", "oci://***@registry.example.com/acme"],
    ["https://bot:p@ss@git.example.com/x", "https://***@git.example.com/x"],
    ["postgres://app:secret@db:5432/shop", "postgres://***@db:5432/shop"],
    ["https://h.example.com/x?token=abc&page=2", "https://h.example.com/x?token=***&page=2"],
    ["https://s3.example.com/x?X-Amz-Signature=abc123", "https://s3.example.com/x?X-Amz-Signature=***"],
    [`Authorization: Bearer ${LONG}`, "Authorization: Bearer ***"],
    ["Basic dXNlcjpwYXNzd29yZA==", "Basic ***"],
    [`ghp_${LONG.slice(0, 36)}`, "***"],
    [`ghs_${LONG.slice(0, 36)}`, "***"],
    [`github_pat_${LONG}`, "***"],
    [`glpat-${LONG.slice(0, 20)}`, "***"],
    [`npm_${LONG.slice(0, 36)}`, "***"],
    [`pypi-${LONG}`, "***"],
    [`dckr_pat_${LONG.slice(0, 27)}`, "***"],
    [`xoxb-${LONG}`, "***"],
    ["https://hooks.slack.com/services/T00/B00/XXXX", "https://hooks.slack.com/***"],
    [`sk_live_${LONG.slice(0, 24)}`, "***"],
    [`hvs.${LONG}`, "***"],
    ["key AKIAIOSFODNN7EXAMPLE was used", "key *** was used"],
    [`AIza${LONG.slice(0, 35)}`, "***"],
    [`eyJ${LONG}.eyJ${LONG}.${LONG}`, "***"],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "***"],
    ["-----BEGIN PRIVATE KEY-----\nMIIE cut off", "***"],
  ])("loses its credential: %s", (text, expected) => {
    expect(scrubbedText(text)).toBe(expected);
    expect(scrubbedText(`before ${text} `)).toContain(expected.replaceAll(/^https.*/g, ""));
  });

  it.each([
    "https://git.example.com/acme/deploy.git",
    "ghcr.io/acme/billing@sha256:4444444444444444444444444444444444444444444444444444444444444444",
    "git@github.com:acme/billing.git",
    "octocat@example.com deployed https://example.com/@acme/x",
    "4be1c3a9d2f0b5e7a6c8d1e3f5a7b9c0d2e4f6a8",
    "Bearer of news",
  ])("stays as it is without one: %s", (text) => {
    expect(scrubbedText(text)).toBe(text);
  });

  it("is scrubbed at every depth, in names of fields, and where the field's name says what it holds", () => {
    expect(
      scrubbed({
        app: {
          status: { conditions: [{ message: "fetch https://bot:token@git.example.com/x failed", n: 1 }] },
        },
        password: "hunter2",
        access_token: "opaque",
        token: { expires: null },
        [`ghp_${LONG.slice(0, 36)}`]: true,
      }),
    ).toEqual({
      app: { status: { conditions: [{ message: "fetch https://***@git.example.com/x failed", n: 1 }] } },
      password: "***",
      access_token: "***",
      token: { expires: null },
      "***": true,
    });
  });
});
