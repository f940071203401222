/** Environment variables, parsed once at start. An error names its variable. */
import { parse as parseYaml } from "yaml";
import * as z from "zod";
import type { DeployTools } from "../../../schemas/settings/deploy-tools.ts";
import type { GatePolicy } from "../../../schemas/settings/gate-policy.ts";
import { type Hosts, PUBLIC_FORGES } from "../../../schemas/settings/hosts.ts";
import type { SamePersons } from "../../../schemas/settings/same-persons.ts";
import { RegistryAccess } from "../../adapters/registry/oci.ts";
import type { Token } from "../../ledger/authority/authority.ts";
import type { Identities } from "../../ledger/authority/identities.ts";
import type { Rule } from "../../ledger/names/naming-rules.ts";
import { Chat } from "../../reactions/chat/settings.ts";
import { Executors } from "../../reactions/executors/executors.ts";
import { Maintenance } from "../../reactions/silences/silences.ts";
import type { Trust } from "../../sources/standards/trust.ts";
import {
  deployToolsFrom,
  gatePolicyFrom,
  hostsFrom,
  rulesFrom,
  samePersonsFrom,
  trustFrom,
} from "./files.ts";
import { identitiesFrom } from "./identities.ts";
import { observationStepFrom } from "./observation-step.ts";
import { type LogSettings, logSettingsFrom } from "./sealed-log.ts";
import { json, parse, tokensFrom, type WebhookSecrets, webhookSecretsFrom } from "./secrets.ts";
import { silentAfterFrom } from "./silent-after.ts";

/** The JSON value of a variable; undefined if it is not set. */
const jsonIn = <T>(variable: string, schema: z.ZodType<T>, text: string | undefined): T | undefined =>
  text === undefined || text === "" ? undefined : parse(variable, schema, json(variable, text));

export interface Configuration extends LogSettings {
  readonly host: string;
  readonly port: number;
  /** The folder of all stored data. */
  readonly data: string;
  /** The DynamoDB tables of facts and people. Absent: both are in SQLite, in the folder. */
  readonly tables?: { readonly facts: string; readonly people: string };
  /** Empty: a token is created at the first start. */
  readonly tokens: readonly Token[];
  readonly webhooks: WebhookSecrets;
  readonly registries: RegistryAccess;
  readonly rules: readonly Rule[];
  /** Empty: redeployments are only recorded; external systems carry them out. */
  readonly executors: Executors;
  /** Commands of deploy tools that plans do not know. */
  readonly deployTools: DeployTools;
  /** The hosts that commands of plans may name. */
  readonly hosts: Hosts;
  /** Which evidence the gate requires. Absent: none. */
  readonly gatePolicy?: GatePolicy;
  /** Logins of several issuers that are one person. Absent: none. */
  readonly samePersons?: SamePersons;
  readonly trust?: Trust;
  /** Absent: no OIDC token is taken. */
  readonly identities?: Identities;
  /** The secret of the client by which people sign in. Absent: the client is public. */
  readonly loginSecret?: string;
  /** Absent: each source's own. */
  readonly observationStepMs?: number;
  readonly maintenance?: Maintenance;
  /** Absent: no chat is told anything. */
  readonly chat?: Chat;
  /** Empty: each source's rhythm is learned. */
  readonly silentAfter: ReadonlyMap<string, number>;
}

const port = z
  .string()
  .regex(/^\d+$/, "must be a port: 0 to 65535")
  .transform(Number)
  .pipe(z.int().max(65_535));

/** DynamoDB, "Naming rules". */
const tableName = z
  .string()
  .regex(/^[\w.-]{3,255}$/, "must be the name of a DynamoDB table: 3 to 255 of a-z A-Z 0-9 _ - .");

/** Where the operator has an executor run jobs, commands may name the same host. */
function withHostsOf(executors: Executors, hosts: Hosts): Hosts {
  const own = executors.flatMap((one) => (one.kind === "gitlab" ? [new URL(one.url).host] : []));
  return own.length === 0 ? hosts : { ...hosts, forges: [...(hosts.forges ?? PUBLIC_FORGES), ...own] };
}

/** What reacts to the ledger, in addition to the executors. */
function reactionsIn(env: NodeJS.ProcessEnv): Pick<Configuration, "maintenance" | "chat"> {
  const maintenance = jsonIn("ASOF_MAINTENANCE", Maintenance, env.ASOF_MAINTENANCE);
  const chat = jsonIn("ASOF_CHAT", Chat, env.ASOF_CHAT);
  return {
    ...(maintenance === undefined ? {} : { maintenance }),
    ...(chat === undefined ? {} : { chat }),
  };
}

/** Reads the configuration of a ledger on one machine. Throws a ConfigurationError. */
export function configuration(env: NodeJS.ProcessEnv): Configuration {
  const trust = trustFrom(env);
  const gatePolicy = gatePolicyFrom(env);
  const samePersons = samePersonsFrom(env);
  const identities = identitiesFrom(env, parseYaml);
  const loginSecret = env.ASOF_LOGIN_SECRET ?? "";
  const executors = jsonIn("ASOF_EXECUTORS", Executors, env.ASOF_EXECUTORS) ?? [];
  return {
    host: parse("ASOF_HOST", z.string().min(1), env.ASOF_HOST ?? "127.0.0.1"),
    port: parse("ASOF_PORT", port, env.ASOF_PORT ?? "8787"),
    data: parse("ASOF_DATA", z.string().min(1), env.ASOF_DATA ?? ".asof"),
    ...(env.ASOF_TABLE === undefined || env.ASOF_TABLE === ""
      ? {}
      : {
          tables: {
            facts: parse("ASOF_TABLE", tableName, env.ASOF_TABLE),
            people: parse("ASOF_PEOPLE_TABLE", tableName, env.ASOF_PEOPLE_TABLE ?? ""),
          },
        }),
    tokens: tokensFrom(env.ASOF_TOKENS),
    webhooks: webhookSecretsFrom(env.ASOF_WEBHOOK_SECRETS),
    registries: jsonIn("ASOF_REGISTRIES", RegistryAccess, env.ASOF_REGISTRIES) ?? {},
    rules: rulesFrom(env.ASOF_RULES),
    executors,
    deployTools: deployToolsFrom(env),
    hosts: withHostsOf(executors, hostsFrom(env)),
    ...(gatePolicy === undefined ? {} : { gatePolicy }),
    ...(samePersons === undefined ? {} : { samePersons }),
    ...(trust === undefined ? {} : { trust }),
    ...(identities === undefined ? {} : { identities }),
    ...(loginSecret === "" ? {} : { loginSecret }),
    ...logSettingsFrom(env),
    ...observationStepFrom(env),
    silentAfter: silentAfterFrom(env),
    ...reactionsIn(env),
  };
}
