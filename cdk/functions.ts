/** The functions' bundles, with the user's files. */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse as parseYaml } from "yaml";
import { Rules } from "../functions/ledger/names/naming-rules.ts";
import { gatePolicyFrom, samePersonsFrom } from "../functions/runtime/config/files.ts";
import { identitiesFrom } from "../functions/runtime/config/identities.ts";
import { rootsIn } from "../functions/sources/standards/trust.ts";
import type { LedgerSettings } from "./settings.ts";

export const FUNCTIONS = ["ingest", "questions", "export", "publish", "erase", "seal"] as const;
export type FunctionName = (typeof FUNCTIONS)[number];
/** A function of the ledger that is there by configuration. */
export const EXPORT_JOB = "export-job";
/** Functions of `AsofExecutors`. */
export const LISTENERS = ["execute", "maintain", "chat"] as const;
export type ListenerName = (typeof LISTENERS)[number];

/** The package's bundles, beside this construct: a folder for each function. */
export const PACKAGED = fileURLToPath(new URL("functions", import.meta.url));

/** The user's files, which are added to the bundle of every function of the ledger. */
export interface Files {
  /** Naming rules. */
  readonly rules?: string | undefined;
  /** Trusted roots for the signatures on attestations. */
  readonly trustRoots?: string | undefined;
  /** Policies for OIDC tokens, as YAML or JSON. */
  readonly identities?: string | undefined;
}

/** The file name of the naming rules in a bundle. */
export const RULES = "rules.json";
/** The file name of the trusted roots in a bundle. */
export const TRUST_ROOTS = "trust-roots.jsonl";
/** The variables of a function that trusts signers of attestations. */
export const trustVariables = (signers: LedgerSettings["signers"]): Record<string, string> =>
  signers === undefined
    ? {}
    : { ASOF_TRUST_ROOTS: `/var/task/${TRUST_ROOTS}`, ASOF_SIGNERS: JSON.stringify(signers) };
/** What the functions that answer questions are told of the user's tools, policy and persons. */
export const answerVariables = ({
  deployTools,
  gatePolicy,
  persons,
}: Pick<LedgerSettings, "deployTools" | "gatePolicy" | "persons">): Record<string, string> => ({
  ...(deployTools === undefined ? {} : { ASOF_DEPLOY_TOOLS: JSON.stringify(deployTools) }),
  ...(gatePolicy === undefined
    ? {}
    : { ASOF_GATE_POLICY: JSON.stringify(gatePolicyFrom({ ASOF_GATE_POLICY: gatePolicy })) }),
  ...(persons === undefined
    ? {}
    : { ASOF_PERSONS: JSON.stringify(samePersonsFrom({ ASOF_PERSONS: persons })) }),
});
/** The file name of the policies in a bundle. */
export const IDENTITIES = "identities.json";

/**
 * Copies the bundles of the ledger's functions and adds the user's files to each. Without files, nothing is copied.
 * @param folder the target of the copies
 * @returns the folder of the bundles to deploy
 */
export function withFiles(bundles: string, { rules, trustRoots, identities }: Files, folder: string): string {
  // Parsed here, so that an invalid file fails at synthesis, not in every function after the deployment.
  const checked = rules === undefined ? undefined : Rules.parse(JSON.parse(readFileSync(rules, "utf8")));
  const roots = trustRoots === undefined ? undefined : rootsIn(readFileSync(trustRoots, "utf8")).join("\n");
  const policies = identitiesFrom({ ASOF_IDENTITIES: identities }, parseYaml);
  if (checked === undefined && roots === undefined && policies === undefined) return bundles;
  rmSync(folder, { recursive: true, force: true });
  for (const name of [...FUNCTIONS, EXPORT_JOB]) {
    const copy = join(folder, name);
    cpSync(join(bundles, name), copy, { recursive: true });
    if (checked !== undefined) writeFileSync(join(copy, RULES), JSON.stringify(checked));
    if (roots !== undefined) writeFileSync(join(copy, TRUST_ROOTS), roots);
    if (policies !== undefined) writeFileSync(join(copy, IDENTITIES), JSON.stringify(policies));
  }
  return folder;
}
