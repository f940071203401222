/** Completion in the shells themselves: bash, zsh and fish ask the program for what comes next. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { broken, REPOSITORY, TWO } from "./cli/broken.ts";
import { cleanUp, newFolder } from "./cli/harness.ts";
import { event } from "./client.ts";
import { deployed, tokenOf } from "./http/given.ts";
import { CLI } from "./programs.ts";

afterEach(cleanUp);

const run = promisify(execFile);

/** What each shell offers for a line: the candidates that its own completion hands over. */
const ASKS: Readonly<Record<string, (line: string) => readonly string[]>> = {
  bash: (line) => [
    "bash",
    "-c",
    `source <(asof completion bash); COMP_LINE=$1; COMP_POINT=\${#1}; _asof; printf '%s\\n' "\${COMPREPLY[@]}"`,
    "bash",
    line,
  ],
  zsh: (line) => [
    "zsh",
    "-f",
    "-c",
    `compdef() { : }; compadd() { shift; print -l -- "$@" }; source <(asof completion zsh)
     words=(\${(z)1}); [[ $1 = *' ' ]] && words+=(''); CURRENT=$#words; _asof`,
    "zsh",
    line,
  ],
  fish: (line) => ["fish", "--no-config", "-c", "asof completion fish | source; complete -C $argv[1]", line],
};

async function offered(shell: string, line: string): Promise<string[]> {
  const { url, doors } = await broken();
  const client = doors.client();
  const image = { repository: REPOSITORY, digest: TWO, tag: "1.8.0" };
  await client.say(event("artifact.pushed", "tag", "2026-11-19T00:00:00Z", image));
  const hostile = { environment: "prod:eu@2", deployment: { provider: "test", instance: "here", id: "2" } };
  await client.say(deployed("2", undefined, hostile));
  const folder = newFolder();
  writeFileSync(join(folder, "asof"), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`, {
    mode: 0o755,
  });
  const [program = "", ...args] = ASKS[shell]?.(line) ?? [];
  const env = {
    PATH: `${folder}:${process.env.PATH}`,
    HOME: folder,
    ASOF_URL: url,
    ASOF_TOKEN: tokenOf("reader"),
  };
  // An empty folder: where nothing else fits, shells offer files.
  const { stdout } = await run(program, args, { cwd: newFolder(), env });
  return stdout
    .split("\n")
    .filter((one) => one !== "")
    .sort();
}

describe.each(["bash", "zsh", "fish"])("completion in %s", (shell) => {
  it("completes commands and places", async () => {
    expect(await offered(shell, "asof rollb")).toEqual(["rollback"]);
    expect(await offered(shell, "asof show production/")).toEqual(["production/acme/billing"]);
    expect(await offered(shell, "asof plan --schema ")).toEqual(["keep", "revert"]);
  });

  it("completes what holds colons and slashes", async () => {
    // Bash breaks words at colons: it takes what comes behind the last one.
    const isBash = shell === "bash";
    expect(await offered(shell, "asof show prod:eu@2/")).toEqual([
      isBash ? "2/acme/billing" : "prod:eu@2/acme/billing",
    ]);
    expect(await offered(shell, `asof show ${REPOSITORY}:1`)).toEqual([
      isBash ? "1.8.0" : `${REPOSITORY}:1.8.0`,
    ]);
  });
});
