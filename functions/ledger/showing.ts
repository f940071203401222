/**
 * What services last showed, as a timeline goes by: an observation is an event only where it shows something
 * else. What a service showed before is looked up at its first observation, so that nothing further back is read.
 */
import type { Component, FactOf } from "../../schemas/fact.ts";
import { order } from "./canonical.ts";
import { AT_ONCE, concurrently } from "./concurrently.ts";
import { type Images, imagesOf } from "./images.ts";
import type { Moment } from "./moment.ts";
import { fold } from "./postings.ts";
import { release } from "./release.ts";
import type { Claim, Observation } from "./resolve.ts";
import { type Running, runningAt } from "./running.ts";

/** The entries of one component, and whether a deployer named them (or the runtime showed them). */
interface Group {
  readonly entries: readonly Component[];
  readonly claimed: boolean;
}

/** Groups by folded name. */
type Showing = ReadonlyMap<string, Group>;

function grouped(components: readonly Component[], claimed: boolean): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const one of components) {
    const name = fold(one.component);
    groups.set(name, { entries: [...(groups.get(name)?.entries ?? []), one], claimed });
  }
  return groups;
}

function showingOf({ claimed, decided, observation }: Running): Showing {
  const kept = [...claimed].filter(([name]) => !decided.has(name));
  const seen = (observation?.components ?? []).filter(({ component }) => decided.has(fold(component)));
  const groups = kept.map(([name, { entries }]) => [name, { entries, claimed: true }] as const);
  return new Map([...groups, ...grouped(seen, false)]);
}

/** What a service shows after one more fact. */
function following(showing: Showing, fact: Claim | Observation): Showing {
  const groups = grouped(fact.components ?? [], fact.kind !== "deployment.observed");
  const isPartial = fact.scope === "components";
  if (fact.kind !== "deployment.removed") return isPartial ? new Map([...showing, ...groups]) : groups;
  return isPartial ? new Map([...showing].filter(([name]) => !groups.has(name))) : new Map();
}

type Verdict = "same" | "other" | "unclear";

async function compareImages(images: Images, shown: Component, seen: Component): Promise<Verdict> {
  if (seen.digest === undefined && seen.tag === undefined) return "same";
  if (seen.digest !== undefined && shown.digest !== undefined) {
    if (seen.digest === shown.digest) return "same";
    return (await images.family(seen.digest)).members.has(shown.digest) ? "same" : "other";
  }
  const isAlike = seen.digest === undefined && seen.tag === shown.tag && seen.repository === shown.repository;
  return isAlike ? "same" : "unclear";
}

async function compareGroups(
  images: Images,
  shown: Group | undefined,
  seen: Group | undefined,
): Promise<Verdict> {
  if (shown?.entries.length !== seen?.entries.length) return "other";
  const verdicts = await Promise.all(
    (seen?.entries ?? []).map((one) => {
      const counterpart = shown?.entries.find(({ variant }) => variant === one.variant);
      return counterpart === undefined ? "other" : compareImages(images, counterpart, one);
    }),
  );
  if (verdicts.includes("other")) return "other";
  // What was observed before is no deployer's to explain.
  return verdicts.includes("unclear") ? (shown?.claimed === true ? "unclear" : "other") : "same";
}

async function compare(images: Images, showing: Showing, observation: Observation): Promise<Verdict> {
  const seen = grouped(observation.components, false);
  const others = observation.scope === "components" ? [] : [...showing.keys()];
  const names = [...new Set([...seen.keys(), ...others])];
  const verdicts = await Promise.all(
    names.map((name) => compareGroups(images, showing.get(name), seen.get(name))),
  );
  return verdicts.includes("other") ? "other" : verdicts.includes("unclear") ? "unclear" : "same";
}

/** A fact on its way, and the order (or time) behind which nothing but it follows. */
export interface Step<F> {
  readonly fact: F;
  readonly before: string;
}

type Taken = FactOf<"deployment.succeeded" | "deployment.removed" | "deployment.observed">;

export interface Watch {
  /** Looks up what services showed before these observations, all side by side. */
  prepare(steps: readonly Step<Taken>[]): Promise<void>;
  /** Whether a fact shows something else than its service last did; steps go in order. */
  take(fact: Taken): Promise<boolean>;
}

export function watching(known: Omit<Moment, "at">, environment: string): Watch {
  const images = imagesOf(known);
  /** By service: what it shows, and from which order on it follows what goes by. */
  const services = new Map<string, { showing: Showing; since: string }>();

  function follow(service: string, fact: Claim | Observation): void {
    const known = services.get(service);
    if (known === undefined || order(fact) < known.since) return;
    services.set(service, { ...known, showing: following(known.showing, fact) });
  }

  async function isOther(observation: Observation, service: string): Promise<boolean> {
    const verdict = await compare(images, services.get(service)?.showing ?? new Map(), observation);
    if (verdict !== "unclear") return verdict === "other";
    // A deployer that named no digest: whether this is what it meant, the release's rules say.
    const then = await release({ ...known, at: observation.occurredAt }, { environment, service });
    return (then?.drift ?? null) !== null;
  }

  return {
    async prepare(steps) {
      const unknown = new Map<string, Step<Taken>>();
      for (const step of steps) {
        const service = fold(step.fact.service ?? "");
        const isNew = step.fact.kind === "deployment.observed" && !services.has(service);
        if (isNew && !unknown.has(service)) unknown.set(service, step);
      }
      await concurrently(AT_ONCE, [...unknown], async ([service, { fact, before }]) => {
        const showing = showingOf(await runningAt(known, { environment, service }, before));
        services.set(service, { showing, since: order(fact) });
      });
    },

    async take(fact) {
      const concerned = fact.service === undefined ? [...services.keys()] : [fold(fact.service)];
      const [service = ""] = concerned;
      const shows = fact.kind !== "deployment.observed" || (await isOther(fact, service));
      for (const one of concerned) follow(one, fact);
      return shows;
    },
  };
}
