import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  byOrder,
  canonical,
  fingerprint,
  leafHash,
  order,
  rawHash,
  sha256,
} from "../../functions/ledger/canonical.ts";

/** A double by the hex digits of its IEEE 754 form, as RFC 8785 lists them. */
const double = (hex: string): number => Buffer.from(hex, "hex").readDoubleBE();

describe("the canonical form (RFC 8785)", () => {
  it.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("writes the number %s as %s (appendix B)", (hex, text) => {
    expect(canonical(double(hex))).toBe(text);
    expect(canonical(JSON.parse(text))).toBe(text);
  });

  it("writes numbers, texts and literals as the RFC's own example (3.2.2)", () => {
    const said: unknown = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`);
    expect(canonical(said)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it("sorts keys by their UTF-16 units, as the RFC's own example (3.2.3)", () => {
    const said: unknown = JSON.parse(String.raw`{
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    }`);
    const values = [...canonical(said).matchAll(/:"([^"]+)"/g)].map(([, value]) => value);
    expect(values).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  it("sorts at every depth, and leaves the order of lists and the form of letters", () => {
    expect(canonical({ b: [{ d: 1, c: 2 }, "e\u0301", "\u00e9"], a: {} })).toBe(
      '{"a":{},"b":[{"c":2,"d":1},"e\u0301","\u00e9"]}',
    );
  });

  it.each([
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["a lone surrogate", "\ud83d"],
    ["nothing", undefined],
  ])("is refused to %s", (_, value) => {
    expect(() => canonical(value)).toThrow();
  });
});

describe("the hash of a leaf (RFC 6962, 2.1)", () => {
  it.each([
    ["of nothing", "", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"],
    ["of a text", "L123456", "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"],
  ])("%s is the published one", (_, entry, hash) => {
    expect(leafHash(entry)).toBe(hash);
  });

  it("is SHA-256 of a zero byte and the entry's UTF-8", () => {
    const entry = '{"environment":"日本","n":1}';
    const bytes = Buffer.concat([Buffer.from([0]), Buffer.from(entry, "utf8")]);
    expect(leafHash(entry)).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(leafHash(entry)).not.toBe(sha256(entry));
  });
});

describe("the hash of a vendor's event", () => {
  it("is that of its canonical form", () => {
    expect(rawHash({ b: 1, a: 2 })).toBe(sha256('{"a":2,"b":1}'));
    expect(rawHash({ b: 1, a: 2 })).toBe(rawHash({ a: 2, b: 1.0 }));
  });
});

describe("the order of facts", () => {
  const fact = (occurredAt: string, source: string, id: string) => ({ occurredAt, source, id });

  it("is by when they happened, then by their sender's own order, then by a hash of source and id", () => {
    const one = fact("2026-10-20T08:11:00.000Z", "/ci", "1");
    expect(order(one)).toBe(`2026-10-20T08:11:00.000Z##${sha256('["/ci","1"]').slice(0, 32)}`);
    const numbered = (sequence: number) => order({ ...one, id: String(sequence), sequence });
    expect(numbered(9) < numbered(10)).toBe(true);
    expect(order(one) < numbered(0)).toBe(true);
    const since = (time: string) => order({ ...one, id: time, since: time });
    expect(since("2026-10-20T07:00:00.000Z") < since("2026-10-20T08:00:00.000Z")).toBe(true);
    expect(order(one) < order(fact("2026-10-20T08:11:00.001Z", "/ci", "1"))).toBe(true);
  });

  it("tells apart what only joins to the same text", () => {
    expect(fingerprint({ source: "/ci/a", id: "b" })).not.toBe(fingerprint({ source: "/ci/", id: "ab" }));
    expect(fingerprint({ source: "/ci", id: '","x' })).not.toBe(fingerprint({ source: '/ci","', id: "x" }));
  });
});

describe("sorting facts", () => {
  it("hashes each of 5,000 of one moment once, and sorts them as their orders do", () => {
    let hashed = 0;
    const facts = Array.from({ length: 5000 }, (_, n) => ({
      occurredAt: "2026-10-20T12:00:00.000Z",
      source: "/test",
      // Only what is hashed is asked for its id.
      get id() {
        hashed++;
        return String(n);
      },
    }));
    const sorted = facts.toSorted(byOrder);
    expect(hashed).toBe(5000);
    expect(sorted.map(order)).toEqual(facts.map(order).sort());
    expect(hashed).toBe(5000);
  });
});
