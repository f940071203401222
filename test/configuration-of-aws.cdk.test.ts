import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configurationIn, refuseContexts } from "../cdk/configuration.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-configuration-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder with these files. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(folder, "of-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, name), text);
  return made;
}

describe("the configuration of a deployment", () => {
  it("is that of the file, whatever its language, with defaults for the rest", async () => {
    const wanted = { alarmEmail: "ops@example.com", cloudfront: true, waf: false };
    const files = {
      "asof.config.ts": 'const alarmEmail: string = "ops@example.com"; export default { alarmEmail };',
      "asof.config.mjs": 'export default { alarmEmail: "ops@example.com" };',
      "asof.config.json": '{ "alarmEmail": "ops@example.com" }',
      "asof.config.yaml": "alarmEmail: ops@example.com",
    };
    for (const [name, text] of Object.entries(files))
      expect(await configurationIn(folderOf({ [name]: text })), name).toMatchObject(wanted);
  });

  it("is the defaults without a file, and another file where one is named", async () => {
    const made = folderOf({ "other.yaml": "waf: true" });
    expect(await configurationIn(made)).toMatchObject({ cloudfront: true, waf: false, executors: false });
    expect(await configurationIn(made, "other.yaml")).toMatchObject({ waf: true });
    await expect(configurationIn(made, "missing.yaml")).rejects.toThrow("missing.yaml: no such file");
  });

  it.each([
    ["cloudfornt: true", "cloudfornt"],
    ["alarmEmail: nobody", "alarmEmail"],
    ["domain: { name: asof.example.com }", "domain.certificate"],
    ["throughput: { readUnits: 0 }", "throughput.readUnits"],
    ["silentAfter: { /ci: soon }", "silentAfter"],
    ["backup: { copyTo: a-vault }", "backup.copyTo"],
    ["table: { facts: asof-restored }", "table.stream"],
    ["waf: true\ncloudfront: false", "waf: needs cloudfront"],
  ])("is refused with the field that is wrong: %s", async (text, field) => {
    await expect(configurationIn(folderOf({ "asof.config.yaml": text }))).rejects.toThrow(field);
  });

  it("is one file", async () => {
    const made = folderOf({ "asof.config.yaml": "waf: true", "asof.config.json": "{}" });
    await expect(configurationIn(made)).rejects.toThrow("there may be only one of them");
  });

  it("is not given by contexts, which switch off what is forgotten", () => {
    const given = new Map([["alarmEmail", "ops@example.com"]]);
    expect(() => refuseContexts((name) => given.get(name))).toThrow("-c alarmEmail: no longer read");
    expect(() => refuseContexts(() => undefined)).not.toThrow();
  });
});
