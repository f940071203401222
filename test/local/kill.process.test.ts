/**
 * `kill -9` under load: what was acknowledged is there, and of what was not, each event is either there or not:
 * afterwards it is answered as the one or the other, never as a half of it.
 */
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, it, vi } from "vitest";
import { Outcomes, Release } from "../../schemas/answer.ts";
import { type Client, type Event, event, outcomesOf } from "../client.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { RUNS } from "../runs.ts";
import { cleanUp, end, newFolder, startLedger } from "./process.ts";

afterAll(cleanUp);

const KILLS = Math.max(1, Math.round(RUNS / 100));
const WRITERS = 6;
/** At least so many are acknowledged before each kill. */
const STEPS = 24;
const ENVIRONMENT = "production";
const repositoryOf = (writer: number) => `ghcr.io/acme/service-${writer}`;
const serviceOf = (writer: number) => `acme/service-${writer}`;

/** One release of a service: a push of an index that holds the deployed manifest, its build, and its deployment. */
interface Step {
  readonly writer: number;
  readonly n: number;
  readonly at: string;
  readonly events: readonly Event[];
  /** Whether the ledger said that it has them. */
  acknowledged: boolean;
}

const named = ({ writer, n }: Pick<Step, "writer" | "n">) => `${writer}/${n}`;
const manifestOf = (step: Step) => digestOf(`manifest ${named(step)}`);
const indexOf = (step: Step) => digestOf(`index ${named(step)}`);
const commitOf = (step: Step) => shaOf(`commit ${named(step)}`);

/** Steps of a writer lie a minute apart, so that a question can be put between any two of them. */
function stepOf(writer: number, n: number): Step {
  const at = new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString();
  const step: Step = { writer, n, at, events: [], acknowledged: false };
  const say = (kind: string, data: object) =>
    event(kind, `${named(step)}/${kind}`, at, data, `/test/${writer}`);
  const deployment = { provider: "test", instance: "here", id: named(step) };
  const components = [{ component: "main", repository: repositoryOf(writer), digest: manifestOf(step) }];
  const commit = { repository: `https://github.com/${serviceOf(writer)}`, sha: commitOf(step) };
  return {
    ...step,
    events: [
      say("artifact.pushed", { digest: indexOf(step), repository: repositoryOf(writer) }),
      say("artifact.indexed", { digest: indexOf(step), manifests: [{ digest: manifestOf(step) }] }),
      say("artifact.built", { digest: manifestOf(step), commit }),
      say("deployment.succeeded", {
        environment: ENVIRONMENT,
        service: serviceOf(writer),
        deployment,
        components,
      }),
    ],
  };
}

/** Posts one step after the other, as fast as they are answered, until the ledger is gone. */
async function write(client: Client, writer: number, steps: Step[]): Promise<void> {
  for (let n = steps.length; ; n++) {
    const step = stepOf(writer, n);
    steps.push(step);
    try {
      const answer = await client.sayAll(step.events);
      expect(outcomesOf(answer)).toEqual(step.events.map(() => "recorded"));
    } catch (error) {
      if (error instanceof TypeError) return;
      throw error;
    }
    step.acknowledged = true;
  }
}

/** Which events of a step the ledger has. */
interface Held {
  readonly pushed: boolean;
  readonly indexed: boolean;
  readonly built: boolean;
  readonly deployed: boolean;
}
const ALL: Held = { pushed: true, indexed: true, built: true, deployed: true };

/** What is said again is a duplicate exactly if it was there. */
async function sayAgain(client: Client, step: Step): Promise<Held> {
  const { outcomes } = Outcomes.parse((await client.sayAll(step.events)).json);
  for (const { outcome } of outcomes) expect(["recorded", "duplicate"]).toContain(outcome);
  const [pushed, indexed, built, deployed] = outcomes.map(({ outcome }) => outcome === "duplicate");
  return {
    pushed: pushed === true,
    indexed: indexed === true,
    built: built === true,
    deployed: deployed === true,
  };
}

const ask = async (client: Client, { writer, at }: Step) => {
  const selector = { environment: ENVIRONMENT, service: serviceOf(writer) };
  const answer = await client.get("/v1/release", { ...selector, at });
  return answer.status === 404 ? undefined : Release.parse(answer.json);
};

/** The answer that follows from what the ledger has of the newest step that took effect. */
function expected(step: Step | undefined, held: Held) {
  if (step === undefined) return undefined;
  // An index stands in for its manifest where a push shows that it is in the repository.
  const digest = held.pushed && held.indexed ? indexOf(step) : manifestOf(step);
  return { since: step.at, digest, sha: held.built ? commitOf(step) : undefined };
}

const answered = (release: Release | undefined) =>
  release?.status !== "running"
    ? undefined
    : {
        since: release.since,
        digest: release.components[0]?.digest,
        sha: release.components[0]?.commit?.sha,
      };

/** The one step whose answer never came is asked about first, for saying it again would put it there. */
async function checkLast(client: Client, steps: readonly Step[]): Promise<void> {
  const last = steps.at(-1);
  if (last === undefined) return;
  expect(last.acknowledged).toBe(false);
  const release = await ask(client, last);
  const held = await sayAgain(client, last);
  const running = held.deployed ? expected(last, held) : expected(steps.at(-2), ALL);
  expect(answered(release)).toEqual(running);
  expect(await sayAgain(client, last)).toEqual(ALL);
  expect(answered(await ask(client, last))).toEqual(expected(last, ALL));
  last.acknowledged = true;
}

async function checkAcknowledged(client: Client, steps: readonly Step[]): Promise<void> {
  for (let n = 0; n < steps.length; n += 100) {
    const events = steps.slice(n, n + 100).flatMap((step) => step.events);
    expect(new Set(outcomesOf(await client.sayAll(events)))).toEqual(new Set(["duplicate"]));
  }
  // Every release is a question of its own: those around the kill, and some of before.
  for (const [n, step] of steps.entries()) {
    if (n < steps.length - 4 && n % 20 !== 0) continue;
    expect(answered(await ask(client, step))).toEqual(expected(step, ALL));
  }
}

const acknowledged = (histories: readonly (readonly Step[])[]): number =>
  histories.flat().filter((step) => step.acknowledged).length;

it(
  "loses nothing it acknowledged, and tells nothing it does not have, when it is killed under load",
  async () => {
    const data = newFolder();
    const histories = Array.from({ length: WRITERS }, (): Step[] => []);
    for (let kill = 0; kill < KILLS; kill++) {
      const ledger = await startLedger(data);
      const writing = histories.map((steps, writer) => write(ledger.client, writer, steps));
      // Time enough for some to be acknowledged, on a slow machine too; then at another moment each time.
      await vi.waitFor(() => expect(acknowledged(histories)).toBeGreaterThan(STEPS * (kill + 1)), 90_000);
      await setTimeout(3 * kill);
      expect((await end(ledger, "SIGKILL")).signal).toBe("SIGKILL");
      await Promise.all(writing);
      const survivor = await startLedger(data);
      await Promise.all(histories.map((steps) => checkLast(survivor.client, steps)));
      await Promise.all(histories.map((steps) => checkAcknowledged(survivor.client, steps)));
      await end(survivor, "SIGTERM");
    }
  },
  60_000 + KILLS * 60_000,
);
