/** Histories in which the facts alone decide what ran when: what nobody can know is left out. */
import type { Statement } from "../../schemas/fact.ts";
import { history } from "../histories.ts";

export const isClaim = ({ kind }: Statement): boolean =>
  kind === "deployment.succeeded" || kind === "deployment.removed";

/**
 * Looks at the whole service, which all say since when they speak, or none does: of observers that differ in this, or
 * that saw no image, nobody knows when what they show began; nor whether it began before a deployment of that moment.
 */
export function looked(statements: readonly Statement[]): Statement[] {
  const claims = new Set(statements.filter(isClaim).map(({ occurredAt }) => occurredAt));
  const looks = statements.filter((one) => one.kind === "deployment.observed");
  const areExact = looks.every(
    ({ since, components }) =>
      since !== undefined && !claims.has(since) && components.every(({ digest }) => digest !== undefined),
  );
  return statements.map((statement) => {
    if (statement.kind !== "deployment.observed") return statement;
    const { since, scope: _, ...rest } = statement;
    return areExact && since !== undefined ? { ...rest, since } : rest;
  });
}

/** Nobody knows whether a look came before a claim of the same moment. */
function areApart(statements: readonly Statement[]): boolean {
  const claims = new Set(statements.filter(isClaim).map(({ occurredAt }) => occurredAt));
  return !statements.some(({ kind, occurredAt }) => kind === "deployment.observed" && claims.has(occurredAt));
}

/**
 * An index in an index, and a manifest or a configuration of two indexes: what is the same image as each of two others
 * does not make these one.
 */
export function isOfTwo(statements: readonly Statement[]): boolean {
  const indexed = statements.filter((one) => one.kind === "artifact.indexed");
  const indexes = new Set(indexed.map(({ digest }) => digest));
  const owners = new Map<string, string>();
  return indexed.some(({ digest: index, manifests }) =>
    manifests
      .flatMap(({ digest, configDigest }) => [digest, ...(configDigest === undefined ? [] : [configDigest])])
      .some((part) => {
        const owner = owners.get(part) ?? index;
        owners.set(part, owner);
        return indexes.has(part) || owner !== index;
      }),
  );
}

export const flat = history.filter(areApart).filter((statements) => !isOfTwo(statements));
