/** Which ledger a command uses. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { tokenOf } from "../http/given.ts";
import { broken } from "./broken.ts";
import { asof, cleanUp, type Env, newFolder } from "./harness.ts";

afterEach(cleanUp);

const NOWHERE = "http://127.0.0.1:9";

async function home(): Promise<{ env: Env; folder: string; url: string; token: string }> {
  const folder = newFolder();
  const token = join(folder, "token");
  writeFileSync(token, tokenOf("reader"));
  const { url } = await broken();
  return { env: { HOME: folder, ASOF_TOKEN: "", TZ: "UTC" }, folder, url, token };
}

const SHOW = ["show", "-e", "production"];

describe("asof context", () => {
  it("is used with its token, once it is the current one", async () => {
    const { env, url, token } = await home();
    await asof(["context", "add", "here", "--url", url, "--token-file", token], env);
    await asof(["context", "add", "nowhere", "--url", NOWHERE], env);
    expect((await asof(["context", "list"], env)).out).toBe(
      `* here  ${url}  ${token}  by asof context use\n  nowhere  ${NOWHERE}`,
    );
    expect((await asof(SHOW, env)).code).toBe(0);
    expect((await asof(["context", "use", "nowhere"], env)).code).toBe(0);
    expect((await asof(SHOW, env)).code).toBe(4);
    expect((await asof([...SHOW, "--context", "here"], env)).code).toBe(0);
    expect((await asof(["context", "remove", "nowhere"], env)).code).toBe(0);
    expect((await asof(["context", "use", "nowhere"], env)).code).toBe(2);
  });

  it("is overruled by the folder's file, that by variables, and those by options", async () => {
    const { env, folder, url, token } = await home();
    await asof(["context", "add", "nowhere", "--url", NOWHERE], env);
    await asof(["context", "add", "here", "--url", url, "--token-file", token], env);
    const clone = join(folder, "clone");
    mkdirSync(join(clone, "deep"), { recursive: true });
    writeFileSync(join(clone, ".asof.json"), JSON.stringify({ context: "here" }));
    const there = { folder: join(clone, "deep") };
    const code = async (more: Env, ...args: string[]) =>
      (await asof([...SHOW, ...args], { ...env, ...more }, undefined, there)).code;
    expect(await code({})).toBe(0);
    expect(await code({ ASOF_CONTEXT: "nowhere" })).toBe(4);
    expect(await code({ ASOF_URL: NOWHERE })).toBe(4);
    expect(await code({ ASOF_URL: NOWHERE }, "--context", "here")).toBe(0);
    expect(await code({ ASOF_CONTEXT: "here" }, "--url", NOWHERE)).toBe(4);
  });

  it("sends its token to its own ledger alone", async () => {
    const { env, url, token } = await home();
    await asof(["context", "add", "nowhere", "--url", NOWHERE, "--token-file", token], env);
    expect((await asof(SHOW, { ...env, ASOF_URL: url })).code).toBe(5);
  });

  it("is refused where a name, an address or a file is wrong", async () => {
    const { env, folder } = await home();
    expect((await asof(["context", "add", "a b", "--url", NOWHERE], env)).code).toBe(2);
    expect((await asof(["context", "add", "x", "--url", "ftp://x"], env)).code).toBe(2);
    expect((await asof(SHOW, { ...env, ASOF_CONTEXT: "none" })).err).toContain("there is no context none");
    writeFileSync(join(folder, ".asof.json"), JSON.stringify({ url: "https://elsewhere.example" }));
    const { code, err } = await asof(SHOW, env, undefined, { folder });
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('must be like {"context"') });
  });
});
