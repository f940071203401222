/** Reads what a redeployment's request says about the deployments that carry it out. */
import type { Statement } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import type { Store } from "./store.ts";

/** The `source` of facts about redeployments. */
export const REDEPLOYMENTS = "/asof/redeployments";

const isDeployment = (
  statement: Statement,
): statement is Extract<Statement, { kind: `deployment.${string}`; redeployment?: string }> =>
  statement.kind.startsWith("deployment.");

/**
 * A deployment that carries out a redeployment is a rollback, unless it says that it is none, or brings images that never
 * ran there: then the request says so. Cost: one request, if the statement names a redeployment.
 */
export async function withDirection(store: Store, statement: Statement): Promise<Statement> {
  if (!isDeployment(statement)) return statement;
  const { redeployment: id, rollback, environment, service } = statement;
  if (id === undefined || rollback !== undefined || service === undefined) return statement;
  const [request] = await store.get([{ source: REDEPLOYMENTS, id }]);
  const isItsOwn =
    request?.kind === "redeployment.requested" &&
    fold(request.environment) === fold(environment) &&
    fold(request.service) === fold(service);
  return isItsOwn && request.forward === true ? { ...statement, rollback: false } : statement;
}
