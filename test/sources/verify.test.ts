import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { github } from "../../functions/sources/forges/github.ts";
import { distribution } from "../../functions/sources/registries/distribution.ts";

const body = '{"action":"created","note":"läuft ✓"}';
const signature = (secret: string, signed = body): string =>
  `sha256=${createHmac("sha256", secret).update(signed).digest("hex")}`;

const deliver = (headers: Record<string, string>, given = body) => ({
  headers: new Headers(headers),
  body: given,
});
const signed = (value: string, given = body) => deliver({ "X-Hub-Signature-256": value }, given);

describe("GitHub's signature", () => {
  it("is accepted where the secret made it", async () => {
    expect(await github.verify?.(signed(signature("first")), ["first"])).toBe(true);
  });

  it("is accepted where the second of two secrets made it", async () => {
    expect(await github.verify?.(signed(signature("second")), ["first", "second"])).toBe(true);
  });

  it.each([
    ["another secret made it", signed(signature("other"))],
    ["the body was changed", signed(signature("first"), body.replace("created", "deleted"))],
    ["it is missing", deliver({})],
    ["it is empty", signed("")],
    ["it is cut short", signed(signature("first").slice(0, -1))],
    ["it is the legacy one of SHA-1", deliver({ "X-Hub-Signature": signature("first") })],
    ["the body is empty", signed(signature("first", ""), "")],
  ])("is refused where %s", async (_, delivery) => {
    expect(await github.verify?.(delivery, ["first", "second"])).toBe(false);
  });

  it("is refused where no secret is configured, or an empty one", async () => {
    expect(await github.verify?.(signed(signature("first")), [])).toBe(false);
    expect(await github.verify?.(signed(signature("first")), [""])).toBe(false);
  });
});

describe("a registry's Authorization header", () => {
  const authorized = (value: string) => deliver({ authorization: value });

  it("is accepted where the whole of it is one of the secrets", () => {
    expect(distribution.verify?.(authorized("Bearer one"), ["Bearer one"])).toBe(true);
    expect(distribution.verify?.(authorized("Bearer two"), ["Bearer one", "Bearer two"])).toBe(true);
  });

  it.each([
    ["another token", authorized("Bearer three")],
    ["the token without its scheme", authorized("one")],
    ["the token and more", authorized("Bearer one more")],
    ["nothing", deliver({})],
  ])("is refused where it holds %s", (_, delivery) => {
    expect(distribution.verify?.(delivery, ["Bearer one", "Bearer two"])).toBe(false);
  });

  it("is refused where no secret is configured, or an empty one", () => {
    expect(distribution.verify?.(deliver({}), [])).toBe(false);
    expect(distribution.verify?.(deliver({}), [""])).toBe(false);
  });
});
