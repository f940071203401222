/** Parses secrets: tokens and webhook secrets. An error names its variable. */
import * as z from "zod";
import { faultsOf } from "../../../schemas/scalars.ts";
import { parseTokens, type Token } from "../../ledger/authority.ts";

export class ConfigurationError extends Error {}

/** Parses the value of a variable. Throws a ConfigurationError. */
export function parse<T>(variable: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ConfigurationError(`${variable}: ${faultsOf(parsed.error)}`);
  return parsed.data;
}

export function json(variable: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigurationError(`${variable}: must be JSON`);
  }
}

export const WebhookSecrets = z.record(z.string(), z.array(z.string().min(1)).min(1));
export type WebhookSecrets = z.infer<typeof WebhookSecrets>;

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
