/** What operators do from a terminal. */
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { Changes } from "../../schemas/answer.ts";
import { Freezes } from "../../schemas/redeployment.ts";
import { tokenOf } from "../http/given.ts";
import { broken, ONE, TWO } from "./broken.ts";
import { asof, cleanUp, type Ended, type LedgerServer, type Person } from "./harness.ts";

afterEach(cleanUp);

const run = (ledger: LedgerServer, args: readonly string[], person: Person = {}): Promise<Ended> =>
  asof(args, { ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("operator"), TZ: "UTC" }, undefined, person);
const yes: Person = { confirm: async () => true };
const no: Person = { confirm: async () => false };

async function freezesIn({ doors }: LedgerServer): Promise<Freezes["freezes"]> {
  return Freezes.parse((await doors.client("reader").get("/v1/freezes")).json).freezes;
}

describe("asof freeze and unfreeze", () => {
  it("take a place in words where a person is asked, with its full names", async () => {
    const ledger = await broken();
    const args = ["freeze", "production/billing", "--reason", "audit", "--until", "2h"];
    const refused = await run(ledger, args, no);
    expect(refused).toMatchObject({ code: 1, err: "asof: not confirmed: nothing was recorded" });
    expect(await freezesIn(ledger)).toEqual([]);

    const { code, out } = await run(ledger, args, yes);
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "freeze acme/billing in production until Sun 22 Nov 11:00 UTC: audit",
      "recorded",
    ]);
    expect(await freezesIn(ledger)).toMatchObject([
      { service: "acme/billing", until: "2026-11-22T11:00:00.000Z", reason: "audit", by: "operator-1" },
    ]);
    expect((await run(ledger, ["unfreeze", "-e", "production", "-s", "acme/billing"])).code).toBe(0);
    expect(await freezesIn(ledger)).toEqual([]);
  });

  it("take only exact names with --yes, and without a terminal", async () => {
    const ledger = await broken();
    for (const [more, person] of [[["--yes"], yes] as const, [[], {}] as const]) {
      const { code, err } = await run(ledger, ["freeze", "production", "--reason", "audit", ...more], person);
      expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("give the exact names") });
    }
    expect((await run(ledger, ["freeze", "-e", "production", "--reason", "audit"])).code).toBe(0);
    expect(await freezesIn(ledger)).toMatchObject([{ environment: "production", service: null }]);
  });

  it("of a name that nobody knows end with 3, and with 5 for who may not", async () => {
    const ledger = await broken();
    const unknown = await run(ledger, ["freeze", "-e", "produktion", "--reason", "audit"]);
    expect(unknown).toMatchObject({ code: 3, err: expect.stringContaining("production") });
    const reader = await asof(["freeze", "-e", "production", "--reason", "audit"], {
      ASOF_URL: ledger.url,
      ASOF_TOKEN: tokenOf("reader"),
    });
    expect(reader.code).toBe(5);
    const until = ["--until", "2026-11-23"];
    expect((await run(ledger, ["freeze", "-e", "production", "--reason", "x", ...until])).code).toBe(2);
  });

  it("let one image through", async () => {
    const ledger = await broken();
    await run(ledger, ["freeze", "-e", "production", "--reason", "audit"]);
    const { out } = await run(ledger, ["unfreeze", "-e", "production", "--digest", ONE]);
    expect(out).toContain(`let ${ONE} through the freeze of production`);
    expect(await freezesIn(ledger)).toMatchObject([{ exceptions: [{ digest: ONE }] }]);
  });
});

describe("asof mark", () => {
  const marks = async ({ doors }: LedgerServer, digest: string) => {
    const { json } = await doors.client("reader").get("/v1/artifact", { digest });
    const { evidence } = z.looseObject({ evidence: z.array(z.looseObject({})) }).parse(json);
    return evidence;
  };

  it("marks the image that runs in a place, after a question", async () => {
    const ledger = await broken();
    const { out } = await run(ledger, ["mark", "production/billing", "bad", "--reason", "empty"], yes);
    expect(out).toContain(`mark ${TWO} (runs as acme/billing in production) as bad`);
    expect(await marks(ledger, TWO)).toMatchObject([{ type: "mark", verdict: "bad", reason: "empty" }]);
  });

  it("marks an exact image without a question", async () => {
    const ledger = await broken();
    expect((await run(ledger, ["mark", "--digest", ONE, "good"])).code).toBe(0);
    expect(await marks(ledger, ONE)).toMatchObject([{ type: "mark", verdict: "good" }]);
    expect((await run(ledger, ["mark", "--digest", ONE])).code).toBe(2);
    expect((await run(ledger, ["mark", "production/billing", "fine"], yes)).code).toBe(2);
  });
});

describe("asof note", () => {
  it("tells the ledger what else was changed", async () => {
    const ledger = await broken();
    const place = ["-e", "production", "-s", "acme/billing"];
    const { code, out } = await run(ledger, ["note", "vat_eu on", ...place, "--type", "flag"]);
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual(["note of acme/billing in production: flag vat_eu on", "recorded"]);
    ledger.doors.setNow("2026-11-22T09:01:00.000Z");
    const { json } = await ledger.doors.client("reader").get("/v1/changes", {
      environment: "production",
      service: "acme/billing",
    });
    expect(Changes.parse(json).changes[0]).toMatchObject({
      what: "noted",
      type: "flag",
      title: "vat_eu on",
      by: "operator-1",
    });
    expect((await run(ledger, ["note", "x", "-e", "produktion"])).code).toBe(3);
  });
});
