/** Releases that are known from a repository of manifests alone: a commit says what was to run, not that it did. */
import type { Warning } from "../../../schemas/answer.ts";
import type { Claim } from "./effective-deployments.ts";
import type { Reconciled } from "./reconcile.ts";

const named = ({ config: [one] = [], occurredAt }: Claim): string =>
  one === undefined
    ? `a commit of ${occurredAt}`
    : `commit ${one.revision} of ${one.repository ?? "a repository"}`;

/** A warning for each such deployment in effect, unless the runtime shows its images. */
export function declaredWarnings({ contributing, agreeing }: Reconciled): Warning[] {
  const declared = agreeing.size > 0 ? [] : contributing.filter((claim) => claim.declared === true);
  const messages = declared.map(
    (claim) => `${named(claim)} declares it; nobody reported that it was applied`,
  );
  return [...new Set(messages)].map((message) => ({ code: "declared_only", message }));
}
