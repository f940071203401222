/**
 * A believable quarter: everything that a registry, a builder, a deployer, a migration tool and an observer said
 * of six services in the ninety days before a day. The same day and seed always give the same events, so that
 * telling them again makes duplicates.
 */
import type { Event } from "../client.ts";
import {
  ENVIRONMENTS,
  type Environment,
  INCIDENTS,
  PRODUCTION,
  PRODUCTION_US,
  SERVICES,
  STAGING,
} from "./services.ts";
import { DAY_MS, is, MINUTE_MS, type Release, type Telling, telling, workingDay } from "./telling.ts";

/** A deployment as it should go: its migration first, and the observer sees it soon after. */
function succeed(tell: Telling, release: Release, environment: Environment, ms: number): void {
  const step = tell.deployment(release, environment);
  step("started", ms);
  tell.migrate(release, environment, "applied", ms + MINUTE_MS);
  step("succeeded", ms + 3 * MINUTE_MS);
  if (environment === PRODUCTION) tell.observe(release, environment, ms + 20 * MINUTE_MS);
}

/* What did not go as planned */

function failAndRetry(tell: Telling, release: Release, ms: number): void {
  const step = tell.deployment(release, PRODUCTION, "/first");
  step("started", ms);
  step("failed", ms + 12 * MINUTE_MS);
  const retryDay = workingDay(tell.todayMs, release.stagedDay - 2);
  succeed(tell, release, PRODUCTION, retryDay + (ms % DAY_MS));
}

function failAsCanary(tell: Telling, release: Release, ms: number): void {
  const [image] = tell.imagesOf(release);
  if (image === undefined) return;
  const { component, repository, index: digest } = image;
  const components = [{ component, repository, digest, variant: "canary", weight: 10 }];
  const step = tell.deployment(release, PRODUCTION, "/canary", { components, scope: "components" });
  step("started", ms);
  step("failed", ms + 25 * MINUTE_MS);
}

function rollBack(tell: Telling, bad: Release, before: Release, ms: number): void {
  tell.migrate(bad, PRODUCTION, "reverted", ms);
  tell.deployment(before, PRODUCTION, "/rollback", { rollback: true })("succeeded", ms + 4 * MINUTE_MS);
  tell.observe(before, PRODUCTION, ms + 20 * MINUTE_MS);
}

/** A review environment: there for three days. */
function review(tell: Telling, release: Release): void {
  const { environment: name } = INCIDENTS.review;
  const environment: Environment = { name, cluster: "eu-1-test", after: { days: 0, minutes: 0 } };
  succeed(tell, release, environment, release.stagedMs + 5 * MINUTE_MS);
  const removedMs = workingDay(tell.todayMs, release.stagedDay - 3) + 16 * 60 * MINUTE_MS;
  tell.say("deployer", "deployment.removed", `${name}/removed`, removedMs, { environment: name });
}

function hotfix(tell: Telling, last: Release): void {
  const [image] = tell.imagesOf(last);
  const ms = workingDay(tell.todayMs, INCIDENTS.hotfix.workingDaysAgo) + 22 * 60 * MINUTE_MS;
  const digest = tell.digestOf(`hotfix of ${last.service.name}`);
  tell.observe(last, PRODUCTION, ms, [{ component: "main", repository: image?.repository, digest }]);
}

function lose(tell: Telling, last: Release): void {
  const ms = workingDay(tell.todayMs, INCIDENTS.deleted.workingDaysAgo) + 3 * 60 * MINUTE_MS;
  for (const { component, repository, index: digest } of tell.imagesOf(last)) {
    const lost = { repository, digest, what: "manifest", reason: "retention: older than 30 days" };
    const id = `${last.service.name}/${last.version}/${component}/deleted`;
    tell.say("registry", "artifact.deleted", id, ms, lost);
  }
}

/* What happened */

function deploy(
  tell: Telling,
  release: Release,
  environment: Environment,
  before: Release | undefined,
): void {
  const ms = tell.deployedMs(release, environment);
  const isProduction = environment === PRODUCTION;
  if (is(INCIDENTS.canary, release) && environment !== STAGING) {
    if (isProduction) failAsCanary(tell, release, ms);
  } else if (is(INCIDENTS.failed, release) && isProduction) {
    failAndRetry(tell, release, ms);
  } else if (!is(INCIDENTS.rolledBack, release)) {
    succeed(tell, release, environment, ms);
  } else if (environment !== PRODUCTION_US) {
    succeed(tell, release, environment, ms);
    if (isProduction && before !== undefined) rollBack(tell, release, before, ms + 45 * MINUTE_MS);
  }
}

/** @param day today, as a date; its own hours are left out, so that every run of it tells the same */
export function history(day: string, seed = "asof"): Event[] {
  const tell = telling(day, seed);
  for (const service of SERVICES) {
    const releases = tell.releasesOf(service);
    const last = releases.at(-1);
    if (last === undefined) continue;
    tell.describe(service, tell.imagesOf(last));
    for (const [i, release] of releases.entries()) {
      tell.build(release);
      tell.push(release);
      for (const environment of ENVIRONMENTS) deploy(tell, release, environment, releases[i - 1]);
      if (is(INCIDENTS.review, release)) review(tell, release);
    }
    tell.snapshots(service, releases);
    if (service.name === INCIDENTS.hotfix.service) hotfix(tell, last);
    if (service.name === INCIDENTS.deleted.service) lose(tell, last);
  }
  return tell.events.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}
