/** The quarantine on a terminal. */
import { afterEach, describe, expect, it } from "vitest";
import { Quarantine } from "../../schemas/answers/quarantine.ts";
import { deployed, tokenOf } from "../http/given.ts";
import { asof, cleanUp, ledgerServer } from "./harness.ts";

afterEach(cleanUp);

/** A ledger that quarantined an event from the future, and the command line of an admin. */
async function given() {
  const ledger = await ledgerServer();
  await ledger.doors.client("writer").say(deployed("1", "2026-11-22T10:00:00.000Z"));
  const run = (...args: string[]) =>
    asof(["quarantine", ...args], { ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("admin") });
  const { out } = await run("list", "--json");
  const [entry] = Quarantine.parse(JSON.parse(out)).entries;
  return { ...ledger, run, key: entry?.key ?? "" };
}

describe("asof quarantine", () => {
  it("lists with the reason, and shows one whole", async () => {
    const { run, key } = await given();
    const { out, code } = await run("list");
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^${key} .* rejected at events, from writer-1: occurredAt: `));
    expect(JSON.parse((await run("show", key)).out)).toMatchObject({ key, event: { id: "1" } });
  });

  it("retries: what is refused again stays, what is recorded leaves", async () => {
    const { run, key, doors } = await given();
    const refused = await run("retry", key);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("occurredAt")]);
    doors.setNow("2026-11-22T12:00:00.000Z");
    expect(await run("retry", key)).toMatchObject({ code: 0, out: "recorded" });
    expect(await run("list")).toMatchObject({ code: 0, out: "nothing" });
  });

  it("discards with a reason alone", async () => {
    const { run, key, doors } = await given();
    expect((await run("discard", key)).code).toBe(2);
    expect(await run("discard", key, "--reason", "a test")).toMatchObject({
      code: 0,
      out: `discarded ${key}`,
    });
    expect(doors.logged()).toContain('"because":"a test"');
  });
});
