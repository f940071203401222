/** The environment's variables, parsed once at start; a fault names its variable. */
import { readFileSync } from "node:fs";
import * as z from "zod";
import type { Token } from "./access.ts";
import { type Rule, Rules } from "./ledger/rules.ts";
import type { RegistryAccess } from "./registry/oci.ts";
import {
  ConfigurationError,
  json,
  parse,
  registryAccessFrom,
  tokensFrom,
  type WebhookSecrets,
  webhookSecretsFrom,
} from "./secrets.ts";

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

export interface Configuration {
  readonly host: string;
  readonly port: number;
  /** The folder of everything that is kept. */
  readonly data: string;
  /** Empty: one is made at the first start. */
  readonly tokens: readonly Token[];
  readonly webhooks: WebhookSecrets;
  readonly registries: RegistryAccess;
  readonly rules: readonly Rule[];
}

const port = z
  .string()
  .regex(/^\d+$/, "must be a port: 0 to 65535")
  .transform(Number)
  .pipe(z.int().max(65_535));

/** Reads what a ledger on one machine is told. Throws a ConfigurationError. */
export function configuration(env: NodeJS.ProcessEnv): Configuration {
  return {
    host: parse("ASOF_HOST", z.string().min(1), env.ASOF_HOST ?? "127.0.0.1"),
    port: parse("ASOF_PORT", port, env.ASOF_PORT ?? "8787"),
    data: parse("ASOF_DATA", z.string().min(1), env.ASOF_DATA ?? ".asof"),
    tokens: tokensFrom(env.ASOF_TOKENS),
    webhooks: webhookSecretsFrom(env.ASOF_WEBHOOK_SECRETS),
    registries: registryAccessFrom(env.ASOF_REGISTRIES),
    rules: rulesFrom(env.ASOF_RULES),
  };
}
