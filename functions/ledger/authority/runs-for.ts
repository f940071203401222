/** Marks a declared build as proven by OIDC, if the sender's CI job runs for the commit of that build. */
import type { Statement } from "../../../schemas/fact.ts";
import { isSameSource } from "./grants.ts";

export interface RunsFor {
  /** The repository's web address. */
  readonly repository: string;
  /** The whole commit id. */
  readonly sha: string;
}

/** A declared build is proven as far as the issuer says that the sender's job runs for this very commit. */
export function withEvidence(statement: Statement, runsFor: RunsFor | undefined): Statement {
  if (statement.kind !== "artifact.built" || statement.evidence !== "declared" || runsFor === undefined)
    return statement;
  const { repository, sha } = statement.commit;
  const isItsOwn = sha === runsFor.sha && isSameSource(repository, runsFor.repository);
  return isItsOwn ? { ...statement, evidence: "oidc" } : statement;
}
