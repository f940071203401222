/**
 * Observation changes: on a timeline an observation is an event only if it shows other images or other configuration than
 * the service had before; and of a deployment it says whether it brought another image.
 * The state before is read once, at the first deployment or observation of a service.
 */

import type { Configuration, ObservedComponent } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { justBefore } from "../../ledger/as-of.ts";
import { order } from "../../ledger/canonical.ts";
import { ONE } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { type Images, type Likeness, likeness } from "../images/image-graph.ts";
import type { Question, Selector } from "../question.ts";
import { configurationChanges, configurationOf } from "../release/configuration.ts";
import { foldEffects, newestOf, observations } from "../release/deployment-reader.ts";
import {
  type Claim,
  type Effective,
  evolve,
  hasEffect,
  isObservation,
  isOfDeployment,
  isPart,
  NOTHING,
  type Observation,
  statedEffect,
} from "../release/effective-deployments.ts";
import { isInGrace, isLeftOutThen, reconciledAt } from "../release/effective-observation.ts";
import type { ResolvedComponent } from "../release/resolved-component.ts";
import { hasTasks } from "../release/rollout.ts";
import { byComponent, isSameSlot, matched, slotOf } from "../release/slots.ts";

/** The entries of one component. `isClaimed`: a deployment named them; else an observation did. */
interface Group {
  readonly entries: readonly ObservedComponent[];
  readonly isClaimed: boolean;
}

/** The components in effect, by folded name. */
function effectiveGroups({ claimed, observation, decided }: Effective): ReadonlyMap<string, Group> {
  const claims = [...claimed].filter(([name]) => !decided.has(name));
  const observed = [...byComponent(observation?.components ?? [])].filter(([name]) => decided.has(name));
  return new Map<string, Group>([
    ...claims.map(([name, { entries }]) => [name, { entries, isClaimed: true }] as const),
    ...observed.map(([name, entries]) => [name, { entries, isClaimed: false }] as const),
  ]);
}

const configurationInEffect = ({ claimed, observation, configured, decided }: Effective): Configuration[] => {
  const claims = [...configured, ...[...claimed.values()].map(({ claim }) => claim)];
  return configurationOf([
    ...claims,
    ...(observation === undefined || decided.size === 0 ? [] : [observation]),
  ]);
};

/** Whether another configuration is in effect with an observation than before it. */
function changesConfiguration(state: Effective, observation: Observation): boolean {
  const after = configurationInEffect(evolve(state, statedEffect(observation)));
  return configurationChanges(configurationInEffect(state), after).length > 0;
}

type Known = Omit<Question, "at">;

/** The effective deployments before a sort key, by the facts alone, without their tasks. */
async function effectiveAt(known: Known, selector: Selector, at: string): Promise<Effective> {
  const { own, everywhere, changes } = await newestOf(known, selector, at, ONE);
  const claims = [...own, ...everywhere, ...changes];
  const effects = claims.map(statedEffect);
  for await (const look of observations(known, selector, at, ONE)) {
    if (!isObservation(look)) continue;
    const isEarly = claims.some((claim) => isInGrace(look, claim));
    if (!isEarly || !(await isLeftOutThen(known, selector, look)))
      return foldEffects([...effects, statedEffect(look)]);
  }
  return foldEffects(effects);
}

async function compareImages(
  images: Images,
  shown: ObservedComponent,
  seen: ObservedComponent,
): Promise<Likeness> {
  // An entry that names no image does not contradict any.
  if (seen.digest === undefined && seen.tag === undefined) return "same";
  if (
    seen.digest === undefined ||
    shown.digest === undefined ||
    (seen.digest === shown.digest && seen.otherDigests === undefined)
  )
    return likeness(images, shown, seen, new Set());
  return likeness(images, shown, seen, (await images.family(seen.digest)).members);
}

async function compareGroups(
  images: Images,
  shown: Group | undefined,
  seen: readonly ObservedComponent[],
): Promise<Likeness> {
  const pairs = matched(shown?.entries ?? [], seen);
  if (pairs === undefined) return "other";
  const verdicts = await Promise.all(pairs.map(([one, other]) => compareImages(images, one, other)));
  if (verdicts.includes("other")) return "other";
  // Only a claim can be explained by the release's rules; two observations that are not the same differ.
  return verdicts.includes("unclear") ? (shown?.isClaimed === true ? "unclear" : "other") : "same";
}

async function compare(images: Images, state: Effective, observation: Observation): Promise<Likeness> {
  const showing = effectiveGroups(state);
  const seen = byComponent(observation.components);
  const others = isPart(observation) ? [] : [...showing.keys()];
  const names = [...new Set([...seen.keys(), ...others])];
  const verdicts = await Promise.all(
    names.map((name) => compareGroups(images, showing.get(name), seen.get(name) ?? [])),
  );
  if (verdicts.includes("other")) return [...showing.values()].some(isVague) ? "unclear" : "other";
  return verdicts.includes("unclear") ? "unclear" : "same";
}

/** Whether a deployment names no image: it may then also mean components that only its tasks name. */
const isVague = ({ entries, isClaimed }: Group): boolean =>
  isClaimed && entries.some(({ digest, tag }) => digest === undefined && tag === undefined);

/** A fact, and the sort key (or time) of what comes directly before it. */
export interface Step<F> {
  readonly fact: F;
  readonly before: string;
}

/** What a fact makes of what its service ran before. */
interface Effects {
  /** Whether it is an event: an observation is one if it shows something else. */
  readonly isEvent: boolean;
  /** Of a deployment: the components to which it brought another image; undefined if nobody knows. */
  readonly brings?: readonly string[] | undefined;
}

export interface Watch {
  /** Reads the states of services before these facts, as far as they depend on it, concurrently. */
  prepare(steps: readonly Step<Claim | Observation>[]): Promise<void>;
  /** Call it in the order of facts. */
  take(fact: Claim | Observation): Promise<Effects>;
}

const slotsOf = (shown: readonly ResolvedComponent[] = []) =>
  new Map(shown.map((one) => [slotOf(one.resolution.stated), one]));

/** The components that run another image at a moment than just before it; undefined if nobody knows of one of them. */
async function newImagesAt(known: Known, selector: Selector, at: string): Promise<string[] | undefined> {
  const [before, after] = await Promise.all(
    [justBefore(at), at].map(async (moment) => slotsOf((await reconciledAt(known, selector, moment)).shown)),
  );
  const verdicts = [...(after ?? [])].map(([slot, { resolution, family }]) => {
    const was = before?.get(slot);
    const { digest } = was?.resolution ?? {};
    if (was === undefined) return [resolution.stated.component];
    if (digest === undefined || family === undefined) return undefined;
    return family.members.has(digest) ? [] : [resolution.stated.component];
  });
  const certain = verdicts.flatMap((one) => (one === undefined ? [] : one));
  return verdicts.includes(undefined) && certain.length === 0 ? undefined : [...new Set(certain)];
}

export function watching(known: Known, environment: string): Watch {
  const { images } = known;
  /** By service: its state, and the sort key from which on facts update it. */
  const services = new Map<string, { state: Effective; since: string }>();

  function follow(service: string, fact: Claim | Observation): void {
    const found = services.get(service);
    if (found === undefined || order(fact) < found.since) return;
    services.set(service, { ...found, state: evolve(found.state, statedEffect(fact)) });
  }

  /** `left out`: it shows what ran before a deployment whose rollout goes on. */
  async function look(observation: Observation, service: string): Promise<"same" | "other" | "left out"> {
    const state = services.get(service)?.state ?? NOTHING;
    const isEarly = state.lastClaim !== undefined && isInGrace(observation, state.lastClaim);
    if (isEarly && (await isLeftOutThen(known, { environment, service }, observation))) return "left out";
    const verdict = await compare(images, state, observation);
    if (verdict === "other") return verdict;
    const unchanged = changesConfiguration(state, observation) ? "other" : "same";
    if (verdict === "same") return unchanged;
    // The deployment names no digest: the rules of the release decide whether this is what it meant.
    const { drift } = await reconciledAt(known, { environment, service }, observation.occurredAt);
    return drift === null ? unchanged : "other";
  }

  /** The components to which a deployment brings another image than ran before; undefined if nobody knows. */
  async function brings(claim: Claim, service: string): Promise<string[] | undefined> {
    if (claim.kind !== "deployment.succeeded") return undefined;
    const before = services.get(service)?.state ?? NOTHING;
    const old = effectiveGroups(before);
    const changed = [...effectiveGroups(evolve(before, statedEffect(claim)))]
      .map(([name, { entries }]) => ({ entries, was: old.get(name)?.entries ?? [] }))
      .filter(({ entries, was }) => entries !== was);
    const verdicts = await Promise.all(
      changed.flatMap(({ entries, was }) =>
        entries.map(async (is) => {
          const same = was.find((one) => isSameSlot(one, is));
          const verdict = same === undefined ? "other" : await compareImages(images, same, is);
          return is.digest === undefined ? "unclear" : verdict === "other" ? [is.component] : verdict;
        }),
      ),
    );
    const place = { environment, service };
    if (verdicts.includes("unclear") || (await hasTasks(known, place)))
      return newImagesAt(known, place, claim.occurredAt);
    return [...new Set(verdicts.flatMap((one) => (Array.isArray(one) ? one : [])))];
  }

  /** A removal of a superseded deployment is no event. */
  const isEvent = (claim: Claim, service: string): boolean => {
    const found = services.get(service);
    return found === undefined || hasEffect(found.state, claim);
  };

  return {
    async prepare(steps) {
      const unknown = new Map<string, Step<Claim | Observation>>();
      for (const step of steps) {
        const service = fold(step.fact.service ?? "");
        const isOne =
          isObservation(step.fact) || isOfDeployment(step.fact) || step.fact.kind === "deployment.succeeded";
        if (isOne && !services.has(service) && !unknown.has(service)) unknown.set(service, step);
      }
      await mapLimit(AT_ONCE, [...unknown], async ([service, { fact, before }]) => {
        const state = await effectiveAt(known, { environment, service }, before);
        services.set(service, { state, since: order(fact) });
      });
    },

    async take(fact) {
      const concerned = fact.service === undefined ? [...services.keys()] : [fold(fact.service)];
      const [service = ""] = concerned;
      const verdict = isObservation(fact) ? await look(fact, service) : undefined;
      if (verdict === "left out") return { isEvent: false };
      const shows = isObservation(fact) ? verdict === "other" : isEvent(fact, service);
      const brought = isObservation(fact) ? undefined : await brings(fact, service);
      for (const one of concerned) follow(one, fact);
      return { isEvent: shows, brings: brought };
    },
  };
}
