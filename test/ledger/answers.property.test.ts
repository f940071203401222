/** Any history: the answers of one ledger agree with each other. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { diff } from "../../functions/queries/diff.ts";
import { artifact, commit } from "../../functions/queries/images/artifact.ts";
import { release } from "../../functions/queries/release/release.ts";
import { snapshot } from "../../functions/queries/snapshot.ts";
import { timeline } from "../../functions/queries/timeline/timeline.ts";
import type { Place, Release } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { history as anyHistory } from "../histories.ts";
import { casesOf } from "../runs.ts";
import { memoryPeople } from "../store/memory-people.ts";
import { isClaim, isOfTwo } from "./apart.ts";
import { given } from "./given.ts";

/** What belongs to two images names neither of them by itself, so nobody can say which one ran. */
const history = anyHistory.filter((statements) => !isOfTwo(statements));

const AFTER = "2026-11-30T00:00:00.000Z";
const ENVIRONMENTS = ["production", "review/é"];
const SERVICES = ["acme/billing", "acme/web"];

const justBefore = (time: string): string => new Date(Date.parse(time) - 1).toISOString();
const after = (time: string): string => new Date(Date.parse(time) + 1).toISOString();

/** Each history is asked at every moment, of every service and image: hundreds of answers. */
const FEW = { numRuns: casesOf(5) };

/** Everything that the releases show: at each moment of a history, of each service. */
async function releasesOf(statements: readonly Statement[]) {
  const ledger = await given();
  for (const statement of statements) await ledger.tell(statement);
  const moments = [...new Set(statements.map(({ occurredAt }) => occurredAt))].sort();
  const shown: Release[] = [];
  for (const environment of ENVIRONMENTS) {
    for (const service of SERVICES) {
      for (const at of moments) {
        const answer = await release(ledger.at(at), { environment, service });
        if (answer !== undefined) shown.push({ ...answer, environment, service });
      }
    }
  }
  return { ledger, moments, shown };
}

/** What ran; what the runtime calls it stands beside, and may change with every look. */
const imagesOf = ({ components }: Release): string[] =>
  components.flatMap(({ digest, reported }) => digest ?? reported ?? []);

const isAbout = (place: Place, { environment, service }: Release): boolean =>
  fold(place.environment) === fold(environment) && fold(place.service ?? "") === fold(service);

/** Whether an entry says that the image ran in a service at the moment of a release. */
const covers = (place: Place, shown: Release): boolean =>
  isAbout(place, shown) &&
  place.until !== undefined &&
  place.at <= shown.at &&
  (place.until === null || shown.at < place.until);

it("every digest of a release is in the artifact's answer for as long, and the reverse", async () => {
  await fc.assert(
    fc.asyncProperty(history, async (said) => {
      const { ledger, shown } = await releasesOf(said);
      for (const digest of new Set(shown.flatMap(imagesOf))) {
        const answer = await artifact(ledger.at(AFTER), { digest });
        const members = new Set([digest, ...(answer?.related ?? [])]);
        for (const one of shown) {
          const isShown = imagesOf(one).some((image) => members.has(image));
          const isAnswered = answer?.ran.some((place) => covers(place, one));
          expect({ of: one, digest, ran: answer?.ran, isShown: isAnswered }).toEqual({
            of: one,
            digest,
            ran: answer?.ran,
            isShown,
          });
        }
      }
    }),
    FEW,
  );
});

it("every commit of an image that ran is answered with where it ran", async () => {
  await fc.assert(
    fc.asyncProperty(history, async (said) => {
      const { ledger, shown } = await releasesOf(said);
      for (const one of shown) {
        for (const { commit: built, digest } of one.components) {
          if (digest === null || built === null || built.evidence === "deployment") continue;
          const answer = await commit(ledger.at(AFTER), memoryPeople(), { sha: built.sha });
          const own = answer?.commits.find(({ sha }) => sha === built.sha);
          const isAnswered = own?.ran.some((place) => covers(place, one));
          expect({ of: one, ran: own?.ran, isShown: isAnswered }).toEqual({
            of: one,
            ran: own?.ran,
            isShown: true,
          });
        }
      }
    }),
    FEW,
  );
});

interface Shown {
  readonly component: string;
  readonly digest?: string | null;
  readonly reported?: string;
}
const gist = (components: readonly Shown[]) =>
  components.map((one) => `${fold(one.component)} ${one.digest ?? one.reported ?? ""}`).sort();
const pulled = (components: readonly Shown[]) =>
  components.map((one) => `${fold(one.component)} ${one.digest ?? ""}`).sort();

type Told = Awaited<ReturnType<typeof releasesOf>>;

const shownAt = ({ shown }: Told, environment: string, service: string, at: string): readonly Shown[] =>
  shown.find((one) => one.at === at && one.environment === environment && fold(one.service) === fold(service))
    ?.components ?? [];

async function expectSnapshot(told: Told, environment: string, at: string): Promise<void> {
  const answer = await snapshot(told.ledger.at(at), { environment });
  for (const { service, components } of answer?.releases ?? [])
    expect(components).toEqual(shownAt(told, environment, service, at));
}

async function expectDiff(told: Told, environment: string, from: string, to: string): Promise<void> {
  const answer = await diff(told.ledger.at(to), { environment, from, to });
  for (const { service, components } of answer?.services ?? []) {
    for (const one of components) {
      const name = fold(one.component);
      if (one.from !== null)
        expect(pulled(shownAt(told, environment, service, from))).toContain(
          `${name} ${one.from.digest ?? ""}`,
        );
      if (one.to !== null)
        expect(pulled(shownAt(told, environment, service, to))).toContain(`${name} ${one.to.digest ?? ""}`);
    }
  }
  const differing = new Set(answer?.services.map(({ service }) => fold(service)));
  for (const service of SERVICES.filter((one) => answer !== undefined && !differing.has(one)))
    expect(pulled(shownAt(told, environment, service, to))).toEqual(
      pulled(shownAt(told, environment, service, from)),
    );
}

/** A timeline from a moment on begins with what ran then. */
async function expectTimeline(told: Told, environment: string, at: string): Promise<void> {
  const from = after(at);
  const answer = await timeline(told.ledger.at(at), { environment, from, to: at });
  const running = (answer?.entries ?? []).filter(({ what }) => what === "running");
  for (const { service, components } of running)
    expect(gist(components ?? [])).toEqual(gist(shownAt(told, environment, service ?? "", at)));
  const named = new Set(running.map(({ service }) => fold(service ?? "")));
  for (const service of SERVICES.filter((one) => !named.has(one)))
    expect(shownAt(told, environment, service, at)).toEqual([]);
}

it("snapshot, diff and timeline show what the release shows", async () => {
  await fc.assert(
    fc.asyncProperty(history, async (said) => {
      const told = await releasesOf(said);
      for (const environment of ENVIRONMENTS) {
        for (const [n, at] of told.moments.entries()) {
          await expectSnapshot(told, environment, at);
          await expectTimeline(told, environment, at);
          await expectDiff(told, environment, told.moments[n - 1] ?? at, at);
        }
      }
    }),
    FEW,
  );
});

/** The images of a release by slot; undefined if one is unknown. */
function bySlot(answer: Release | undefined): Map<string, string> | undefined {
  const slots = (answer?.components ?? []).map(
    ({ component, variant = "", digest, reported }) =>
      [`${fold(component)} ${fold(variant)}`, digest ?? reported] as const,
  );
  if (slots.some(([, digest]) => digest === undefined)) return undefined;
  return new Map(slots.map(([slot, digest]) => [slot, digest ?? ""]));
}

/** Looks may say afterwards what ran, and of claims of one moment nobody says which came first. */
const claimed = history.map((statements) => {
  const claims = statements.filter(({ kind }) => kind !== "deployment.observed");
  const times = new Set<string>();
  return claims.filter((one) => {
    if (!isClaim(one)) return true;
    const isAlone = !times.has(one.occurredAt);
    times.add(one.occurredAt);
    return isAlone;
  });
});

/** Whether another image ran in a place at a moment than just before it; undefined if that is not known. */
async function isChanged(
  ledger: Awaited<ReturnType<typeof given>>,
  place: { readonly environment: string; readonly service: string },
  at: string,
): Promise<boolean | undefined> {
  const before = bySlot(await release(ledger.at(justBefore(at)), place));
  const now = bySlot(await release(ledger.at(at), place));
  return before && now && [...now].some(([slot, digest]) => before.get(slot) !== digest);
}

it("a deployment brings another image where the release just before it shows another one, and the reverse", async () => {
  await fc.assert(
    fc.asyncProperty(claimed, fc.constantFrom(...ENVIRONMENTS), async (said, environment) => {
      const ledger = await given(...said.filter(({ kind }) => kind !== "fact.retracted"));
      const from = said.map(({ occurredAt }) => occurredAt).sort()[0] ?? AFTER;
      const answer = await timeline(ledger.at(AFTER), { environment, from, to: AFTER });
      const deployed = (answer?.entries ?? []).filter(({ what }) => what === "deployed");
      for (const { at, service, changesImage } of deployed) {
        const isNew = await isChanged(ledger, { environment, service: service ?? "" }, at);
        const isKnown = isNew !== undefined && changesImage !== undefined;
        expect({ at, service, changesImage }).toEqual({
          at,
          service,
          changesImage: isKnown ? isNew : changesImage,
        });
      }
    }),
    FEW,
  );
});
