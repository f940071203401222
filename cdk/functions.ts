/** The functions' bundles, and the user's files beside them. */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Rules } from "../functions/ledger/naming-rules.ts";
import { rootsIn } from "../functions/sources/standards/attestation.ts";

export const FUNCTIONS = ["ingest", "questions", "export", "publish"] as const;
export type FunctionName = (typeof FUNCTIONS)[number];
/** Functions of the construct that reacts. */
export const LISTENERS = ["execute", "maintain"] as const;
export type ListenerName = (typeof LISTENERS)[number];

/** The bundles that the package holds, beside its construct: a folder for each function. */
export const PACKAGED = fileURLToPath(new URL("functions", import.meta.url));

/** Files of the user's, which every function of the ledger finds beside its code. */
export interface Files {
  /** Naming rules. */
  readonly rules?: string | undefined;
  /** Trusted roots for the signatures on attestations. */
  readonly trustRoots?: string | undefined;
}

/** The file of the naming rules inside a bundle. */
export const RULES = "rules.json";
/** The file of trusted roots inside a bundle. */
export const TRUST_ROOTS = "trust-roots.jsonl";

/**
 * Copies the bundles of the ledger's functions, with the user's files in each. Without files, they stay where they are.
 * @param folder where the copies are made
 * @returns the folder of the bundles
 */
export function withFiles(bundles: string, { rules, trustRoots }: Files, folder: string): string {
  // A broken file must fail here, where somebody looks, and not in every function at once after the deployment.
  const checked = rules === undefined ? undefined : Rules.parse(JSON.parse(readFileSync(rules, "utf8")));
  const roots = trustRoots === undefined ? undefined : rootsIn(readFileSync(trustRoots, "utf8")).join("\n");
  if (checked === undefined && roots === undefined) return bundles;
  rmSync(folder, { recursive: true, force: true });
  for (const name of FUNCTIONS) {
    const copy = join(folder, name);
    cpSync(join(bundles, name), copy, { recursive: true });
    if (checked !== undefined) writeFileSync(join(copy, RULES), JSON.stringify(checked));
    if (roots !== undefined) writeFileSync(join(copy, TRUST_ROOTS), roots);
  }
  return folder;
}
