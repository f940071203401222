/** The configuration of a plan: what differs, what its steps restore, and what stands in the way. */
import type { Release } from "../../schemas/answer.ts";
import type { Configuration } from "../../schemas/fact.ts";
import type { Blocker, Plan, PlanWarning } from "../../schemas/plan.ts";
import { isInGit } from "../../schemas/words/in-git.ts";
import { configurationChanges, isSameConfiguration } from "../queries/release/configuration.ts";
import { compareUrl } from "./compare.ts";

/** Configuration that differs, by place (a repository and a path in it). */
export const configBetween = (current: Release | undefined, target: Release): Plan["config"] =>
  configurationChanges(current?.config ?? [], target.config).map(({ from, to }) => ({
    from,
    to,
    compareUrl: from === null || to === null ? null : compareUrl(to.repository, from.revision, to.revision),
  }));

const placeOf = ({ repository, path }: Configuration): string =>
  [
    "the configuration",
    ...(repository === undefined ? [] : [`of ${repository}`]),
    ...(path === undefined ? [] : [path]),
  ].join(" ");

/** An entry as words: its place and revision. */
export const describedConfiguration = ({ repository, path, revision }: Configuration): string =>
  [repository, path, revision].filter((part) => part !== undefined).join(" ");

/** Whether commits put back all of it. */
const isRevertible = (missing: readonly Configuration[]): boolean => missing.every(isInGit);

/** Blockers and warnings about configuration. @param missing what no step restores */
export function configurationVerdict(
  changes: Plan["config"],
  missing: readonly Configuration[],
  isAccepted: boolean,
): { blockers: Blocker[]; warnings: PlanWarning[] } {
  const unknown = changes.flatMap(({ from, to }): PlanWarning[] => {
    if (to !== null || from === null) return [];
    const message = `no fact reports what ${placeOf(from)} was then; it stays at ${from.revision}`;
    return [{ code: "configuration_unknown", message }];
  });
  const lost = missing.map((one) => {
    const now = changes.find(({ to }) => to === one)?.from;
    const state = now == null ? "is unknown now" : `is at ${now.revision} now`;
    return `${placeOf(one)} was at ${one.revision} and ${state}; no step restores it`;
  });
  if (isAccepted) {
    const accepted = lost.map((message): PlanWarning => ({ code: "configuration_not_restored", message }));
    return { blockers: [], warnings: [...accepted, ...unknown] };
  }
  const blockers = lost.map(
    (message): Blocker => ({
      code: "configuration_not_restored",
      message: `${message}: ${isRevertible(missing) ? "ask with config=revert for a commit that puts it back, or with acceptConfiguration=true to leave it as it is" : "restore it yourself, or leave it as it is, and ask with acceptConfiguration=true"}`,
    }),
  );
  return { blockers, warnings: unknown };
}

/** The configuration that a plan's steps restore: what differs, if a commit does, or each way to deploy brings it. */
export const restoredBy = ({ config, steps }: Plan): Configuration[] =>
  config
    .flatMap(({ to }) => to ?? [])
    .filter((one) => {
      const isBrought = ({ brings }: Plan["steps"][number]) =>
        brings?.config.some((brought) => isSameConfiguration(brought, one)) === true;
      const that = (kind: Plan["steps"][number]["does"]) => steps.filter(({ does }) => does === kind);
      return that("configure").some(isBrought) || that("deploy").every(isBrought);
    });
