/** The ledger on AWS: clients, secrets and logs, created once for each instance of a function. */

import { Logger } from "@aws-lambda-powertools/logger";
import * as z from "zod";
import { dynamodbClient } from "../../adapters/dynamodb/client.ts";
import { dynamodbPeople } from "../../adapters/dynamodb/people.ts";
import { dynamodbStore } from "../../adapters/dynamodb/store.ts";
import { emfMetrics } from "../../adapters/metrics/emf.ts";
import type { Ledger, Secrets } from "../../http/context.ts";
import type { Log } from "../../ledger/ingest/ingest-context.ts";
import type { Registries } from "../../ledger/ingest/registries.ts";
import { remembering } from "../../ledger/people/people.ts";
import { countingStore } from "../../ledger/request-context.ts";
import { deployToolsFrom, gatePolicyFrom, hostsFrom, samePersonsFrom } from "../config/files.ts";
import { identitiesFrom } from "../config/identities.ts";
import { json, parse, tokensFrom, WebhookSecrets } from "../config/secrets.ts";
import { warnOfEnds } from "../config/token-file.ts";
import { logUnhandled } from "../unhandled-rejections.ts";
import { lazyVerifier } from "./identities.ts";
import { secretAs, variable } from "./secret.ts";

const Secret = z.object({
  tokens: z.string(),
  registries: z.unknown().optional(),
  /** The secret of the client by which people sign in. */
  loginSecret: z.string().min(1).optional(),
});
/** The content of the secret. `registries` stays unparsed, because most requests need none. */
type SecretContent = Pick<Secrets, "tokens"> & {
  readonly registries: unknown;
  readonly loginSecret: string | undefined;
};

function readSecret(text: string): SecretContent {
  const secret = parse("ASOF_SECRET", Secret, json("ASOF_SECRET", text));
  return {
    tokens: tokensFrom(secret.tokens),
    registries: secret.registries,
    loginSecret: secret.loginSecret,
  };
}

const WebhookSecret = z.object({ webhookSecrets: WebhookSecrets });

/** The webhook secrets: only the function that receives webhooks has them. */
function webhooksOf(arn: string | undefined): () => Promise<WebhookSecrets> {
  if (arn === undefined || arn === "") return () => Promise.resolve({});
  const name = "ASOF_WEBHOOK_SECRET";
  return secretAs((text) => parse(name, WebhookSecret, json(name, text)).webhookSecrets, arn);
}

/** Loads the registry client lazily: the functions that answer questions rarely need it. */
async function loadRegistries(access: unknown): Promise<Registries> {
  const { RegistryAccess, registries } = await import("../../adapters/registry/oci.ts");
  return registries(parse("ASOF_SECRET: registries", RegistryAccess, access ?? {}));
}

/** The registry clients of the secret. Created again whenever the secret is read again, because they keep credentials. */
function registriesOf(secrets: () => Promise<SecretContent>): Ledger["registries"] {
  let made: { from: SecretContent; registries: Promise<Registries> } | undefined;
  return async () => {
    const from = await secrets();
    if (made?.from !== from) made = { from, registries: loadRegistries(from.registries) };
    return made.registries;
  };
}

/** The parts that the functions which only read lack. */
type Recording = Pick<
  Ledger,
  "quarantine" | "jobs" | "rules" | "trust" | "observationStepMs" | "silentAfter"
>;

const readOnly = () => Promise.reject(new Error("this function is read-only"));
const READ_ONLY: Recording = {
  rules: [],
  quarantine: {
    keep: readOnly,
    remove: readOnly,
    list: readOnly,
    page: readOnly,
    get: readOnly,
  },
  jobs: { put: readOnly },
};

export function ledgerOnAws(recording: Partial<Recording> = {}): Ledger {
  const secret = secretAs(readSecret);
  const webhooks = webhooksOf(process.env.ASOF_WEBHOOK_SECRET);
  const logger = new Logger({ serviceName: "asof" });
  const client = dynamodbClient();
  const now = () => new Date();
  const log: Log = {
    info: (message, fields) => logger.info(message, fields),
    error: (message, fields) => logger.error(message, fields),
  };
  logUnhandled(log);
  const warn = warnOfEnds(log, now);
  const identities = identitiesFrom(process.env, JSON.parse);
  return {
    store: countingStore(dynamodbStore({ client, name: variable("ASOF_TABLE") })),
    people: remembering(dynamodbPeople({ client, name: variable("ASOF_PEOPLE_TABLE") }), now),
    ...READ_ONLY,
    ...recording,
    registries: registriesOf(secret),
    ...(identities === undefined
      ? {}
      : { identities: lazyVerifier(identities, now, async () => (await secret()).loginSecret) }),
    deployTools: deployToolsFrom(process.env),
    hosts: hostsFrom(process.env),
    gatePolicy: gatePolicyFrom(process.env),
    samePersons: samePersonsFrom(process.env),
    now,
    heard: new Set(),
    recorder: emfMetrics(),
    secrets: async () => {
      const [{ tokens }, own] = await Promise.all([secret(), webhooks()]);
      warn(tokens);
      return { tokens, webhooks: own };
    },
    settleMs: Number(variable("ASOF_SETTLE_MS")),
    log,
  };
}
