import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const tests = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "test"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => readFileSync(file, "utf8"))
  .join("\n");

/** The last cell of each row of the tables that have a column `test`. */
const named = readFileSync("docs/threat-model.md", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (-|who \||what \|)/.test(line))
  .map((line) => /`([^`]+)` \|$/.exec(line)?.[1] ?? line);

describe("the threat model", () => {
  it("names a test for each line of its tables", () => {
    expect(named.length).toBeGreaterThan(12);
  });

  it.each(named)("has a test: %s", (name) => {
    expect(tests.includes(`"${name}",`)).toBe(true);
  });
});
