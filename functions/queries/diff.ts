/** The difference between two moments of an environment, or between two environments at one moment. */
import type { Difference, Release } from "../../schemas/answer.ts";
import { fold } from "../../schemas/scalars.ts";
import { type AsOf, isSettled } from "../ledger/as-of.ts";
import { nextCursor, type Paging, placeOf, sizeOf } from "../ledger/cursor.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { knownName, knownNames, take } from "../ledger/names/directories.ts";
import { byBytes } from "../ledger/names/name-pages.ts";
import type { Name } from "../ledger/store.ts";
import { differenceOf } from "./difference.ts";
import { disputesIn } from "./disputes.ts";
import { questionOf } from "./question.ts";
import { release } from "./release/release.ts";

export type Sides =
  | { readonly environment: string; readonly from: string; readonly to: string }
  | { readonly environment: string; readonly with: string; readonly at: string };

interface Side {
  readonly environment: string;
  readonly at: string;
}

const QUESTION = "a comparison";

const sidesOf = (sides: Sides): readonly [from: Side, to: Side] =>
  "with" in sides
    ? [
        { environment: sides.environment, at: sides.at },
        { environment: sides.with, at: sides.at },
      ]
    : [
        { environment: sides.environment, at: sides.from },
        { environment: sides.environment, at: sides.to },
      ];

/** The next services that are known in either environment. */
async function servicesOf(
  moment: AsOf,
  sides: readonly Side[],
  after: string | undefined,
  limit: number,
): Promise<{ taken: Name[]; more: boolean }> {
  const environments = [...new Set(sides.map(({ environment }) => fold(environment)))];
  const found = await Promise.all(
    environments.map((environment) =>
      take(knownNames(moment, { of: "services", environment }, { after }), limit),
    ),
  );
  const union = new Map(found.flatMap(({ taken }) => taken).map((service) => [service.name, service]));
  const sorted = [...union.values()].sort((a, b) => byBytes(a.name, b.name));
  return { taken: sorted.slice(0, limit), more: sorted.length > limit || found.some(({ more }) => more) };
}

const releaseOf = (moment: AsOf, { environment, at }: Side, service: Name): Promise<Release | undefined> =>
  release({ ...moment, at }, { environment, service: service.shown });

/**
 * Answers with the services of one page that differ, and how many do not; undefined if an environment is unknown.
 * Components whose digest is unresolved on both sides count as different, unless they rest on the same deployment.
 */
export async function diff(moment: AsOf, sides: Sides, paging: Paging = {}): Promise<Difference | undefined> {
  const question = questionOf(moment);
  const [after] = placeOf(QUESTION, paging);
  const [from, to] = sidesOf(sides);
  const [known, { taken, more }] = await Promise.all([
    Promise.all(
      [from, to].map((side) => knownName(question, { of: "environments" }, fold(side.environment))),
    ),
    servicesOf(question, [from, to], after, sizeOf(paging, 50, 100)),
  ]);
  if (known.includes(undefined)) return undefined;
  const differences = await mapLimit(AT_ONCE / 2, taken, async (service) => {
    const [before, now] = await Promise.all([
      releaseOf(question, from, service),
      releaseOf(question, to, service),
    ]);
    return {
      difference: differenceOf(service.shown, before, now),
      warnings: [before, now].flatMap((one) => one?.warnings ?? []),
    };
  });
  const services = differences.flatMap(({ difference }) => difference ?? []);
  const disputed = disputesIn(differences.flatMap(({ warnings }) => warnings));
  return {
    from,
    to,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    services,
    same: taken.length - services.length,
    next: nextCursor(QUESTION, more, taken.at(-1)?.name),
    ...(disputed.length === 0 ? {} : { warnings: disputed }),
  };
}
