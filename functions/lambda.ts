/** The runtime's edge on AWS: clients, secrets and logs, made once for each instance of a function. */
import { Logger } from "@aws-lambda-powertools/logger";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";

import type { Ledger, Secrets } from "./doors/ledger.ts";
import type { Aside } from "./ledger/aside.ts";
import type { Rule } from "./ledger/rules.ts";
import { ConfigurationError, json, parse, tokensFrom, WebhookSecrets } from "./secrets.ts";
import { dynamodbStore } from "./store/dynamodb.ts";
import { TIMEOUTS } from "./store/timeouts.ts";

/** A removed token stops within this time. */
const SECRETS_TTL_MS = 60_000;

const Secret = z.object({ tokens: z.string(), webhookSecrets: WebhookSecrets });

export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new ConfigurationError(`${name}: must be set`);
  return value;
}

/** Reads the secret when it is first needed, and anew when what was read is a minute old. */
function secretsOf(client: SecretsManagerClient, arn: string, nowMs: () => number): () => Promise<Secrets> {
  let read: { atMs: number; secrets: Promise<Secrets> } | undefined;
  const fetched = async (): Promise<Secrets> => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    const { tokens, webhookSecrets } = parse("ASOF_SECRET", Secret, json("ASOF_SECRET", SecretString ?? ""));
    return { tokens: tokensFrom(tokens), webhooks: webhookSecrets };
  };
  return () => {
    if (read === undefined || nowMs() - read.atMs > SECRETS_TTL_MS) {
      const secrets = fetched();
      read = { atMs: nowMs(), secrets };
      // A failed reading is tried again by the next request, not kept for a minute.
      secrets.catch(() => {
        read = undefined;
      });
    }
    return read.secrets;
  };
}

/** Where nothing may be kept aside: the doors that only answer. */
export const noAside: Aside = {
  keep: () => Promise.reject(new Error("this function records nothing")),
  list: () => Promise.resolve({ where: "the dead-letter queue `aside`", count: null, newest: [] }),
};

/** @param rules for the function that records; the others load none */
export function ledgerOnAws(aside: Aside, rules: readonly Rule[] = []): Ledger {
  const logger = new Logger({ serviceName: "asof" });
  return {
    store: dynamodbStore({
      client: new DynamoDBClient({ maxAttempts: 4, requestHandler: TIMEOUTS }),
      name: variable("ASOF_TABLE"),
    }),
    rules,
    now: () => new Date(),
    heard: new Set(),
    aside,
    secrets: secretsOf(
      new SecretsManagerClient({ requestHandler: TIMEOUTS }),
      variable("ASOF_SECRET"),
      Date.now,
    ),
    settleMs: Number(variable("ASOF_SETTLE_MS")),
    log: {
      info: (message, fields) => logger.info(message, fields),
      error: (message, fields) => logger.error(message, fields),
    },
  };
}
