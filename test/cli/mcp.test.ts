/** The ledger's questions for an assistant, asked with the client of the protocol's SDK. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { mcpServer } from "../../cli/mcp/server.ts";
import { Release } from "../../schemas/answer.ts";
import { tokenOf } from "../http/given.ts";
import { broken, TWO } from "./broken.ts";
import { cleanUp, type LedgerServer } from "./harness.ts";

afterEach(cleanUp);

const PLACE = { environment: "production", service: "acme/billing" };

async function assistant({ url }: Pick<LedgerServer, "url">, token = tokenOf("reader")): Promise<Client> {
  const [one, other] = InMemoryTransport.createLinkedPair();
  await mcpServer({ url, token, waitMs: 1 }).connect(other);
  const client = new Client({ name: "test", version: "1" });
  await client.connect(one);
  return client;
}

const Result = z.looseObject({
  content: z.tuple([z.looseObject({ type: z.literal("text"), text: z.string() })]),
  isError: z.boolean().default(false),
});

async function ask(client: Client, name: string, query: Record<string, unknown>) {
  const { content, isError } = Result.parse(await client.callTool({ name, arguments: query }));
  return { text: content[0].text, isError };
}

describe("the tools of an assistant", () => {
  it("are the ledger's questions, and only read", async () => {
    const { tools } = await (await assistant(await broken())).listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      "environments",
      "services",
      "release",
      "snapshot",
      "timeline",
      "diff",
      "changes",
      "artifact",
      "plan",
      "gate",
    ]);
    expect(tools.filter(({ annotations }) => annotations?.readOnlyHint !== true)).toEqual([]);
  });

  it("have the parameters of the API, without its file formats", async () => {
    const { tools } = await (await assistant(await broken())).listTools();
    const { properties, required } = tools.find(({ name }) => name === "timeline")?.inputSchema ?? {};
    expect(Object.keys(properties ?? {})).toEqual(expect.arrayContaining(["environment", "from", "tz"]));
    expect(Object.keys(properties ?? {})).not.toContain("format");
    expect(required).toContain("from");
  });

  it("answer what the API answers", async () => {
    const client = await assistant(await broken());
    const { text, isError } = await ask(client, "release", PLACE);
    expect(isError).toBe(false);
    expect(Release.parse(JSON.parse(text)).components[0]?.digest).toBe(TWO);
  });

  it("pass parameters on as they came: durations and lists, too", async () => {
    const client = await assistant(await broken());
    const changes = await ask(client, "changes", { ...PLACE, window: "14d" });
    expect(changes.isError).toBe(false);
    const plan = await ask(client, "plan", { ...PLACE, at: "2026-11-15", acceptShared: "acme/a,acme/b" });
    expect(JSON.parse(plan.text)).toMatchObject(PLACE);
  });
});

describe("a question that has no answer", () => {
  it("names the nearest name, so that the assistant can correct it", async () => {
    const client = await assistant(await broken());
    const { text, isError } = await ask(client, "release", { ...PLACE, service: "acme/biling" });
    expect(isError).toBe(true);
    expect(text).toMatch(/^404: .*acme\/billing/);
  });

  it("says which parameter is wrong, without a request", async () => {
    const ledger = await broken();
    const client = await assistant(ledger);
    const before = ledger.asked.length;
    expect(await ask(client, "release", { environment: "production" })).toMatchObject({ isError: true });
    expect(await ask(client, "timeline", { ...PLACE, from: "-7d", format: "csv" })).toEqual({
      text: "format: the answer is always JSON",
      isError: true,
    });
    expect(await ask(client, "release", { ...PLACE, colour: "red" })).toMatchObject({ isError: true });
    expect(ledger.asked).toHaveLength(before);
  });

  it("says that a token is wrong, and where the ledger cannot be reached", async () => {
    const ledger = await broken();
    const stranger = await ask(await assistant(ledger, "wrong"), "environments", {});
    expect(stranger.isError).toBe(true);
    expect(stranger.text).toMatch(/^401: the token is missing or wrong/);
    const client = await assistant(ledger);
    await ledger.stop();
    expect(await ask(client, "environments", {})).toMatchObject({
      isError: true,
      text: expect.stringContaining(`${ledger.url} cannot be reached`),
    });
  });

  it("has no tool of that name, and changes nothing", async () => {
    const { text, isError } = await ask(await assistant(await broken()), "redeploy", PLACE);
    expect(isError).toBe(true);
    expect(text).toMatch(/^no tool redeploy; there are environments, /);
  });
});
