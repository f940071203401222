/** What every command prints: help in groups, the nearest right word, and answers for programs. */
import { afterEach, describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { csvOf } from "../../cli/ask/csv.ts";
import { fitted, render, widthOf, wrapped } from "../../cli/ask/style.ts";
import { changesLines } from "../../cli/ask/timeline-view.ts";
import { timesIn } from "../../cli/ask/words-for.ts";
import { commandsFor, GROUPS } from "../../cli/commands.ts";
import { Release } from "../../schemas/answer.ts";
import { VERSION } from "../../schemas/version.ts";
import { tokenOf } from "../http/given.ts";
import { broken } from "./broken.ts";
import { asof, cleanUp, type LedgerServer } from "./harness.ts";

afterEach(cleanUp);

const ask = ({ url }: LedgerServer, ...args: string[]) =>
  asof(args, { ASOF_URL: url, ASOF_TOKEN: tokenOf("reader"), TZ: "UTC" });

describe("columns within a width", () => {
  const rows = [
    [["6m"], ["acme/billing"], ["deployed 1.8.0 by somebody who wrote much"], ["mona"]],
    [["41m"], ["acme/web"], ["failed"], ["octocat"]],
    [["2d"], ["acme/web"], ["migrated 20261120094900 and 2026"], []],
  ];
  const lines = (width: number) =>
    fitted(rows, "  ", width, 2).map((line) => render(line, { color: false, links: false, ascii: false }));

  it("stay on a line each where they have room", () => {
    expect(lines(80)).toEqual([
      "  6m   acme/billing  deployed 1.8.0 by somebody who wrote much  mona",
      "  41m  acme/web      failed                                     octocat",
      "  2d   acme/web      migrated 20261120094900 and 2026",
    ]);
  });

  it("go on below their text where they have none", () => {
    expect(lines(60)).toEqual([
      "  6m   acme/billing  deployed 1.8.0 by somebody who  mona",
      "                     wrote much",
      "  41m  acme/web      failed                          octocat",
      "  2d   acme/web      migrated 20261120094900 and 2026",
    ]);
  });
});

describe("what changed before it broke", () => {
  it("says which sources had fallen silent, for it may be incomplete", () => {
    const [from, before] = ["2026-11-25T03:00:00.000Z", "2026-11-27T03:00:00.000Z"];
    const answer = { environment: "production", from, before, knownAt: before, settled: true };
    const silent = {
      source: "/observer/eu-1",
      lastRecordedAt: "2026-11-27T00:00:00.000Z",
      facts: { today: 1, week: 9 },
      silent: true,
      usualPauseS: 300,
    };
    const lines = changesLines(
      { ...answer, changes: [], more: false, others: 0 },
      {
        times: timesIn("UTC", before),
        width: 80,
        room: 80,
        isPast: true,
        nameOf: (environment, service) => `${environment}/${service}`,
      },
      [silent],
    );
    expect(lines.map((line) => render(line, { color: false, links: false, ascii: false })).at(-1)).toBe(
      "? /observer/eu-1 silent since Fri 27 Nov 00:00 (usually every 5m): may be incomplete",
    );
  });
});

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

describe("the version", () => {
  it("is the package's", async () => {
    expect(await asof(["--version"])).toMatchObject({ code: 0, out: VERSION });
  });

  it("is another option behind a command that has one", async () => {
    const { code, err } = await asof(["record", "migration", "--version"]);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining("--version <version>") });
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
