/** The environment's variables, parsed once at start; a fault names its variable. */
import { readFileSync } from "node:fs";
import * as z from "zod";
import { faultsOf } from "../schemas/scalars.ts";
import { parseTokens, type Token } from "./access.ts";
import { type Rule, Rules } from "./ledger/rules.ts";

export class ConfigurationError extends Error {}

function parse<T>(variable: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ConfigurationError(`${variable}: ${faultsOf(parsed.error)}`);
  return parsed.data;
}

function json(variable: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigurationError(`${variable}: must be JSON`);
  }
}

export const WebhookSecrets = z.record(z.string(), z.array(z.string().min(1)).min(1));
export type WebhookSecrets = z.infer<typeof WebhookSecrets>;

/** The naming rules in a file; none without one. */
export function rulesFrom(file: string | undefined): Rule[] {
  if (file === undefined || file === "") return [];
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new ConfigurationError(`ASOF_RULES: cannot read ${file}`);
  }
  return parse("ASOF_RULES", Rules, json("ASOF_RULES", text));
}

export function tokensFrom(list: string | undefined): Token[] {
  try {
    return parseTokens(list ?? "");
  } catch (error) {
    throw new ConfigurationError(`ASOF_TOKENS: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export const webhookSecretsFrom = (text: string | undefined): WebhookSecrets =>
  text === undefined || text === ""
    ? {}
    : parse("ASOF_WEBHOOK_SECRETS", WebhookSecrets, json("ASOF_WEBHOOK_SECRETS", text));

export interface Configuration {
  readonly host: string;
  readonly port: number;
  /** The folder of everything that is kept. */
  readonly data: string;
  /** Empty: one is made at the first start. */
  readonly tokens: readonly Token[];
  readonly webhooks: WebhookSecrets;
  readonly rules: readonly Rule[];
}

const port = z.coerce.number().int().min(0).max(65_535);

/** Reads what a ledger on one machine is told. Throws a ConfigurationError. */
export function configuration(env: NodeJS.ProcessEnv): Configuration {
  return {
    host: parse("ASOF_HOST", z.string().min(1), env.ASOF_HOST ?? "127.0.0.1"),
    port: parse("ASOF_PORT", port, env.ASOF_PORT ?? "8787"),
    data: parse("ASOF_DATA", z.string().min(1), env.ASOF_DATA ?? ".asof"),
    tokens: tokensFrom(env.ASOF_TOKENS),
    webhooks: webhookSecretsFrom(env.ASOF_WEBHOOK_SECRETS),
    rules: rulesFrom(env.ASOF_RULES),
  };
}
