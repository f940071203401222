/** Naming rules, deploy tools, the gate's policy and trusted roots, from variables and the files that they name. */
import { readFileSync } from "node:fs";
import type * as z from "zod";
import { DeployTools } from "../../../schemas/settings/deploy-tools.ts";
import { GatePolicy } from "../../../schemas/settings/gate-policy.ts";
import { Hosts } from "../../../schemas/settings/hosts.ts";
import { SamePersons } from "../../../schemas/settings/same-persons.ts";
import { type Rule, Rules } from "../../ledger/names/naming-rules.ts";
import { rootsIn, Signers, type Trust } from "../../sources/standards/trust.ts";
import { ConfigurationError, json, parse } from "./secrets.ts";

/** The naming rules in a file; none if no file is set. */
export function rulesFrom(file: string | undefined): Rule[] {
  if (file === undefined || file === "") return [];
  return parse("ASOF_RULES", Rules, json("ASOF_RULES", textOf("ASOF_RULES", file)));
}

/** The deploy tools of one's own; none if the variable is not set. Throws a ConfigurationError. */
export const deployToolsFrom = ({ ASOF_DEPLOY_TOOLS: text }: NodeJS.ProcessEnv): DeployTools =>
  text === undefined || text === ""
    ? {}
    : parse("ASOF_DEPLOY_TOOLS", DeployTools, json("ASOF_DEPLOY_TOOLS", text));

/** The hosts that commands of plans may name; the default ones if the variable is not set. Throws a ConfigurationError. */
export const hostsFrom = ({ ASOF_HOSTS: text }: NodeJS.ProcessEnv): Hosts =>
  text === undefined || text === "" ? {} : parse("ASOF_HOSTS", Hosts, json("ASOF_HOSTS", text));
/** A list in a file, or the JSON itself where a process has no files; undefined if the variable is not set. */
function listFrom<T>(variable: string, schema: z.ZodType<T>, given: string | undefined): T | undefined {
  if (given === undefined || given === "") return undefined;
  return parse(variable, schema, json(variable, given.startsWith("[") ? given : textOf(variable, given)));
}

export const gatePolicyFrom = ({ ASOF_GATE_POLICY: given }: NodeJS.ProcessEnv): GatePolicy | undefined =>
  listFrom("ASOF_GATE_POLICY", GatePolicy, given);

export const samePersonsFrom = ({ ASOF_PERSONS: given }: NodeJS.ProcessEnv): SamePersons | undefined =>
  listFrom("ASOF_PERSONS", SamePersons, given);

/** The trusted signers of attestations. Needs both variables: a root alone would trust everyone with a certificate. */
export function trustFrom({
  ASOF_TRUST_ROOTS: file,
  ASOF_SIGNERS: signers,
}: NodeJS.ProcessEnv): Trust | undefined {
  if (file === undefined || file === "") return undefined;
  if (signers === undefined || signers === "") {
    throw new ConfigurationError(
      'ASOF_SIGNERS: must be set where ASOF_TRUST_ROOTS is: [{"issuer":…,"repository":…}]',
    );
  }
  const text = textOf("ASOF_TRUST_ROOTS", file);
  let roots: string[];
  try {
    roots = rootsIn(text);
  } catch (error) {
    throw new ConfigurationError(
      `ASOF_TRUST_ROOTS: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return { roots, signers: parse("ASOF_SIGNERS", Signers, json("ASOF_SIGNERS", signers)) };
}

/** The text of the file that a variable names. Throws a ConfigurationError. */
export function textOf(variable: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new ConfigurationError(`${variable}: cannot read ${file}`);
  }
}
