/** DynamoDB's limits on keys, which the embedded engine does not hold us to. */
import { describe, expect, it } from "vitest";
import { derivedKeys, factKeys, INDEXES } from "../../functions/adapters/keys.ts";
import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import { canonical, MAX_FACT_BYTES } from "../../functions/ledger/canonical.ts";
import { type Fact, KINDS, Statement } from "../../schemas/fact.ts";
import { taken } from "./stores.ts";
import { FILLERS, type Worst, worstFacts } from "./worst.ts";

const PARTITION_KEY_BYTES = 2048;
const SORT_KEY_BYTES = 1024;
const SORT_KEYS = new Set(INDEXES.map(({ order }) => order));

/** Every attribute that is a key, of all items of a fact, with what it is. */
function keyAttributes({ fact, target }: Worst): { is: string; value: string }[] {
  const { posted, derived } = accessPatternsOf(fact, target);
  return [factKeys(posted), ...derived.map(derivedKeys)].flatMap((keys) =>
    Object.entries(keys).map(([attribute, value]) => ({
      is: attribute === "key" ? value.slice(0, 2) : SORT_KEYS.has(attribute) ? "order" : "partition",
      value,
    })),
  );
}

/** The attributes of all items of some facts, to be compared. */
const keysOf = (fact: Fact): string[] => {
  const { posted, derived } = accessPatternsOf(fact);
  return [factKeys(posted), ...derived.map(derivedKeys)].map(({ key = "" }) => key);
};

describe("a fact whose words are as long as the schemas allow", () => {
  const worst = KINDS.flatMap((kind) => FILLERS.flatMap((filler) => worstFacts(kind, filler)));
  const attributes = worst.flatMap((one) =>
    keyAttributes(one).map((attribute) => ({ ...attribute, kind: one.fact.kind })),
  );

  it.each([
    { is: "F#", what: "facts", max: PARTITION_KEY_BYTES },
    { is: "P#", what: "pointers", max: PARTITION_KEY_BYTES },
    { is: "N#", what: "names", max: PARTITION_KEY_BYTES },
    { is: "partition", what: "partitions", max: PARTITION_KEY_BYTES },
    { is: "order", what: "orders", max: SORT_KEY_BYTES },
  ])("has keys of $what that DynamoDB takes: 1 to $max bytes", ({ is, max }) => {
    const found = attributes.filter((attribute) => attribute.is === is);
    const lengths = found.map(({ kind, value }) => ({ kind, bytes: Buffer.byteLength(value) }));
    expect(lengths.length).toBeGreaterThan(0);
    const wrong = lengths.filter(({ bytes }) => bytes < 1 || bytes > max);
    expect([...new Set(wrong.map(({ kind, bytes }) => `${kind}: ${bytes} bytes`))]).toEqual([]);
  });

  it("is short enough to be recorded at all", () => {
    const bytes = worst.map(({ fact }) => Buffer.byteLength(canonical(fact)));
    expect(Math.max(...bytes)).toBeLessThanOrEqual(MAX_FACT_BYTES);
  });
});

describe("keys", () => {
  const said = { kind: "deployment.succeeded", occurredAt: "2026-11-22T09:00:00.000Z" };
  const components = [{ component: "main" }];
  const of = (source: string, id: string, deployment: object, environment = "e", service = "s"): Fact =>
    taken(Statement.parse({ ...said, source, id, environment, service, deployment, components }));

  it("are never made of other parts by what is in them", () => {
    const one = { provider: "p", instance: "i", id: "d" };
    const facts = [
      of("/a", "b#c", one),
      of("/a#b", "c", one),
      of("/a%23b", "c", one),
      of("/a", "b%23c", one),
      of("/a", "b%2523c", one),
    ];
    const identities = facts.map((fact) => keysOf(fact)[0]);
    expect(new Set(identities).size).toBe(facts.length);
  });

  it("of partitions differ wherever what they are of differs", () => {
    const facts = [
      of("/a", "1", { provider: "p", instance: "i#d", id: "d" }, "e", "s"),
      of("/a", "1", { provider: "p", instance: "i", id: "d#d" }, "e#s", "s"),
      of("/a", "1", { provider: "p#i", instance: "d", id: "d" }, "e", "s#s"),
      of("/a", "1", { provider: "p", instance: "i%23d", id: "d" }, "e%23s", "s"),
    ];
    for (const attribute of ["subject", "environment", "deployment"] as const) {
      const values = facts.map((fact) => factKeys(accessPatternsOf(fact).posted)[attribute]);
      const said = facts.map((fact) => {
        if (!("deployment" in fact && "environment" in fact && "service" in fact))
          throw new Error("no claim");
        const { environment, service, deployment } = fact;
        const parts = { subject: [environment, service], environment, deployment };
        return JSON.stringify(parts[attribute]);
      });
      expect(new Set(values).size).toBe(new Set(said).size);
    }
  });

  it("of long names are short, and differ from those of every other name", () => {
    const one = { provider: "p", instance: "i", id: "d" };
    const subjectOf = (service: string): string | undefined =>
      factKeys(accessPatternsOf(of("/a", "1", one, "e", service)).posted).subject;
    const long = "%".repeat(255);
    const [, hashed = ""] = subjectOf(long)?.split("RUN#e#") ?? [];
    expect(hashed.length).toBeLessThan(100);
    expect(new Set([long, `${"%".repeat(254)}x`, hashed].map(subjectOf)).size).toBe(3);
  });
});
