/** Tokens that are made, listed and revoked on the command line, and what a running ledger makes of it. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { tokensIn } from "../../functions/ledger/authority/token-lines.ts";
import { sha256 } from "../../functions/ledger/canonical.ts";
import { tokenFile, warnOfEnds } from "../../functions/runtime/config/token-file.ts";
import { cleanUp as cleanUpDoors, givenDoors, NOW } from "../http/given.ts";
import { asof, cleanUp, linesOf, newFolder } from "./harness.ts";

afterEach(async () => {
  await cleanUp();
  cleanUpDoors();
});

const make = (...args: string[]) => asof(["token", "new", ...args]);
const CI = ["--role", "writer", "--name", "ci"];

describe("asof token new", () => {
  it("prints the token once, and beside it the line that holds its hash alone", async () => {
    const { code, out, err } = await make(
      ...CI,
      "--grants",
      "environments=staging|review/x",
      "sources=/cli/acme",
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^[\w-]{32}$/);
    const line = err.split("\n").at(-1) ?? "";
    expect(err).not.toContain(out);
    expect(line).toBe(`writer:ci:sha256=${sha256(out)}:sources=/cli/acme:environments=staging|review/x`);
    expect(parseTokens(line)).toMatchObject([{ environments: ["staging", "review/x"] }]);
  });

  it("lets a writer report for sources of its own name, unless others are named", async () => {
    expect((await make(...CI)).err).toContain(":sources=/ci/ci");
    expect((await make("--role", "reader", "--name", "web")).err).not.toContain("sources");
  });

  it("takes a last day as a date, or as days from now", async () => {
    expect((await make(...CI, "--expires", "2027-02-28")).err).toMatch(/:expires=2027-02-28$/);
    expect((await make(...CI, "--expires", "90d")).err).toMatch(/:expires=2027-02-20$/);
  });

  it("prints JSON for programs", async () => {
    const { token, line } = JSON.parse((await make(...CI, "--json")).out);
    expect(line).toContain(`sha256=${sha256(token)}`);
  });

  it.each([
    [["--role", "root", "--name", "x"], 2, "root"],
    [["--role", "writer"], 2, "--name"],
    [["--role", "writer", "--name", "a b"], 2, "--name: "],
    [["--role", "writer", "--name", "a:b"], 2, "--name: "],
    [[...CI, "--grants", "places=x"], 2, "environments=…"],
    [[...CI, "--grants", "environments=staging,reader:x:0123456789abcdef"], 2, "no comma"],
    [[...CI, "--expires", "tomorrow"], 2, "expires: must be a date"],
    [[...CI, "--expires", "2026-11-21"], 2, "is over"],
    [[...CI, "--data", "/nonexistent/folder"], 2, "there is no such folder"],
  ])("%j is refused in one line, and makes nothing", async (args, code, named) => {
    const ended = await make(...args);
    expect(ended).toMatchObject({ code, out: "" });
    expect(ended.err).toContain(named);
  });
});

describe("the tokens in a ledger's folder", () => {
  it("are added, listed without secrets, and revoked by name or id", async () => {
    const folder = newFolder();
    const file = join(folder, "tokens");
    const first = await make(...CI, "--data", folder, "--expires", "2027-02-28");
    const second = await make("--role", "reader", "--name", "web", "--data", folder);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(tokensIn(readFileSync(file, "utf8")).map(({ hash }) => hash)).toEqual([
      sha256(first.out),
      sha256(second.out),
    ]);
    const [one, two] = (await asof(["token", "list", "--data", folder])).out.split("\n");
    const id = sha256(first.out).slice(0, 12);
    expect(one).toBe(`${id}  writer  ci  ends 2027-02-28  sources=/ci/ci`);
    expect(two).toContain("does not end");
    expect((await asof(["token", "revoke", "web", "--data", folder])).code).toBe(0);
    expect((await asof(["token", "revoke", id], { ASOF_DATA: folder })).code).toBe(0);
    expect(linesOf(file)).toEqual([]);
  });

  it("of one name are revoked one by one", async () => {
    const folder = newFolder();
    await make(...CI, "--data", folder);
    const { out } = await make(...CI, "--data", folder);
    const refused = await asof(["token", "revoke", "ci", "--data", folder]);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("is the name of 2 tokens") });
    await asof(["token", "revoke", sha256(out).slice(0, 12), "--data", folder]);
    const { tokens } = JSON.parse((await asof(["token", "list", "--data", folder, "--json"])).out);
    expect(tokens).toMatchObject([{ name: "ci", role: "writer", ended: false }]);
    expect(JSON.stringify(tokens)).not.toContain("hash");
  });

  it("keep what a person wrote beside them", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "tokens"), "# of team billing\nreader:old:0123456789abcdef");
    await make(...CI, "--data", folder);
    expect(linesOf(join(folder, "tokens")).slice(0, 2)).toEqual([
      "# of team billing",
      "reader:old:0123456789abcdef",
    ]);
  });

  it("that nobody knows cannot be revoked", async () => {
    const ended = await asof(["token", "revoke", "nobody", "--data", newFolder()]);
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining("has no token nobody") });
  });
});

describe("a running ledger", () => {
  /** A ledger that reads the tokens of a folder, and its clock. */
  function running(folder: string) {
    const clock = { ms: Date.parse(NOW) };
    const lines: string[] = [];
    const write = (message: string, fields: object) =>
      void lines.push(JSON.stringify({ message, ...fields }));
    const log = { info: write, error: write };
    const now = () => new Date(clock.ms);
    const read = tokenFile(join(folder, "tokens"), { now, log });
    const doors = givenDoors({ now, secrets: async () => ({ tokens: read(), webhooks: {} }) });
    const statusOf = async (token: string) => (await doors.stranger(token).get("/v1/environments")).status;
    return { clock, lines, statusOf, doors };
  }

  it("takes a new token, and refuses a revoked one, within a minute and without a restart", async () => {
    const folder = newFolder();
    const { clock, statusOf } = running(folder);
    const { out: token } = await make("--role", "reader", "--name", "web", "--data", folder);
    clock.ms += 59_000;
    expect(await statusOf(token)).toBe(200);
    await asof(["token", "revoke", "web", "--data", folder]);
    clock.ms += 59_000;
    expect(await statusOf(token)).toBe(401);
  });

  it("goes on with the last tokens where the file is broken, and logs the line", async () => {
    const folder = newFolder();
    const { out: token } = await make("--role", "reader", "--name", "web", "--data", folder);
    const { clock, lines, statusOf } = running(folder);
    writeFileSync(join(folder, "tokens"), "reader:web");
    clock.ms += 59_000;
    expect(await statusOf(token)).toBe(200);
    expect(lines.join()).toContain("line 1: entry 1: token");
  });

  it("does not start with a broken file", () => {
    const folder = newFolder();
    writeFileSync(join(folder, "tokens"), "\nreader:web");
    expect(() => running(folder)).toThrow(/tokens: line 2: entry 1: token/);
  });

  it("refuses a token after its last day, and says which it was", async () => {
    const folder = newFolder();
    const { out: token } = await make(
      ...["--role", "reader", "--name", "web", "--data", folder, "--expires", "2026-11-22"],
    );
    const { clock, statusOf, doors } = running(folder);
    clock.ms = Date.parse("2026-11-22T23:59:59.999Z");
    expect(await statusOf(token)).toBe(200);
    clock.ms += 1;
    expect(await statusOf(token)).toBe(401);
    expect((await doors.stranger(token).get("/v1/environments")).text).toContain("web ended on 2026-11-22");
  });

  it("shows tokens that end soon among the sources, to those who are bound to nothing", async () => {
    const folder = newFolder();
    const soon = ["--role", "reader", "--name", "web", "--data", folder, "--expires", "7d"];
    const [unbound, bound] = [await make(...soon), await make(...soon, "--grants", "environments=staging")];
    const { doors } = running(folder);
    const sources = async ({ out }: { out: string }) => (await doors.stranger(out).get("/v1/sources")).json;
    const ending = { name: "web", expires: "2026-11-29" };
    expect(await sources(unbound)).toMatchObject({ tokensEnding: [ending, ending] });
    expect(await sources(bound)).not.toHaveProperty("tokensEnding");
  });

  it("warns of a token that ends within two weeks, once a day", () => {
    const clock = { ms: Date.parse(NOW) };
    const lines: string[] = [];
    const write = (message: string, fields: object) =>
      void lines.push(JSON.stringify({ message, ...fields }));
    const warn = warnOfEnds({ info: write, error: write }, () => new Date(clock.ms));
    const tokens = tokensIn(
      ["2026-12-06", "2026-12-07", "2026-11-21"]
        .map((day, n) => `reader:web-${n}:0123456789abcdef:expires=${day}`)
        .join("\n"),
    );
    for (const _ of [1, 2, 3]) warn(tokens);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ name: "web-0", expires: "2026-12-06" }]);
    clock.ms += 86_400_000;
    warn(tokens);
    expect(lines.map((line) => JSON.parse(line).name)).toEqual(["web-0", "web-0", "web-1"]);
  });
});
