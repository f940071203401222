import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rawHash } from "../../functions/ledger/canonical.ts";
import { bitbucket } from "../../functions/sources/forges/bitbucket.ts";
import { github } from "../../functions/sources/forges/github.ts";
import { gitlab } from "../../functions/sources/forges/gitlab.ts";
import { readImage } from "../../functions/sources/image.ts";
import { readJson } from "../../functions/sources/payload.ts";
import { readEvents, toStatement } from "../../functions/sources/standards/cloudevents.ts";
import { Statement } from "../../schemas/fact.ts";
import { CASES, type Case, mapCase, RECEIVED_AT } from "./golden.ts";
import { mutate, mutations } from "./mutations.ts";

const VENDORS = [...new Set(CASES.map(({ vendor }) => vendor))];

const HEX = /(?:sha256|sha512):([0-9a-f]{64,128})/g;
const digestsIn = (value: unknown): string[] =>
  [...JSON.stringify(value).matchAll(HEX)].map(([, hex]) => hex ?? "");

/** All text of a payload, also that which stands in Base64, or is packed as Helm does. */
const textOf = (payload: unknown): string =>
  (JSON.stringify(payload) ?? "")
    .replaceAll(/"data(?:_base64)?":"([^"]*)"/g, (all, base64) => all + atobOrNothing(base64))
    .replaceAll(
      /"release":"([^"]*)"/g,
      (all, base64) => all + unpackedOrNothing(base64) + unpackedOrNothing(atobOrNothing(base64)),
    );
const atobOrNothing = (base64: string): string => Buffer.from(base64, "base64").toString();
function unpackedOrNothing(base64: string): string {
  try {
    return gunzipSync(Buffer.from(base64, "base64")).toString();
  } catch {
    return "";
  }
}

/** As a door does it: what is not safe to walk reaches no mapping. */
function check(one: Case, mutated: unknown): void {
  const json = readJson(JSON.stringify(mutated) ?? "");
  if (json.is === "fault") return;
  const payload = json.value;
  const text = textOf(payload);
  for (const mapped of mapCase(one, payload)) {
    expect(rawHash(mapped.raw)).toMatch(/^[0-9a-f]{64}$/);
    if (mapped.is !== "statement") expect(mapped.reason.length).toBeLessThan(2_000);
    else {
      for (const hex of digestsIn(Statement.safeParse(mapped.statement).data ?? {}))
        expect(text).toContain(hex);
    }
  }
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
}

describe.each(VENDORS)("the mapping of %s", (vendor) => {
  const cases = CASES.filter((one) => one.vendor === vendor);

  it("throws nothing and invents no digest, however a payload is mutilated", () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), mutations, (one, some) => {
        check(one, some.reduce(mutate, one.payload));
      }),
    );
  });

  it("throws nothing on any JSON at all", () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), fc.jsonValue(), (one, payload) => {
        check(one, payload);
      }),
    );
  });
});

describe("the doors of text", () => {
  const names = fc.constantFrom(
    "content-type",
    "ce-specversion",
    "ce-id",
    "ce-type",
    "ce-source",
    "ce-",
    "ce-__proto__",
  );
  const values = fc.oneof(
    fc.constantFrom(
      "1.0",
      "application/cloudevents+json",
      "application/json",
      "%",
      '"',
      "dev.asof.artifact.built.v1",
    ),
    fc.string({ unit: "grapheme-ascii" }),
  );

  it("read events from any headers and any body without a throw", () => {
    fc.assert(
      fc.property(fc.dictionary(names, values), fc.oneof(fc.json(), fc.string()), (headers, body) => {
        const reading = readEvents({ headers: new Headers(headers), body });
        if (reading.is !== "unreadable") reading.events.map(toStatement);
      }),
    );
  });

  it.each([
    { source: github, header: "x-github-event" },
    { source: gitlab, header: "x-gitlab-event" },
    { source: bitbucket, header: "x-event-key" },
  ])("read $source.vendor's events under any name without a throw", ({ source, header }) => {
    fc.assert(
      fc.property(values, fc.jsonValue(), (event, payload) => {
        const headers = new Headers({ [header]: event });
        expect(source.toStatements(payload, { headers, receivedAt: RECEIVED_AT })).toHaveLength(1);
      }),
    );
  });

  it("take no signature for any body without its secret, and throw nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string({ unit: "grapheme-ascii" }), async (body, signature) => {
        const headers = new Headers({ "x-hub-signature-256": signature });
        expect(await github.verify?.({ headers, body }, ["secret"])).toBe(false);
      }),
    );
  });

  it("read an image's reference back to what it was made of", () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,9}$/), { nil: undefined });
    const digest = fc.option(fc.constant(`sha256:${"a".repeat(64)}`), { nil: undefined });
    const host = fc.constantFrom("ghcr.io", "localhost", "localhost:5000", "10.0.0.1:443");
    fc.assert(
      fc.property(
        host,
        fc.array(part, { minLength: 1, maxLength: 3 }),
        tag,
        digest,
        (host, path, tag, digest) => {
          const repository = [host, ...path].join("/");
          const reference = `${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
          expect(readImage(reference)).toEqual({
            repository,
            ...(tag === undefined ? {} : { tag }),
            ...(digest === undefined ? {} : { digest }),
          });
        },
      ),
    );
  });

  it.each(["billing", "acme/billing:1", "ghcr.io", "ghcr.io:443", "", "ghcr.io/a@b@c"])(
    "do not take %j for an image with its registry",
    (reference) => {
      expect(readImage(reference)).toBeUndefined();
    },
  );
});

describe("the schemas behind the doors", () => {
  // Turns red once schemas/scalars.ts refuses such a time instead of throwing: then make it `it`, and drop `parse` above.
  it("refuse a time that is none without a throw", () => {
    expect(
      Statement.safeParse({ kind: "artifact.pushed", source: "/a", id: "1", occurredAt: "" }).success,
    ).toBe(false);
  });
});
