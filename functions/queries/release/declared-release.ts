/** Releases that are known from a repository of manifests alone: a commit says what should run, not what ran. */
import type { Warning } from "../../../schemas/answer.ts";
import { order } from "../../ledger/canonical.ts";
import { isOfOneRepository } from "../../ledger/imports.ts";
import type { Claim } from "./effective-deployments.ts";
import type { Reconciled } from "./reconcile.ts";

const named = ({ config: [one] = [], occurredAt }: Claim): string =>
  one === undefined
    ? `a commit of ${occurredAt}`
    : `commit ${one.revision} of ${one.repository ?? "a repository"}`;

/** Whether a later claim, which names no images, reports that the configuration of its repository was applied. */
const isApplied = (declared: Claim, claims: readonly Claim[]): boolean =>
  claims.some(
    (one) => one.declared !== true && order(one) > order(declared) && isOfOneRepository(declared, one),
  );

/** A warning for each such deployment in effect, unless it was applied, or the runtime shows its images. */
export function declaredWarnings({ contributing, agreeing }: Reconciled): Warning[] {
  const declared = contributing.filter((claim) => claim.declared === true);
  const unproven = agreeing.size > 0 ? [] : declared.filter((claim) => !isApplied(claim, contributing));
  const messages = unproven.map(
    (claim) => `${named(claim)} declares it; nobody reported that it was applied`,
  );
  return [...new Set(messages)].map((message) => ({ code: "declared_only", message }));
}
