/** What every command prints: help in groups, the nearest right word, and answers for programs. */
import { afterEach, describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { csvOf } from "../../cli/ask/csv.ts";
import { render, widthOf, wrapped } from "../../cli/ask/style.ts";
import { commandsFor, GROUPS } from "../../cli/commands.ts";
import { Release } from "../../schemas/answer.ts";
import { tokenOf } from "../doors/given.ts";
import { broken } from "./broken.ts";
import { asof, cleanUp, type LedgerServer } from "./harness.ts";

afterEach(cleanUp);

const ask = ({ url }: LedgerServer, ...args: string[]) =>
  asof(args, { ASOF_URL: url, ASOF_TOKEN: tokenOf("reader"), TZ: "UTC" });

describe("help", () => {
  it("has five groups, each command in one of them", async () => {
    const { code, out } = await asof(["--help"]);
    expect(code).toBe(0);
    const heads = out.split("\n").filter((line) => /^[A-Z][a-z]+:$/.test(line) && line !== "Options:");
    expect(heads).toEqual(["Ask:", "Act:", "Report:", "History:", "Run:", "Examples:"]);
    expect(Object.keys(GROUPS)).toEqual(["Ask:", "Act:", "Report:", "History:", "Run:"]);
    expect(out.indexOf("  rollback ")).toBeGreaterThan(out.indexOf("Act:"));
    expect(out.indexOf("  rollback ")).toBeLessThan(out.indexOf("Report:"));
  });

  it("is there for each command", async () => {
    const commands = await commandsFor([], {
      env: {},
      out: () => undefined,
      err: () => undefined,
      now: () => new Date(),
      waitMs: 1,
      isAttended: false,
      interrupted: () => new AbortController().signal,
      end: () => undefined,
    });
    for (const name of commands.map((one) => one.name())) {
      const { code, out } = await asof([name, "--help"]);
      expect({ name, code }).toEqual({ name, code: 0 });
      expect(out).toContain(`Usage: asof ${name}`);
    }
  });
});

describe("a wrong word", () => {
  it.each([
    [["shwo"], "Did you mean show?"],
    [["show", "--asciii"], "Did you mean --ascii?"],
    [["show", "-o", "xml"], "Allowed choices are table, json, csv, yaml"],
  ])("gets the nearest right one: %j", async (args, hint) => {
    const { code, err } = await asof(args);
    expect(code).toBe(2);
    expect(err).toContain(hint);
  });
});

describe("an answer for programs", () => {
  it("is the ledger's in JSON and YAML, and a line each in CSV", async () => {
    const ledger = await broken({}, "acme/web");
    const json: unknown = JSON.parse((await ask(ledger, "show", "production/billing", "-o", "json")).out);
    expect(Release.parse(json)).toMatchObject({ service: "acme/billing" });
    const yaml: unknown = parseYaml((await ask(ledger, "show", "production/billing", "-o", "yaml")).out);
    expect(Release.parse(yaml)).toMatchObject({ service: "acme/billing" });
    const lines = (await ask(ledger, "show", "production", "-o", "csv")).out.split("\n");
    expect(lines[0]).toMatch(/^environment,service,group,at,/);
    expect(lines.slice(1).map((line) => line.split(",")[1])).toEqual(["acme/billing", "acme/web"]);
    const log = (await ask(ledger, "log", "production/billing", "--since", "30d", "-o", "csv")).out;
    expect(log.split("\n")).toHaveLength(4);
  });

  it("in CSV is no formula, and holds quotes and lists", () => {
    expect(
      csvOf({ changes: [{ title: "=1+1", by: 'a "b"', tags: ["x", "y"] }, { other: { deep: 1 } }] }),
    ).toBe(["title,by,tags,other.deep", `'=1+1,"a ""b""","[""x"",""y""]",`, ",,,1"].join("\n"));
  });

  it("is an error in JSON, too", async () => {
    const ledger = await broken();
    const { code, out } = await ask(ledger, "show", "-e", "nowhere", "-o", "json");
    expect(code).toBe(3);
    expect(JSON.parse(out)).toEqual({ error: expect.stringContaining("nowhere") });
  });
});

describe("a long line", () => {
  it("is broken at spaces, and a long word stays whole", () => {
    const word = "x".repeat(30);
    const lines = wrapped([{ text: "✗ ", tone: "red" }, `one two three ${word} four`], 16, 2);
    const style = { color: false, links: false, ascii: false };
    expect(lines.map((line) => render(line, style))).toEqual(["✗ one two three", `  ${word}`, "  four"]);
    expect(widthOf(lines[0] ?? [])).toBe(15);
  });
});
