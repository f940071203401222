/** A dispute on a terminal. */
import { afterEach, describe, expect, it } from "vitest";
import { deployed, tokenOf } from "../http/given.ts";
import { asof, cleanUp, ledgerServer } from "./harness.ts";

afterEach(cleanUp);

describe("asof dispute", () => {
  it("disputes a fact with a reason alone, and says why it may not", async () => {
    const { url, doors } = await ledgerServer();
    await doors.client("writer").say(deployed("1"));
    const run = (role: "writer" | "reader", ...args: string[]) =>
      asof(["dispute", "/test", "1", ...args], { ASOF_URL: url, ASOF_TOKEN: tokenOf(role) });
    expect((await run("writer")).code).toBe(2);
    expect(await run("reader", "--reason", "not ours")).toMatchObject({ code: 5 });
    expect(await run("writer", "--reason", "not ours")).toMatchObject({
      code: 0,
      out: "recorded: the dispute of /test 1",
    });
    const { text } = await doors
      .client("reader")
      .get("/v1/release?environment=production&service=acme/billing");
    expect(text).toContain("is disputed by writer-1");
  });
});
