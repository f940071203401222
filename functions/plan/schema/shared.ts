/** Other services that a plan affects: those that share its databases, and those of the same deployment. */

import type { Release } from "../../../schemas/answer.ts";
import { fold } from "../../../schemas/scalars.ts";
import type { AsOf } from "../../ledger/as-of.ts";
import { all, EVER } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { allKnownNames } from "../../ledger/names/directories.ts";
import type { Selector } from "../../queries/question.ts";
import { databasesOf } from "../../queries/service-description.ts";
import { currentRelease } from "../target/current-release.ts";

/**
 * The other running services that use these databases, by database. Cost: two requests for each service of the
 * environment, sixteen services at a time, and a release for each service that shares a database.
 */
export async function usersOf(
  moment: AsOf,
  selector: Selector,
  databases: readonly string[],
): Promise<Map<string, string[]>> {
  const environment = fold(selector.environment);
  const heard = await allKnownNames(moment, { of: "services", environment });
  const others = heard.filter(({ name }) => name !== fold(selector.service));
  const used = await mapLimit(AT_ONCE, others, async ({ name }) => {
    const own = await databasesOf(moment, { environment, service: name }, EVER);
    return databases.filter((database) => own?.has(fold(database)));
  });
  const sharing = others.flatMap(({ name }, n) =>
    (used[n] ?? []).length > 0 ? [{ name, used: used[n] ?? [] }] : [],
  );
  const running = await mapLimit(AT_ONCE, sharing, async ({ name }) => {
    const found = await currentRelease(moment, { environment, service: name });
    return found?.status === "running" ? found.service : undefined;
  });
  const users = new Map<string, string[]>();
  for (const [n, service] of running.entries()) {
    if (service === undefined) continue;
    for (const database of sharing[n]?.used ?? [])
      users.set(database, [...(users.get(database) ?? []), service]);
  }
  return users;
}

/** The other services of the same deployment: one request. */
export async function deployedTogether(moment: AsOf, target: Release): Promise<string[]> {
  if (target.deployment === null) return [];
  const facts = await all(moment, { of: "deployment", deployment: target.deployment });
  const services = facts.flatMap((fact) =>
    fact.kind === "deployment.succeeded" && fold(fact.environment) === fold(target.environment)
      ? [fact.service]
      : [],
  );
  const others = new Map(
    services
      .filter((service) => fold(service) !== fold(target.service))
      .map((service) => [fold(service), service]),
  );
  return [...others.values()].sort();
}
