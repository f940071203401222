/** Which tokens came and are gone, between two looks at the configuration. */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { recordTokenChanges } from "../../functions/runtime/server/token-changes.ts";
import { Audit } from "../../schemas/answers/audit.ts";
import { newFolder, cleanUp as removeFolders } from "../cli/harness.ts";
import { cleanUp, deployed, givenDoors } from "../http/given.ts";

afterAll(cleanUp);
afterEach(removeFolders);

const CI = "writer:ci:token-of-ci-16-letters:environments=staging|qa";
const OPS = "operator:ops:token-of-ops-16-letters";

async function given() {
  const doors = givenDoors();
  const data = newFolder();
  await doors.client("writer").say(deployed("1"));
  const look = (...lines: string[]) => recordTokenChanges(data, doors.ledger, parseTokens(lines.join(",")));
  const acts = async () => {
    const query = { environment: "production", from: "2026-11-22", to: "2026-11-23" };
    const { json } = await doors.client("auditor").get("/v1/audit", query);
    return Audit.parse(json).acts.map(({ what, reportedBy, detail }) => [what, reportedBy, detail]);
  };
  return { doors, data, look, acts };
}

describe("changes of tokens", () => {
  it("are facts once there was something to compare with, and stand in the audit report", async () => {
    const { look, acts } = await given();
    await look(CI);
    expect(await acts()).toEqual([]);
    await look(CI, `${OPS}:expires=2027-02-28`);
    await look(CI, `${OPS}:expires=2027-02-28`);
    expect(await acts()).toEqual([["token.changed", "asof", "added operator ops expires=2027-02-28"]]);
  });

  it("are two where a token has other grants, and none where the order alone differs", async () => {
    const { look, acts } = await given();
    await look(CI, OPS);
    await look(OPS, CI);
    await look(OPS, CI.replace("|qa", ""));
    expect(await acts()).toEqual([
      ["token.changed", "asof", "removed writer ci environments=staging environments=qa"],
      ["token.changed", "asof", "added writer ci environments=staging"],
    ]);
  });

  it("hold no hash of a token, and their file is the owner's alone", async () => {
    const { look, data, doors } = await given();
    await look(CI);
    await look(OPS);
    doors.setNow("2026-11-22T10:00:00.000Z");
    const { text } = await doors.client("auditor").get("/v1/export", { from: "2026-11-22" });
    for (const { hash } of parseTokens(`${CI},${OPS}`)) expect(text).not.toContain(hash);
    expect(statSync(join(data, "tokens.seen")).mode & 0o777).toBe(0o600);
  });

  it("begin anew where the file of the last look cannot be read", async () => {
    const { look, data, acts } = await given();
    await look(CI);
    writeFileSync(join(data, "tokens.seen"), "{");
    await look(OPS);
    expect(await acts()).toEqual([]);
  });
});
