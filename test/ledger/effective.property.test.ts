/** What takes effect is one fold: over all facts, or over the newest of each kind alone. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { all } from "../../functions/ledger/fact-reader.ts";
import { foldEffects, newestOf } from "../../functions/queries/release/deployment-reader.ts";
import { isEffective, statedEffect } from "../../functions/queries/release/effective-deployments.ts";
import type { Statement } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { history, question } from "../histories.ts";
import { given } from "./given.ts";

async function ledgerOf(statements: readonly Statement[]) {
  const ledger = await given();
  for (const statement of statements) await ledger.tell(statement);
  return ledger;
}

/** A state in terms that compare: facts by their identity, groups by name. */
const plain = ({
  claimed,
  lastClaim,
  configured,
  observation,
  isCurrent,
  decided,
}: ReturnType<typeof foldEffects>) => ({
  configured: configured.map(({ id }) => id),
  claimed: Object.fromEntries(
    [...claimed].map(([name, { entries, claim, rivals = [] }]) => [
      name,
      { entries, by: claim.id, rivals: rivals.map((one) => [one.claim.id, one.entries]) },
    ]),
  ),
  lastClaim: lastClaim?.id,
  observation: observation?.id,
  isCurrent,
  decided: [...decided].sort(),
});

it("comes to the same over all facts as over the newest of each kind", async () => {
  await fc.assert(
    fc.asyncProperty(history, question, async (statements, { environment, service, at }) => {
      const ledger = await ledgerOf(statements);
      const moment = ledger.at(at);
      const selector = { environment: fold(environment), service: fold(service) };
      const { parts, observation, own, everywhere, changes } = await newestOf(moment, selector, at);
      const partitions = [
        { of: "run", ...selector },
        { of: "run", environment: selector.environment },
        { of: "observed", ...selector },
        ...parts,
      ] as const;
      const every = await Promise.all(partitions.map((partition) => all(moment, partition, { to: at })));
      const newest = [observation, ...own, ...everywhere, ...changes].filter(isEffective);
      expect(plain(foldEffects(newest.map(statedEffect)))).toEqual(
        plain(foldEffects(every.flat().filter(isEffective).map(statedEffect))),
      );
    }),
  );
});
