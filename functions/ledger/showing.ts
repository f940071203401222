/**
 * What services last showed, as a timeline goes by: an observation is an event only where it shows something
 * else. What a service showed before is looked up at its first observation, so that nothing further back is read.
 */
import type { Component, Fact } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { order } from "./canonical.ts";
import { AT_ONCE, concurrently } from "./concurrently.ts";
import { names } from "./directory.ts";
import type { Images } from "./images.ts";
import type { Question } from "./moment.ts";
import { type Knowledge, newest } from "./read.ts";
import { release } from "./release.ts";
import type { Claim, Observation } from "./resolve.ts";
import { type Selector, wholes } from "./running.ts";

/** Entries of components by folded name. */
type Groups = ReadonlyMap<string, readonly Component[]>;

/** What deployers say, what was last observed, and for which components that decides: as for a release. */
interface State {
  readonly claimed: Groups;
  readonly seen: Groups;
  readonly decided: ReadonlySet<string>;
}

/** The entries of one component, and whether a deployer named them (or the runtime showed them). */
interface Group {
  readonly entries: readonly Component[];
  readonly isClaimed: boolean;
}

function grouped(components: readonly Component[]): Groups {
  const groups = new Map<string, Component[]>();
  for (const one of components) {
    const name = fold(one.component);
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return groups;
}

const NOTHING: State = { claimed: new Map(), seen: new Map(), decided: new Set() };

const without = <T>(names: Iterable<T>, gone: ReadonlyMap<T, unknown>): T[] =>
  [...names].filter((name) => !gone.has(name));

/** What a service shows after one more fact. */
function following(state: State, fact: Claim | Observation): State {
  const groups = grouped(fact.components ?? []);
  const isPartial = fact.scope === "components";
  if (fact.kind === "deployment.observed") {
    // Only the newest observation counts, even where it is about less than the one before.
    const about = isPartial ? groups.keys() : [...groups.keys(), ...state.claimed.keys()];
    return { ...state, seen: groups, decided: new Set(about) };
  }
  const added: Groups = fact.kind === "deployment.succeeded" ? groups : new Map();
  if (!isPartial) return { ...NOTHING, claimed: added };
  const kept = [...state.claimed].filter(([name]) => !groups.has(name));
  return {
    ...state,
    claimed: new Map([...kept, ...added]),
    decided: new Set(without(state.decided, groups)),
  };
}

/** What a service showed before: its newest whole release, parts and observation, one after the other. */
async function stateAt(knowledge: Knowledge, selector: Selector, at: string): Promise<State> {
  const [named, ...facts] = await Promise.all([
    names(knowledge, { of: "service", ...selector }),
    newest(knowledge, { of: "observed", ...selector }, at),
    ...wholes(selector).map((partition) => newest(knowledge, partition, at)),
  ]);
  const sets = named.filter(({ name }) => name.startsWith(PART)).map(({ name }) => name.slice(PART.length));
  const parts = await Promise.all(
    sets.map((components) => newest(knowledge, { of: "part", ...selector, components }, at)),
  );
  return [...facts, ...parts]
    .filter((fact) => fact !== undefined)
    .filter(isShowing)
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))
    .reduce(following, NOTHING);
}
const PART = "part:";

export const isShowing = (fact: Fact): fact is Claim | Observation =>
  fact.kind === "deployment.succeeded" ||
  fact.kind === "deployment.removed" ||
  fact.kind === "deployment.observed";

function showingOf({ claimed, seen, decided }: State): ReadonlyMap<string, Group> {
  const said = [...claimed].filter(([name]) => !decided.has(name));
  const observed = [...seen].filter(([name]) => decided.has(name));
  return new Map<string, Group>([
    ...said.map(([name, entries]) => [name, { entries, isClaimed: true }] as const),
    ...observed.map(([name, entries]) => [name, { entries, isClaimed: false }] as const),
  ]);
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
  seen: readonly Component[],
): Promise<Verdict> {
  if ((shown?.entries.length ?? 0) !== seen.length) return "other";
  const verdicts = await Promise.all(
    seen.map((one) => {
      const counterpart = shown?.entries.find(({ variant }) => variant === one.variant);
      return counterpart === undefined ? "other" : compareImages(images, counterpart, one);
    }),
  );
  if (verdicts.includes("other")) return "other";
  // What was observed before is no deployer's to explain.
  return verdicts.includes("unclear") ? (shown?.isClaimed === true ? "unclear" : "other") : "same";
}

async function compare(images: Images, state: State, observation: Observation): Promise<Verdict> {
  const showing = showingOf(state);
  const seen = grouped(observation.components);
  const others = observation.scope === "components" ? [] : [...showing.keys()];
  const names = [...new Set([...seen.keys(), ...others])];
  const verdicts = await Promise.all(
    names.map((name) => compareGroups(images, showing.get(name), seen.get(name) ?? [])),
  );
  if (verdicts.includes("other")) return [...showing.values()].some(isVague) ? "unclear" : "other";
  return verdicts.includes("unclear") ? "unclear" : "same";
}

/** A deployer that names no image may mean other components, too: its tasks name them. */
const isVague = ({ entries, isClaimed }: Group): boolean =>
  isClaimed && entries.some(({ digest, tag }) => digest === undefined && tag === undefined);

/** A fact on its way, and the order (or time) behind which nothing but it follows. */
export interface Step<F> {
  readonly fact: F;
  readonly before: string;
}

export interface Watch {
  /** Looks up what services showed before these observations, all side by side. */
  prepare(steps: readonly Step<Claim | Observation>[]): Promise<void>;
  /** Whether a fact shows something else than its service last did; steps go in order. */
  take(fact: Claim | Observation): Promise<boolean>;
}

export function watching(known: Omit<Question, "at">, environment: string): Watch {
  const { images } = known;
  /** By service: what it shows, and from which order on it follows what goes by. */
  const services = new Map<string, { state: State; since: string }>();

  function follow(service: string, fact: Claim | Observation): void {
    const found = services.get(service);
    if (found === undefined || order(fact) < found.since) return;
    services.set(service, { ...found, state: following(found.state, fact) });
  }

  async function isOther(observation: Observation, service: string): Promise<boolean> {
    const verdict = await compare(images, services.get(service)?.state ?? NOTHING, observation);
    if (verdict !== "unclear") return verdict === "other";
    // A deployer that named no digest: whether this is what it meant, the release's rules say.
    const then = await release({ ...known, at: observation.occurredAt }, { environment, service });
    return (then?.drift ?? null) !== null;
  }

  return {
    async prepare(steps) {
      const unknown = new Map<string, Step<Claim | Observation>>();
      for (const step of steps) {
        const service = fold(step.fact.service ?? "");
        const isNew = step.fact.kind === "deployment.observed" && !services.has(service);
        if (isNew && !unknown.has(service)) unknown.set(service, step);
      }
      await concurrently(AT_ONCE, [...unknown], async ([service, { fact, before }]) => {
        const state = await stateAt(known, { environment, service }, before);
        services.set(service, { state, since: order(fact) });
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
