/** What a shell offers next. */
import { afterEach, describe, expect, it } from "vitest";
import { forBash, typedLine } from "../../cli/completion/candidates.ts";
import { event } from "../client.ts";
import { tokenOf } from "../http/given.ts";
import { broken, REPOSITORY, TWO } from "./broken.ts";
import { asof, cleanUp } from "./harness.ts";

afterEach(cleanUp);

/** @param tag of the image that runs */
async function offered(line: string, shell = "fish", tag?: string): Promise<string[]> {
  const { url, doors } = await broken();
  if (tag !== undefined) {
    const image = { repository: REPOSITORY, digest: TWO, tag };
    const pushed = await doors.client().say(event("artifact.pushed", tag, "2026-11-19T00:00:00Z", image));
    expect(pushed.status).toBe(201);
  }
  const { out, err, code } = await asof(["completion", shell, "--line", line], {
    ASOF_URL: url,
    ASOF_TOKEN: tokenOf("reader"),
  });
  expect({ err, code }).toEqual({ err: "", code: 0 });
  return out.split("\n").filter((one) => one !== "");
}

describe("completion", () => {
  it("offers commands, and subcommands", async () => {
    expect(await offered("asof re")).toEqual(["redeploy", "record", "review", "rename", "restore"]);
    expect(await offered("asof record de")).toEqual(["deploy"]);
  });

  it("offers options of the command, and their choices", async () => {
    expect(await offered("asof plan --accept-d")).toEqual(["--accept-data-loss"]);
    expect(await offered("asof plan --schema ")).toEqual(["keep", "revert"]);
    expect(await offered("asof completion ")).toEqual(["bash", "zsh", "fish"]);
  });

  it("offers the ledger's environments, and the services of the one on the line", async () => {
    expect(await offered("asof plan --environment ")).toContain("production");
    expect(await offered("asof plan --environment production --service acme/b")).toEqual(["acme/billing"]);
    expect(await offered("asof plan --environment nowhere --service ")).toEqual([]);
  });

  it("offers places as words, and tags", async () => {
    expect(await offered("asof show prod")).toEqual(["production", "production/acme/billing"]);
    expect(await offered("asof show -e production -s acme/b")).toEqual(["acme/billing"]);
    expect(await offered("asof rollback production/")).toEqual(["production/acme/billing"]);
    expect(await offered("asof show ghcr.io/acme/b", "fish", "1.8.0")).toEqual([
      "ghcr.io/acme/billing:1.8.0",
    ]);
    expect(await offered("asof plan --tag gh", "fish", "1.8.0")).toEqual(["ghcr.io/acme/billing:1.8.0"]);
  });

  it("offers no names, and prints nothing, without a ledger", async () => {
    const { out, err, code } = await asof(["completion", "bash", "--line", "asof plan --environment "], {
      ASOF_URL: "http://127.0.0.1:9",
    });
    expect({ out, err, code }).toEqual({ out: "", err: "", code: 0 });
  });
});

describe("a line up to the cursor", () => {
  it("is read as a shell reads it", () => {
    expect(typedLine(String.raw`asof log 'a b' c\ d e"f g`)).toEqual({
      words: ["log", "a b", "c d"],
      current: "ef g",
      quote: '"',
    });
    expect(typedLine("asof ")).toEqual({ words: [], current: "" });
  });
});

describe("a candidate in bash", () => {
  it("goes on behind the character at which bash breaks words", () => {
    expect(forBash("prod:eu@2", { words: [], current: "prod:e" })).toBe("eu@2");
    expect(forBash("prod:eu@2", { words: [], current: "prod" })).toBe("prod:eu@2");
  });

  it("is no syntax", () => {
    expect(forBash("a b;$(c)", { words: [], current: "" })).toBe(String.raw`a\ b\;\$\(c\)`);
    expect(forBash("a b", { words: [], current: "a", quote: "'" })).toBe("a b");
  });
});
