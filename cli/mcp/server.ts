/** A Model Context Protocol server whose tools are the ledger's questions. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
  type Tool as ToolDescription,
} from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import { withQuery } from "../../functions/adapters/api-request.ts";
import { CliError, Unreachable } from "../error.ts";
import { failureOf } from "../ledger/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { sendRequest } from "../ledger/request.ts";
import { TOOLS, type Tool } from "./tools.ts";

const INSTRUCTIONS =
  "A release ledger: what ran where at any moment, what changed, and how to run it again. Times are RFC 3339, dates, yesterday, or -7d; days are UTC unless tz names a zone. Names are exact. Quote times, versions and names as answered, and say what is unknown.";

/** Assistants get JSON only; the API's other formats are files. */
const FORMAT = "format";

const Parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const JsonSchema = z.looseObject({ properties: z.record(z.string(), z.looseObject({})).default({}) });

function inputSchemaOf(question: z.ZodType): ToolDescription["inputSchema"] {
  const schema = z.toJSONSchema(question, { io: "input", target: "draft-7", unrepresentable: "any" });
  const { properties, ...rest } = JsonSchema.parse(schema);
  const own = Object.entries(properties).filter(([name]) => name !== FORMAT);
  return { ...rest, type: "object", properties: Object.fromEntries(own) };
}

const descriptionOf = ({ name, description, question }: Tool): ToolDescription => ({
  name,
  description,
  inputSchema: inputSchemaOf(question),
  annotations: { readOnlyHint: true, openWorldHint: false },
});

/** What is wrong with the arguments of a call, in one line; undefined if nothing is. */
function fault({ question }: Tool, query: object): string | undefined {
  if (FORMAT in query) return `${FORMAT}: the answer is always JSON`;
  const { error } = question.safeParse(query);
  return error?.issues.map(({ path, message }) => [...path, message].join(": ")).join("; ");
}

async function answerOf(ledger: Ledger, tool: Tool, given: unknown): Promise<string> {
  const { data: query } = Parameters.safeParse(given);
  if (query === undefined) throw new CliError("arguments are texts, numbers, true and false");
  const wrong = fault(tool, query);
  if (wrong !== undefined) throw new CliError(wrong);
  const { status, json } = await sendRequest(ledger, { path: withQuery(tool.path, query) });
  if (status === 200 && json !== undefined) return JSON.stringify(json);
  const { data } = z.looseObject({ detail: z.string() }).safeParse(json);
  throw failureOf(ledger, { status, detail: data?.detail });
}

const textOf = (text: string): CallToolResult => ({ content: [{ type: "text", text }] });

/** A tool's answer; what the ledger refuses is an answer, too, so that the assistant can correct its question. */
async function called(ledger: Ledger, name: string, given: unknown): Promise<CallToolResult> {
  const tool = TOOLS.find((one) => one.name === name);
  try {
    if (tool === undefined)
      throw new CliError(`no tool ${name}; there are ${TOOLS.map((one) => one.name).join(", ")}`);
    return textOf(await answerOf(ledger, tool, given));
  } catch (error) {
    if (!(error instanceof CliError || error instanceof Unreachable)) throw error;
    return { ...textOf(error.message), isError: true };
  }
}

/** Not connected yet. */
export function mcpServer(ledger: Ledger): McpServer {
  const mcp = new McpServer(
    { name: "asof", version: "1" },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  // The low-level handlers: the ledger's parameters go to the ledger as they came, not as a schema transforms them.
  mcp.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: TOOLS.map(descriptionOf) }));
  mcp.server.setRequestHandler(CallToolRequestSchema, ({ params }) =>
    called(ledger, params.name, params.arguments ?? {}),
  );
  return mcp;
}
