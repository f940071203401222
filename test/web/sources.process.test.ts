import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** Stands for a ledger: it says which path was asked. */
async function startLedger(): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer(({ url }, answer) => answer.end(`asked ${url}`)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { server, url: `http://127.0.0.1:${address.port}` };
}

/** The address that Vite prints, in whatever colours. */
async function addressOf(vite: ChildProcess): Promise<string> {
  let printed = "";
  for await (const chunk of vite.stdout ?? []) {
    printed += String(chunk);
    const [, port] = /127\.0\.0\.1:\D*(\d+)/.exec(printed) ?? [];
    if (port !== undefined) return `http://127.0.0.1:${port}`;
  }
  throw new Error(`no address: ${printed}`);
}

describe("the page's sources", () => {
  let ledger: Awaited<ReturnType<typeof startLedger>>;
  let vite: ChildProcess;
  let address: string;
  beforeAll(async () => {
    ledger = await startLedger();
    vite = spawn(process.execPath, [join(ROOT, "node_modules/vite/bin/vite.js"), "web", "--port", "0"], {
      cwd: ROOT,
      env: { PATH: process.env.PATH ?? "", ASOF_URL: ledger.url, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    address = await addressOf(vite);
  });
  afterAll(() => {
    vite.kill();
    ledger.server.close();
  });

  const get = async (path: string): Promise<string> => (await fetch(`${address}${path}`)).text();

  it("are served at the address of each view, with what reloads them", async () => {
    const html = await get("/why");
    for (const file of ["/main.tsx", "/theme.ts", "/style.css", "/@vite/client"])
      expect(html).toContain(file);
    expect(await get("/main.tsx")).toMatch(/preact/);
    expect(await get("/style.css?direct")).toContain("--bgColor-default:");
  });

  it("ask the running ledger", async () => {
    expect(await get("/v1/whoami?x=1")).toBe("asked /v1/whoami?x=1");
    expect(await get("/auth/session")).toBe("asked /auth/session");
  });
});
