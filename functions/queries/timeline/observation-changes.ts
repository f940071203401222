/**
 * Observation changes: on a timeline an observation is an event only if it shows other images or other configuration than
 * the service had before; and of a deployment it says whether it brought another image.
 * The state before is read once, at the first deployment or observation of a service.
 */

import type { ObservedComponent } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { justBefore } from "../../ledger/as-of.ts";
import { order } from "../../ledger/canonical.ts";
import { ONE } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { type Images, type Likeness, likeness } from "../images/image-graph.ts";
import type { Question, Selector } from "../question.ts";
import { foldEffects, newestOf, observations } from "../release/deployment-reader.ts";
import {
  type Claim,
  type Effective,
  evolve,
  hasEffect,
  isObservation,
  isOfDeployment,
  NOTHING,
  type Observation,
  statedEffect,
} from "../release/effective-deployments.ts";
import { isInGrace, isLeftOutThen, reconciledAt } from "../release/effective-observation.ts";
import { hasTasks } from "../release/rollout.ts";
import {
  changedComponents,
  changesConfiguration,
  comparedGroups,
  likenessOfObservation,
  newImages,
  replacedBy,
} from "./effective-changes.ts";

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

/** How an entry in effect, or none, compares with another one. Reads what images are related only where that decides. */
async function likenessOf(
  images: Images,
  shown: ObservedComponent | undefined,
  seen: ObservedComponent,
): Promise<Likeness> {
  if (shown === undefined) return "other";
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

async function compare(images: Images, state: Effective, observation: Observation): Promise<Likeness> {
  const groups = comparedGroups(state, observation);
  const likenesses = await Promise.all(
    groups.map(({ pairs = [] }) =>
      Promise.all(pairs.map(([shown, seen]) => likenessOf(images, shown, seen))),
    ),
  );
  return likenessOfObservation(state, groups, likenesses);
}

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

/** The components that run another image at a moment than just before it; undefined if nobody knows of one of them. */
async function newImagesAt(known: Known, selector: Selector, at: string): Promise<string[] | undefined> {
  const [before, after] = await Promise.all([
    reconciledAt(known, selector, justBefore(at)),
    reconciledAt(known, selector, at),
  ]);
  return newImages(before.shown, after.shown);
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
    const replaced = replacedBy(services.get(service)?.state ?? NOTHING, claim);
    const likenesses = await Promise.all(replaced.map(({ is, was }) => likenessOf(images, was, is)));
    const changed = changedComponents(replaced, likenesses);
    const place = { environment, service };
    const isKnown = changed !== undefined && !(await hasTasks(known, place));
    return isKnown ? changed : newImagesAt(known, place, claim.occurredAt);
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
