/** Parses secrets: tokens and webhook secrets. An error names its variable. */
import * as z from "zod";
import { faultsOf } from "../../../schemas/scalars.ts";
import { parseTokens, type Token } from "../../ledger/authority/authority.ts";
import { Grants, isBound } from "../../ledger/authority/grants.ts";
import { SOURCES } from "../../sources/sources.ts";

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

const secretText = z
  .string()
  .min(16, "must be at least 16 characters long")
  .refine((value) => value.trim() === value, { error: "must not start or end with space" });

/** A secret, or one with grants: it reports within them, and under sources of its own. */
const webhookSecret = z.preprocess(
  (value) => (typeof value === "string" ? { secret: value } : value),
  Grants.omit({ sources: true })
    .extend({
      secret: secretText,
      name: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,48}$/, "must be 1 to 48 of A-Z a-z 0-9 . _ -")
        .exactOptional(),
    })
    .refine((one) => one.name !== undefined || !isBound(one), {
      path: ["name"],
      error: "must be set for a secret with grants",
    })
    .transform(({ secret, ...rest }) => (Object.keys(rest).length === 0 ? secret : { secret, ...rest })),
);

/** By vendor. */
export const WebhookSecrets = z
  .record(z.string(), z.array(webhookSecret).min(1))
  .superRefine((secrets, context) => {
    for (const vendor of Object.keys(secrets))
      if (!SOURCES.has(vendor))
        context.addIssue({
          code: "custom",
          path: [vendor],
          message: `is no vendor; there are ${[...SOURCES.keys()].join(", ")}`,
        });
  });
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
