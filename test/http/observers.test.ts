/** Observers of a cluster: what they cost, and what their looks show, in whatever order they come in. */
import { afterAll, describe, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { type Event, outcomesOf } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { STEP } from "../runs.ts";
import { cleanUp, deployed, givenDoors, tokenOf } from "./given.ts";

afterAll(cleanUp);

const TOKENS = `admin:admin-1:${tokenOf("admin")},writer:writer-1:${tokenOf("writer")}`;
const PLACE = { environment: "eu-1/shop", service: "web" };
const REPOSITORY = "ghcr.io/acme/web";

function given(more: object = {}) {
  const doors = givenDoors({
    secrets: () => Promise.resolve({ tokens: parseTokens(TOKENS), webhooks: {} }),
    ...more,
  });
  const writer = doors.client("writer");
  const look = async (items: readonly object[], headers: Record<string, string> = {}) =>
    outcomesOf(
      await writer.post(
        "/v1/webhooks/kubernetes",
        { kind: "List", items },
        { "x-asof-cluster": "eu-1", ...headers },
      ),
    );
  const tell = async (event: Event) => outcomesOf(await writer.say(event));
  const ask = async (path: string, query: Record<string, string> = {}) =>
    (await doors.client().get(path, { ...PLACE, ...query })).json;
  return { ...doors, look, tell, ask };
}

interface Shown {
  readonly since: string;
  readonly template?: string;
  readonly image?: string;
  readonly more?: object;
}

const pod = (digest: string, { since, template, image = `${REPOSITORY}:1`, more = {} }: Shown) => ({
  metadata: {
    name: `web-${digest.slice(7, 12)}`,
    namespace: "shop",
    labels: template === undefined ? {} : { "controller-revision-hash": template },
    ownerReferences: [{ kind: "StatefulSet", name: "web", controller: true }],
  },
  status: {
    containerStatuses: [
      {
        name: "web",
        image,
        imageID: `${REPOSITORY}@${digest}`,
        state: { running: { startedAt: since } },
        ...more,
      },
    ],
  },
});

const OLD = digestOf("old");
const NEW = digestOf("new");
const claim = (id: string, time: string, digest: string) =>
  deployed(id, time, { ...PLACE, components: [{ component: "main", repository: REPOSITORY, digest }] });
const old = pod(OLD, { since: "2026-11-01T09:00:30Z" });
const seen = (time: string) => ({ "x-asof-seen": time });

const SIX_HOURS = 6 * 60;
const MINUTES_A_DAY = 24 * 60;
const at = (minute: number): string =>
  new Date(Date.parse("2026-11-10T00:00:00Z") + minute * 60_000).toISOString();

describe("an observer that looks every minute", () => {
  it("costs 72 facts in six hours, so 288 a day, for a workload that does not change", async () => {
    const { look } = given();
    const outcomes: string[] = [];
    for (let minute = 0; minute < SIX_HOURS; minute++)
      outcomes.push(...(await look([old], seen(at(minute)))));
    expect(outcomes.filter((outcome) => outcome === "recorded")).toHaveLength(72);
    expect(outcomes.filter((outcome) => outcome === "duplicate")).toHaveLength(SIX_HOURS - 72);
  });

  it("costs as many as the configured step leaves", async () => {
    const { look } = given({ observationStepMs: 60 * 60_000 });
    const outcomes: string[] = [];
    for (let minute = 0; minute < MINUTES_A_DAY; minute += 10)
      outcomes.push(...(await look([old], seen(at(minute)))));
    expect(outcomes.filter((outcome) => outcome === "recorded")).toHaveLength(24);
  });

  it("is answered as a duplicate within a step also by the clock of the ledger alone", async () => {
    const { look, setNow, ask } = given();
    setNow("2026-11-22T09:00:10Z");
    expect(await look([old])).toEqual(["recorded"]);
    setNow("2026-11-22T09:04:50Z");
    expect(await look([old])).toEqual(["duplicate"]);
    setNow("2026-11-22T09:05:00Z");
    expect(await look([old])).toEqual(["recorded"]);
    expect(await ask("/v1/release")).toMatchObject({ seenAt: "2026-11-22T09:05:00.000Z" });
  });

  it("is refused a time that is none", async () => {
    expect(await given().look([old], seen("at noon"))).toEqual(["rejected"]);
  });
});

/** Every order of a few things. */
const permutations = <T>(list: readonly T[]): T[][] =>
  list.length < 2
    ? [[...list]]
    : list.flatMap((one, n) => permutations(list.toSpliced(n, 1)).map((rest) => [one, ...rest]));

describe("a deployment that was reported as successful, while the old pods run on", () => {
  type Given = ReturnType<typeof given>;
  const acts: readonly ((to: Given) => Promise<unknown>)[] = [
    ({ tell }) => tell(claim("1", "2026-11-01T09:00:00Z", OLD)),
    ({ tell }) => tell(claim("2", "2026-11-10T12:10:00Z", NEW)),
    ({ look }) => look([old], seen("2026-11-10T12:11:00Z")),
    ({ look }) => look([old], seen("2026-11-10T12:16:00Z")),
    ({ look }) => look([old], seen("2026-11-10T12:18:00Z")),
  ];
  const times = ["2026-11-10T12:00:00Z", "2026-11-10T12:12:00Z", "2026-11-10T12:20:00Z", "2026-11-12"];

  it("is drift with both digests, whatever came in first", async () => {
    const answers = new Set<string>();
    for (const order of permutations(acts).filter((_, n) => n % STEP === 0)) {
      const to = given();
      for (const act of order) await act(to);
      to.setNow("2026-11-22T09:01:00Z");
      const releases: unknown[] = [];
      for (const one of times)
        releases.push(await to.ask("/v1/release", { at: one, knownAt: "2026-11-22T09:00:30Z" }));
      answers.add(JSON.stringify(releases));
    }
    expect(answers.size).toBe(1);
    const [answer = "[]"] = answers;
    const drift = { claimed: [{ digest: NEW }], observed: [{ digest: OLD }] };
    expect(JSON.parse(answer)).toMatchObject([
      { drift: null, components: [{ digest: OLD }] },
      { drift, components: [{ digest: OLD }] },
      { drift, components: [{ digest: OLD }], since: "2026-11-10T12:10:00.000Z" },
      { drift, components: [{ digest: OLD }], seenAt: "2026-11-10T12:15:00.000Z" },
    ]);
  });

  it("is one event of the timeline, once the grace is over", async () => {
    const to = given();
    for (const act of acts) await act(to);
    const { entries } = Object(await to.ask("/v1/timeline", { from: "2026-11-10", to: "2026-11-11" }));
    expect(entries).toMatchObject([
      { what: "running", components: [{ digest: OLD }] },
      { what: "deployed", components: [{ digest: NEW }] },
      { what: "observed", at: "2026-11-10T12:15:00.000Z", since: "2026-11-01T09:00:30.000Z" },
    ]);
  });
});

describe("pods of one workload that differ", () => {
  it("are what is ready, where a rollout hangs", async () => {
    const { look, ask } = given();
    const stuck = pod(NEW, { since: "2026-11-10T12:00:20Z", template: "b", more: { ready: false } });
    const ready = pod(OLD, { since: "2026-11-01T09:00:30Z", template: "a", more: { ready: true } });
    expect(await look([ready, stuck])).toEqual(["recorded"]);
    expect(await ask("/v1/release")).toMatchObject({
      since: "2026-11-01T09:00:30.000Z",
      components: [{ digest: OLD }],
    });
  });

  it("are what those of the oldest template run, where both are ready", async () => {
    const { look, ask } = given();
    const one = pod(NEW, { since: "2026-11-10T12:00:20Z", template: "b" });
    expect(await look([one, pod(OLD, { since: "2026-11-01T09:00:30Z", template: "a" })])).toEqual([
      "recorded",
    ]);
    expect(await ask("/v1/release")).toMatchObject({ components: [{ digest: OLD }] });
  });

  const AMD64 = digestOf("amd64");
  const ARM64 = digestOf("arm64");
  const nodes = (more: Partial<Shown> = {}) =>
    [AMD64, ARM64].map((digest) => pod(digest, { since: "2026-11-10T12:00:20Z", ...more }));

  it.each([
    ["by their template", { template: "a", image: "sha256:0" }],
    ["by their image", {}],
  ])("are one image on two platforms, %s", async (_, more) => {
    const { look, tell, ask } = given();
    const index = digestOf("index");
    await tell({
      ...claim("index", "2026-11-01T08:00:00Z", index),
      type: "dev.asof.artifact.indexed.v1",
      data: { digest: index, manifests: [{ digest: AMD64 }, { digest: ARM64 }] },
    });
    await tell({
      ...claim("pushed", "2026-11-01T08:00:00Z", index),
      type: "dev.asof.artifact.pushed.v1",
      data: { digest: index, repository: REPOSITORY },
    });
    expect(await look(nodes(more))).toEqual(["recorded"]);
    expect(await ask("/v1/release")).toMatchObject({ components: [{ digest: index, candidates: [] }] });
  });

  it("are candidates where no index holds them: their tag may have moved", async () => {
    const { look, ask } = given();
    await look(nodes({ template: "a" }));
    expect(await ask("/v1/release")).toMatchObject({
      components: [{ digest: null, candidates: [{ by: "digest" }, { by: "digest" }] }],
      warnings: [{ code: "digest_unresolved" }],
    });
  });
});
