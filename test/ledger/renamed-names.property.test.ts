/** Any history in which services and environments are renamed is answered as if they had had their last names always. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { canonical } from "../../functions/ledger/canonical.ts";
import { renamedReads } from "../../functions/ledger/names/renamed-reads.ts";
import { plan } from "../../functions/plan/plan.ts";
import { diff } from "../../functions/queries/diff.ts";
import { environments } from "../../functions/queries/environments.ts";
import { freezes } from "../../functions/queries/gate/frozen-places.ts";
import { history } from "../../functions/queries/history.ts";
import { artifact } from "../../functions/queries/images/artifact.ts";
import { release } from "../../functions/queries/release/release.ts";
import { services } from "../../functions/queries/services.ts";
import { snapshot } from "../../functions/queries/snapshot.ts";
import { timeline } from "../../functions/queries/timeline/timeline.ts";
import type { History, Services } from "../../schemas/answer.ts";
import { Statement } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { history as histories } from "../histories.ts";
import { casesOf } from "../runs.ts";
import { type Given, given, said } from "./given.ts";

/** Each history is asked everything, twice. */
const FEW = { numRuns: casesOf(20) };
const AFTER = "2026-11-30T00:00:00.000Z";
const NAMES = {
  environment: ["production", "review/é"],
  service: ["acme/billing", "acme/web"],
} as const;
type What = keyof typeof NAMES;

/** A rename of what ends with the n-th name: from the name so far back, at a day and hour. */
interface Step {
  readonly what: What;
  readonly n: number;
  readonly at: string;
  /** Takes the first name that the other one had, once it is free. */
  readonly reuses: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom<What>("environment", "service"),
  n: fc.nat(1),
  at: fc
    .tuple(fc.integer({ min: 18, max: 24 }), fc.nat(23), fc.nat(59))
    .map(([d, h, m]) => new Date(Date.UTC(2026, 9, d, h, m)).toISOString()),
  reuses: fc.boolean(),
});

interface Named {
  readonly name: string;
  /** Since when, inclusive; and until when what was renamed to it since took it away, exclusive. */
  readonly since: string;
  readonly until: string;
}

interface Renamed {
  readonly what: What;
  readonly from: string;
  readonly to: string;
  readonly at: string;
}

const END = "9999";

/** The names of two things over time: the last is its own, and a name given up still means it until the other takes it. */
function named(what: What, steps: readonly Step[]): { names: Named[][]; renames: Renamed[] } {
  const left = NAMES[what].map((_, n) => steps.filter((one) => one.n === n).length);
  const current = NAMES[what].map((name, n) => (left[n] === 0 ? name : `${name}/first`));
  const names = current.map((name): Named[] => [{ name, since: "", until: END }]);
  const renames = steps.map(({ n, at, reuses }): Renamed => {
    const from = current[n] ?? "";
    const others = names[1 - n] ?? [];
    left[n] = (left[n] ?? 0) - 1;
    const free = others.find(({ name, until }) => until === END && name !== current[1 - n]);
    const next = reuses && free !== undefined ? free.name : `${NAMES[what][n]}/${left[n]}`;
    const to = left[n] === 0 ? (NAMES[what][n] ?? "") : next;
    names[1 - n] = others.map((one) => (one.name === to && one.until === END ? { ...one, until: at } : one));
    names[n] = [...(names[n] ?? []), { name: to, since: at, until: END }];
    current[n] = to;
    return { what, from, to, at };
  });
  return { names, renames };
}

/** Every name of each thing, and all renames. */
function namesOver(steps: readonly Step[]) {
  const sorted = [...steps].sort((a, b) => (a.at < b.at ? -1 : 1));
  const all = (["environment", "service"] as const).map((what) => ({
    what,
    ...named(
      what,
      sorted.filter((one) => one.what === what),
    ),
  }));
  return {
    names: new Map(
      all.flatMap(({ what, names }) =>
        NAMES[what].map((name, n) => [`${what} ${fold(name)}`, names[n] ?? []] as const),
      ),
    ),
    renames: all.flatMap(({ renames }) => renames),
  };
}

/** The same statements, as senders report them that know of renames sooner or later. */
function asReported(
  statements: readonly Statement[],
  names: ReadonlyMap<string, readonly Named[]>,
  seed: number,
): Statement[] {
  return statements.map((statement, k) => {
    const reported = (what: What, name: string): string => {
      const fitting = (names.get(`${what} ${fold(name)}`) ?? []).filter(
        ({ since, until }) => since <= statement.occurredAt && statement.occurredAt < until,
      );
      return fitting[(seed + k) % fitting.length]?.name ?? name;
    };
    const environment = (name: string) => reported("environment", name);
    return {
      ...statement,
      ...("environment" in statement && statement.environment !== undefined
        ? { environment: environment(statement.environment) }
        : {}),
      ...("service" in statement && statement.service !== undefined
        ? { service: reported("service", statement.service) }
        : {}),
      ...("environments" in statement && statement.environments !== undefined
        ? { environments: statement.environments.map(environment) }
        : {}),
    };
  });
}

const inOneSpelling = (statements: readonly Statement[]): Statement[] =>
  statements.map((statement) => {
    const spelt = (what: What, name: string) => NAMES[what].find((one) => fold(one) === fold(name)) ?? name;
    return Statement.parse({
      ...statement,
      ...("environment" in statement && statement.environment !== undefined
        ? { environment: spelt("environment", statement.environment) }
        : {}),
      ...("service" in statement && statement.service !== undefined
        ? { service: spelt("service", statement.service) }
        : {}),
    });
  });

/** A rename makes its new name known, also where nobody reported anything: such an answer is as good as none. */
function told(answer: object | undefined): object | undefined {
  const lists = Object.values(answer ?? {}).filter((one) => Array.isArray(one));
  return lists.every((list) => list.length === 0) ? undefined : answer;
}

const shownBy = (answer: History | undefined) =>
  answer === undefined || answer.places.length === 0 ? undefined : answer;

/** The same of the list of all services. */
const isTold = ({ service: _, ...rest }: Services["services"][number]): boolean =>
  Object.values(rest).some((value) => (Array.isArray(value) ? value.length > 0 : value !== null));

async function answersOf(ledger: Given, moments: readonly string[], digests: readonly string[]) {
  const asked = (at: string) => {
    const moment = ledger.at(at);
    return { ...moment, store: renamedReads(moment.store, moment.knownAt) };
  };
  const answers: unknown[] = [];
  const [from = "", to = from] = [moments[0], moments.at(-1)];
  for (const environment of NAMES.environment) {
    for (const service of NAMES.service) {
      for (const at of moments) answers.push(await release(asked(at), { environment, service }));
      answers.push(await timeline(asked(to), { environment, service, from, to }, { limit: 500 }));
    }
    answers.push(
      told(await snapshot(asked(to), { environment })),
      told(await timeline(asked(to), { environment, from, to }, { limit: 500 })),
      told(await diff(asked(to), { environment, from, to })),
      shownBy(await history(asked(to), { environment, from, to })),
      told(await services(asked(to), { environment })),
    );
  }
  answers.push(
    await plan(
      asked(AFTER),
      { environment: NAMES.environment[0], service: NAMES.service[0] },
      { aim: { at: from } },
    ),
  );
  const listed = await services(asked(to), {});
  answers.push(
    await environments(asked(to)),
    await freezes(asked(AFTER), {}),
    listed?.services.filter(isTold),
  );
  for (const digest of digests) answers.push(await artifact(asked(AFTER), { digest }));
  return ledger.shown(answers);
}

const digestsIn = (statements: readonly Statement[]): string[] => [
  ...new Set([...canonical(statements).matchAll(/sha256:[0-9a-f]{64}/g)].map(([digest]) => digest)),
];

it("is answered as if all had their last names always", async () => {
  await fc.assert(
    fc.asyncProperty(
      histories.map(inOneSpelling),
      fc.uniqueArray(step, { maxLength: 5, selector: ({ at }) => at }),
      fc.nat(1000),
      async (statements, steps, seed) => {
        const { names, renames } = namesOver(steps);
        const plain = await given(...statements);
        const other = await given(
          ...asReported(statements, names, seed),
          ...renames.map(({ what, from, to, at }) => said(`${what}.renamed`, at, { from, to })),
        );
        const times = [...new Set(statements.map(({ occurredAt }) => occurredAt))].sort();
        const moments = [times[0], times[seed % times.length]].filter((one) => one !== undefined);
        const digests = digestsIn(statements).slice(0, 2);
        expect(await answersOf(other, moments, digests)).toEqual(await answersOf(plain, moments, digests));
      },
    ),
    FEW,
  );
});
