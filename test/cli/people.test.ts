/** Persons on a terminal. */
import { afterEach, describe, expect, it } from "vitest";
import { deployed, tokenOf } from "../http/given.ts";
import { asof, cleanUp, ledgerServer, type Person } from "./harness.ts";

afterEach(cleanUp);

/** A ledger in which octocat deployed twice, once with the login in an address; and the command line of an admin. */
async function given() {
  const ledger = await ledgerServer();
  const url = "https://ci.example/octocat/1";
  await ledger.doors
    .client("writer")
    .sayAll([
      deployed("1", undefined, { actor: "octocat" }),
      deployed("2", undefined, { actor: "octocat", url }),
      deployed("3", undefined, { actor: "hubot" }),
    ]);
  const runAs = (person: Person, ...args: string[]) =>
    asof(["people", ...args], { ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("admin") }, undefined, person);
  return { ...ledger, runAs, run: (...args: string[]) => runAs({}, ...args) };
}

const COMMITMENT = "person:[0-9a-f]{64}";

describe("asof people", () => {
  it("lists login, issuer and commitment", async () => {
    const { run } = await given();
    const { out, code } = await run("list");
    expect([code, out.split("\n")]).toEqual([
      0,
      expect.arrayContaining([expect.stringMatching(new RegExp(`^octocat  by /test  ${COMMITMENT}$`))]),
    ]);
    expect(
      (await run("list", "--json")).out
        .split("\n")
        .map((line) => JSON.parse(line).login)
        .sort(),
    ).toEqual(["hubot", "octocat"]);
  });

  it("shows what is held: the facts by the fields that name the person, and the texts that hold the login", async () => {
    const { run } = await given();
    const { out, code } = await run("show", "octocat");
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^${COMMITMENT}  by /test\nnamed in 2 facts\n`));
    expect(out).toContain("deployment.succeeded  actor  /test 1");
    expect(out).toContain("the login is in the text of 1 fact, which cannot be changed:");
    expect(out).toContain("deployment.succeeded  url  /test 2");
    const { facts } = JSON.parse((await run("show", "octocat", "--json")).out);
    expect(facts).toMatchObject([
      { roles: ["actor"], holds: [] },
      { roles: ["actor"], holds: ["url"] },
    ]);
    expect((await run("show", "nobody")).out).toBe("nobody has this login\nnamed in 0 facts");
  });

  it("erases after a question, or with --yes, and says what remains", async () => {
    const { run, runAs, doors } = await given();
    expect(await run("erase", "octocat", "--reason", "x")).toMatchObject({
      code: 1,
      err: "asof: there is no terminal to ask for confirmation: give --yes",
    });
    const questions: string[] = [];
    const answering = (isYes: boolean): Person => ({
      confirm: async (question) => {
        questions.push(question);
        return isYes;
      },
    });
    expect(await runAs(answering(false), "erase", "octocat", "--reason", "x")).toMatchObject({ code: 1 });
    expect(await doors.ledger.people.find({ issuer: "/test", login: "octocat" })).toBeDefined();
    const { code, out } = await runAs(answering(true), "erase", "octocat", "--reason", "asked for");
    expect([code, out]).toEqual([0, expect.stringContaining("\nerased: 1 person")]);
    expect(out).toContain("url  /test 2");
    expect(questions).toEqual(["Erase octocat for good?", "Erase octocat for good?"]);
    expect(await doors.ledger.people.find({ issuer: "/test", login: "octocat" })).toBeUndefined();
    const again = JSON.parse((await run("erase", "octocat", "--reason", "again", "--yes", "--json")).out);
    expect(again).toMatchObject({ persons: [], remains: [{ id: "2", fields: ["url"] }] });
  });

  it("needs a reason, which does not hold the login", async () => {
    const { run } = await given();
    expect((await run("erase", "octocat", "--yes")).code).toBe(2);
    const { code, err } = await run("erase", "octocat", "--yes", "--reason", "octocat left");
    expect([code, err]).toEqual([2, expect.stringContaining("reason: holds the login")]);
  });
});
