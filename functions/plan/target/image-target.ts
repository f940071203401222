/**
 * The target of a plan that is asked for an image: the release that last ran it here, else the image with the
 * present configuration. Such an image ran in another environment, or was only pushed or built.
 */

import type { Place, Release, ReleasedComponent } from "../../../schemas/answer.ts";
import type { Fact } from "../../../schemas/fact.ts";
import type { Blocker } from "../../../schemas/plan.ts";
import type { ImageQuery } from "../../../schemas/questions/image-query.ts";
import { fold } from "../../../schemas/scalars.ts";
import { type AsOf, justBefore } from "../../ledger/as-of.ts";
import { newestFirst } from "../../ledger/canonical.ts";
import { EVER, history } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { nameAt, namedBy } from "../../ledger/names/renames.ts";
import { buildsOf, holdersOf } from "../../queries/images/image-graph.ts";
import { placesOf } from "../../queries/images/where-it-ran.ts";
import type { Question, Selector } from "../../queries/question.ts";
import { imageAsComponent } from "../../queries/release/component.ts";
import { release } from "../../queries/release/release.ts";
import { byComponent, isSameSlot } from "../../queries/release/slots.ts";
import { describedAt } from "../../queries/service-description.ts";
import { currentRelease, LAST } from "./current-release.ts";
import { namedImage, ownRepositories, type Subject } from "./named-image.ts";
import type { TargetRelease } from "./target.ts";
import { chooseVariants } from "./variants.ts";

const blocked = (code: Blocker["code"], message: string): TargetRelease => ({
  release: null,
  since: null,
  blockers: [{ code, message }],
  warnings: [],
});

const ranHere = (found: Release): TargetRelease => ({
  release: found,
  since: found.since,
  blockers: [],
  warnings: [],
});

/* Where it ran */

const EVIDENCE: ReadonlySet<Fact["kind"]> = new Set([
  "deployment.succeeded",
  "deployment.observed",
  "task.observed",
]);

/** Whether a fact is evidence that an image ran: the start or failure of a deployment is not. */
const isEvidence = (fact: Fact, { environment, service }: Selector): boolean =>
  EVIDENCE.has(fact.kind) &&
  "environment" in fact &&
  fold(fact.environment) === fold(environment) &&
  // A task may name no service: then the release at its time decides.
  (!("service" in fact) || fact.service === undefined || fold(fact.service) === fold(service));

async function evidenceOf(moment: AsOf, selector: Selector, digests: readonly string[]): Promise<Fact[]> {
  const partitions = digests.flatMap((digest) =>
    (["deployed", "task"] as const).map((aspect) => ({ of: "digest", digest, aspect }) as const),
  );
  const found = await mapLimit(AT_ONCE, partitions, async (partition) => {
    for await (const fact of history(moment, partition, { to: EVER, descending: true })) {
      if (isEvidence(fact, selector)) return fact;
    }
    return undefined;
  });
  return found.filter((fact) => fact !== undefined).sort(newestFirst);
}

/** How many of the newest pieces of evidence are tried, in case the release at their time does not have the image. */
const EVIDENCE_MAX = 3;

/** The release of a place at a time, if it shows the image. */
async function showing(
  question: Question,
  place: Selector,
  at: string,
  members: ReadonlySet<string>,
): Promise<Release | undefined> {
  const found = await release({ ...question, at }, place);
  const isShown = found?.components.some((one) => one.digest !== null && members.has(one.digest));
  return isShown === true ? found : undefined;
}

/** The release here that last ran an image, by the facts that name its digests. */
async function lastHere(
  question: Question,
  selector: Selector,
  digest: string,
): Promise<Release | undefined> {
  const { members } = await question.images.family(digest);
  const evidence = await evidenceOf(question, selector, [...members]);
  for (const at of [...new Set(evidence.map(({ occurredAt }) => occurredAt))].slice(0, EVIDENCE_MAX)) {
    const found = await showing(question, selector, at, members);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Stretch = Place & { readonly service: string; readonly until: string | null };

/** The stretches in which the service ran an image anywhere, here first, then those that go on, newest first. */
async function stretchesOf(
  question: Question,
  { environment, service }: Selector,
  digest: string,
): Promise<Stretch[]> {
  const { ran } = await placesOf(question, [await question.images.family(digest)]);
  const isHere = (one: Place): number => (fold(one.environment) === fold(environment) ? 0 : 1);
  const isOver = (one: Stretch): number => (one.until === null ? 0 : 1);
  return ran
    .filter((one): one is Stretch => one.until !== undefined && fold(one.service ?? "") === fold(service))
    .sort((a, b) => isHere(a) - isHere(b) || isOver(a) - isOver(b));
}

/** A release, and the moment until which it ran: its last one. */
interface LastRun {
  readonly found: Release;
  readonly at: string;
}

/** The newest release of the service anywhere that ran an image, as it last ran there. */
async function lastAnywhere(
  question: Question,
  selector: Selector,
  digest: string,
): Promise<LastRun | undefined> {
  const { members } = await question.images.family(digest);
  for (const { until, ...place } of (await stretchesOf(question, selector, digest)).slice(0, EVIDENCE_MAX)) {
    const at = until === null ? LAST : justBefore(until);
    const found = await showing(question, place, at, members);
    // The time of a release that goes on must not depend on when it is asked for.
    if (found !== undefined) return { found: { ...found, at: found.since ?? place.at }, at };
  }
  return undefined;
}

/* An image that never ran here */

/** The release that a deployment of these components makes: all else stays as it is now. */
function releaseWith({ current }: Subject, at: string, components: readonly ReleasedComponent[]): Release {
  return {
    ...current,
    at,
    status: "running",
    since: null,
    until: null,
    runningSince: null,
    seenAt: null,
    components: [...components],
    deployment: null,
    deployedBy: null,
    url: null,
    rollback: false,
    attempt: null,
    drift: null,
    evidence: [],
    warnings: [],
    facts: [],
  };
}

/** The name here of a component that ran elsewhere: two deployers may call one component differently. */
function nameHere(one: ReleasedComponent, all: readonly ReleasedComponent[], { current }: Subject): string {
  const here = [...byComponent(current.components).values()].flatMap(([first]) => first ?? []);
  const isAlike = (other: ReleasedComponent) => fold(other.component) === fold(one.component);
  const same = here.find(isAlike);
  if (same !== undefined) return same.component;
  const ofRepository = here.filter(({ repository }) => repository !== null && repository === one.repository);
  const fitting = ofRepository.length > 0 ? ofRepository : here;
  const [only] = fitting;
  return only !== undefined && fitting.length === 1 && all.length === 1 ? only.component : one.component;
}

/** What the service ran elsewhere, to run it here with the configuration of here. */
function fromElsewhere(subject: Subject, { found: source, at }: LastRun, query: ImageQuery): TargetRelease {
  const { environment, service } = subject.selector;
  const chosen = chooseVariants(source, query);
  const components = chosen.target.components.map(
    ({ variant: _variant, weight: _weight, ...one }, _n, all) => ({
      ...one,
      component: nameHere(one, all, subject),
      runningSince: null,
    }),
  );
  const message = `${service} ran this in ${source.environment} since ${source.since}, and never in ${environment}; its configuration stays as it is in ${environment} now`;
  return {
    release: releaseWith(subject, source.at, components),
    since: null,
    blockers: chosen.blockers,
    warnings: [{ code: "never_ran_here", message }, ...chosen.warnings],
    elsewhere: { environment: source.environment, at },
  };
}

/** The repositories that a fact names for an image: of its pushes and its builds. */
async function repositoriesOf({ images }: Question, digest: string): Promise<string[]> {
  const [renames, family] = await Promise.all([images.renames(), images.family(digest)]);
  const held = (await holdersOf(images, family)).map(({ repository }) => repository);
  const built = buildsOf(family).flatMap((one) =>
    one.repository === undefined ? [] : [nameAt(renames, namedBy(one, one.repository))],
  );
  return [...new Set([...held, ...built])];
}

/** The component that an image is of, by its repository; undefined: it is not known. */
function componentFor(
  { current, description }: Subject,
  repositories: readonly string[],
): string | undefined {
  const named = [...current.components, ...(description?.workloads ?? [])];
  const byRepository = named.filter(
    ({ repository }) => repository != null && repositories.includes(repository),
  );
  const candidates = byRepository.length > 0 ? byRepository : named;
  const [only, ...others] = byComponent<{ component: string }>(candidates).values();
  if (only === undefined) return "main";
  return others.length === 0 ? only[0]?.component : undefined;
}

/** An image that is only known by its pushes and builds. */
async function fromRegistry(question: Question, subject: Subject, digest: string): Promise<TargetRelease> {
  const { environment, service } = subject.selector;
  const [own, repositories, family] = await Promise.all([
    ownRepositories(question, subject),
    repositoriesOf(question, digest),
    question.images.family(digest),
  ]);
  const isBuiltFor = buildsOf(family).some((one) => fold(one.service ?? "") === fold(service));
  const ours = repositories.filter((one) => own.includes(one));
  if (ours.length === 0 && own.length > 0 && repositories.length > 0 && !isBuiltFor) {
    const message = `${digest} is of ${repositories.join(", ")}, and ${service} is deployed from ${own.join(", ")}; if it is an image of ${service}, describe it with that repository (service.described, field images)`;
    return blocked("other_repository", message);
  }
  const component = componentFor(subject, ours.length > 0 ? ours : repositories);
  if (component === undefined) {
    const names = [...byComponent(subject.current.components).values()].map(([one]) => one?.component);
    const message = `${service} consists of ${names.join(", ")}, and no fact says which of them ${digest} is; describe it (service.described, field workloads with component and repository)`;
    return blocked("component_undecided", message);
  }
  const [repository = null] = ours.length > 0 ? ours : repositories;
  const image = await imageAsComponent(question, component, digest, repository);
  const stay = subject.current.components.filter(
    (one) => !isSameSlot(one, image) && fold(one.component) !== fold(component),
  );
  const since = image.pushedAt ?? buildsOf(family)[0]?.occurredAt ?? subject.current.since ?? LAST;
  const message = `no fact reports that ${digest} ran anywhere; its configuration is that of ${environment} now`;
  return {
    release: releaseWith(subject, since, [...stay, image]),
    since: null,
    blockers: [],
    warnings: [{ code: "never_ran_here", message }],
    elsewhere: null,
  };
}

/* Together */

/** The service as it is here, also where it never ran. @param selector of a service and an environment that are known */
async function subjectOf(question: Question, selector: Selector): Promise<Subject | undefined> {
  const [current, description] = await Promise.all([
    currentRelease(question, selector, "empty"),
    describedAt(question, { ...selector, service: fold(selector.service) }, LAST),
  ]);
  return current && { selector, current, description };
}

/** Why the selectors of a query contradict each other; undefined: they do not. */
export async function contradictionOf(
  question: Question,
  selector: Selector,
  query: ImageQuery,
): Promise<string | undefined> {
  if (Object.keys(query).length < 2) return undefined;
  const subject = await subjectOf(question, selector);
  const named = subject && (await namedImage(question, subject, query));
  return named?.is === "contradiction" ? named.message : undefined;
}

/**
 * The target. Cost: an image that is asked for by digest and ran here costs three releases, and one request for each
 * thousand facts that name it elsewhere. Others cost what `placesOf` does besides.
 */
export async function imageTarget(
  question: Question,
  selector: Selector,
  query: ImageQuery,
): Promise<TargetRelease> {
  const { digest: asked, ...others } = query;
  const isAlone = Object.keys(others).length === 0;
  const direct = asked !== undefined && isAlone ? await lastHere(question, selector, asked) : undefined;
  if (direct !== undefined) return ranHere(direct);
  const subject = await subjectOf(question, selector);
  if (subject === undefined) return { release: null, since: null, blockers: [], warnings: [] };
  const named = await namedImage(question, subject, query);
  if (named.is === "blocked") return blocked(named.blocker.code, named.blocker.message);
  if (named.is === "contradiction") return blocked("image_ambiguous", named.message);
  const isHere = (environment: string): boolean => fold(environment) === fold(selector.environment);
  if (named.is === "deployment") {
    const { environment, at } = named.deployed;
    const found = await release({ ...question, at }, { environment, service: selector.service });
    if (found === undefined)
      return blocked("image_unknown", `no release in ${environment} at ${at} is known`);
    return isHere(environment) ? ranHere(found) : fromElsewhere(subject, { found, at }, query);
  }
  const { digest } = named;
  const here = isAlone ? undefined : await lastHere(question, selector, digest);
  if (here !== undefined) return ranHere(here);
  const last = await lastAnywhere(question, selector, digest);
  if (last === undefined) return fromRegistry(question, subject, digest);
  return isHere(last.found.environment) ? ranHere(last.found) : fromElsewhere(subject, last, { digest });
}
