/** The runtime's edge on AWS: clients, secrets and logs, made once for each instance of a function. */
import { Logger } from "@aws-lambda-powertools/logger";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import * as z from "zod";
import { dynamodbPeople } from "../../adapters/dynamodb/people.ts";
import { dynamodbStore } from "../../adapters/dynamodb/store.ts";
import { TIMEOUTS } from "../../adapters/timeouts.ts";
import type { Ledger, Secrets } from "../../http/context.ts";
import type { Log } from "../../ledger/ingest.ts";
import { remembering } from "../../ledger/people.ts";
import type { Registries } from "../../ledger/registries.ts";
import { json, parse, tokensFrom, WebhookSecrets } from "../config/secrets.ts";
import { logUnhandled } from "../unhandled-rejections.ts";
import { secretAs, variable } from "./secret.ts";

const Secret = z.object({
  tokens: z.string(),
  webhookSecrets: WebhookSecrets,
  registries: z.unknown().optional(),
});
/** What stands in the secret, its registries as they are written: most requests ask none. */
type Read = Secrets & { readonly registries: unknown };

function readSecret(text: string): Read {
  const secret = parse("ASOF_SECRET", Secret, json("ASOF_SECRET", text));
  return {
    tokens: tokensFrom(secret.tokens),
    webhooks: secret.webhookSecrets,
    registries: secret.registries,
  };
}

/** Loaded when the first registry is asked, which the functions that answer seldom do. */
async function readers(access: unknown): Promise<Registries> {
  const { RegistryAccess, registries } = await import("../../adapters/registry/oci.ts");
  return registries(parse("ASOF_SECRET: registries", RegistryAccess, access ?? {}));
}

/** Registries of the secret as it was read last; made anew with it, for they keep what they were given to ask with. */
function asked(secrets: () => Promise<Read>): Ledger["registries"] {
  let made: { from: Read; registries: Promise<Registries> } | undefined;
  return async () => {
    const from = await secrets();
    if (made?.from !== from) made = { from, registries: readers(from.registries) };
    return made.registries;
  };
}

/** What only the function that records has. */
type Recording = Pick<Ledger, "quarantine" | "jobs" | "rules" | "trust">;

const recordsNothing = () => Promise.reject(new Error("this function records nothing"));
const ASKS_ONLY: Recording = {
  rules: [],
  quarantine: {
    keep: recordsNothing,
    list: () => Promise.resolve({ where: "the dead-letter queue `aside`", count: null, newest: [] }),
  },
  jobs: { put: recordsNothing },
};

export function ledgerOnAws(recording?: Recording): Ledger {
  const secrets = secretAs(readSecret);
  const logger = new Logger({ serviceName: "asof" });
  const client = new DynamoDBClient({ maxAttempts: 4, requestHandler: TIMEOUTS });
  const now = () => new Date();
  const log: Log = {
    info: (message, fields) => logger.info(message, fields),
    error: (message, fields) => logger.error(message, fields),
  };
  logUnhandled(log);
  return {
    store: dynamodbStore({ client, name: variable("ASOF_TABLE") }),
    people: remembering(dynamodbPeople({ client, name: variable("ASOF_PEOPLE_TABLE") }), now),
    ...(recording ?? ASKS_ONLY),
    registries: asked(secrets),
    now,
    heard: new Set(),
    secrets,
    settleMs: Number(variable("ASOF_SETTLE_MS")),
    log,
  };
}
