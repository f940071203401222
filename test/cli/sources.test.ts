/** Who reports, on a terminal. */
import { afterEach, describe, expect, it } from "vitest";
import { Sources } from "../../schemas/answers/sources.ts";
import { event } from "../client.ts";
import { givenDoors, NOW, tokenOf } from "../http/given.ts";
import { digestOf } from "../ledger/given.ts";
import { asof, cleanUp, ledgerServer } from "./harness.ts";

afterEach(cleanUp);

const after = (minutes: number): string => new Date(Date.parse(NOW) + minutes * 60_000).toISOString();
const [SOON, LATER] = [after(1), after(200)];

/** Two sources reported and one of them is late after one hour. */
async function given() {
  const silentAfter = new Map([["/ci/nightly", 3_600_000]]);
  const ledger = await ledgerServer(givenDoors({ silentAfter }));
  for (const source of ["/ci/nightly", "/ci/shop"]) {
    const pushed = event(
      "artifact.pushed",
      "1",
      NOW,
      { repository: "ghcr.io/acme/shop", digest: digestOf("shop") },
      source,
    );
    expect((await ledger.doors.client().say(pushed)).status).toBe(201);
  }
  const ask = (now: string, ...args: readonly string[]) => {
    ledger.doors.setNow(now);
    return asof(["sources", ...args], { ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("reader") }, now);
  };
  return { ask };
}

describe("asof sources", () => {
  it("marks a source that is silent, and ends with 1", async () => {
    const { ask } = await given();
    const { out, code } = await ask(LATER);
    expect(code).toBe(1);
    expect(out).toMatch(/\? +\/ci\/nightly +silent for 3h19m +1 fact in 7 days/);
    expect(out).toMatch(/\/ci\/shop +heard 3h19m ago +1 fact in 7 days/);
    expect(out.split("\n").at(-1)).toBe("2 sources, 1 silent");
  });

  it("ends with 0 where none is silent", async () => {
    const { ask } = await given();
    const { out, code } = await ask(SOON);
    expect([code, out.split("\n").at(-1)]).toEqual([0, "2 sources, 0 silent"]);
  });

  it("prints the ledger's answer as JSON", async () => {
    const { ask } = await given();
    const { out } = await ask(LATER, "-o", "json");
    const sources = Sources.shape.sources.parse(JSON.parse(out));
    expect(sources.map(({ source, silent }) => [source, silent])).toEqual([
      ["/ci/nightly", true],
      ["/ci/shop", false],
    ]);
  });
});
