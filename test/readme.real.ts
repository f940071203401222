/** The README's commands do what it says they do. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Running, start } from "../functions/runtime/server/server.ts";
import { Outcomes, Release } from "../schemas/answer.ts";

const run = promisify(execFile);
const readme = await readFile("README.md", "utf8");

/** The shell commands under a heading. */
const commandsUnder = (heading: string): string => {
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block).join("\n");
};

describe("the README", () => {
  let data: string;
  let ledger: Running;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), "asof-readme-"));
    ledger = await start({ ASOF_DATA: data, ASOF_PORT: "0" });
  });
  afterAll(async () => {
    await ledger.stop();
    await rm(data, { recursive: true });
  });

  const shell = async (commands: string): Promise<string> => {
    const here = commands
      .replaceAll("http://127.0.0.1:8787", ledger.address)
      .replaceAll(".asof/token", join(data, "token"));
    return (await run("bash", ["-euc", here])).stdout;
  };

  it("says something, and is answered what ran yesterday and what runs now", async () => {
    const printed = await shell(commandsUnder("Say something"));
    const answers = printed
      .replaceAll("}{", "}\n{")
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    const said = answers.slice(0, 4).map((answer) => Outcomes.parse(answer).outcomes[0]?.outcome);
    expect(said).toEqual(["recorded", "recorded", "recorded", "recorded"]);
    const [yesterday, now] = answers.slice(4).map((answer) => Release.parse(answer));
    expect(yesterday?.components[0]).toMatchObject({
      image: `ghcr.io/acme/shop@sha256:${"1".repeat(64)}`,
      commit: { sha: "4be1f0a7d2c3951e6b8840f7a9d5c2e13b6a7f90" },
    });
    expect(yesterday?.migrations).toMatchObject([{ database: "shop", version: "20261012093000" }]);
    expect(yesterday?.config).toMatchObject([{ revision: "77aa01c" }]);
    expect(now?.components[0]?.digest).toBe(`sha256:${"2".repeat(64)}`);
  });

  it("names every door that a question can be asked at", () => {
    const doors = [
      "release",
      "snapshot",
      "environments",
      "timeline",
      "diff",
      "artifact",
      "commit",
      "tag",
      "sources",
      "export",
    ];
    for (const door of doors) expect(readme).toMatch(new RegExp(`\`(GET )?/v1/${door}\\b`));
  });
});
