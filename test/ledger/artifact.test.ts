import { describe, expect, it } from "vitest";
import { artifact, commit, tag } from "../../functions/queries/images/artifact.ts";
import { Artifact, CommitAnswer, type Place, TagAnswer } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import { memoryPeople } from "../store/memory-people.ts";
import { day, deployed, digestOf, type Given, given, observed, retracted, said, shaOf } from "./given.ts";

const IMAGE = digestOf("image");
const REPOSITORY = "ghcr.io/acme/web";
const CODE = "https://github.com/acme/web";

const pushed = (at: string, more: object = {}) =>
  said("artifact.pushed", at, { digest: IMAGE, repository: REPOSITORY, ...more });
const deleted = (at: string, more: object) =>
  said("artifact.deleted", at, { repository: REPOSITORY, what: "manifest", ...more });
const built = (sha: string, at: string, more: object = {}) =>
  said("artifact.built", at, {
    digest: IMAGE,
    commit: { repository: CODE, sha },
    evidence: "declared",
    ...more,
  });
const index = (digest: string, ...manifests: object[]) =>
  said("artifact.indexed", day(1), { digest, manifests });
const indexed = (...manifests: object[]) => index(digestOf("index"), ...manifests);
const CONFIG = digestOf("config");
const runs = (at: string, more: object = {}) => deployed("production", "acme/web", "image", at, more);
const tasked = (at: string, id: string) =>
  said("task.observed", at, {
    environment: "production",
    deployment: { provider: "ecs", instance: "here", id },
    component: "main",
    digest: IMAGE,
  });

const places = (ran: readonly Place[] | undefined) =>
  ran?.map(({ at, what, environment, service }) => `${at.slice(8, 16)} ${what} ${environment} ${service}`);

describe("an artifact", () => {
  const ask = async (ledger: Given, at = day(20), digest = IMAGE) => {
    const answer = await artifact(ledger.at(at), { digest });
    return answer === undefined ? undefined : Artifact.parse(await ledger.shown(answer));
  };

  it("did not run where a manifest ran that it shares with another index, which the release names", async () => {
    const [SHARED, OTHER] = [digestOf("shared"), digestOf("other index")];
    const ledger = await given(
      indexed({ digest: SHARED }),
      index(OTHER, { digest: SHARED }),
      said("artifact.pushed", day(2), { digest: digestOf("index"), repository: REPOSITORY }),
      runs(day(10), { components: [{ component: "main", digest: SHARED, repository: REPOSITORY }] }),
    );
    expect(places((await ask(ledger, day(20), digestOf("index")))?.ran)).toEqual([
      "10T12:00 deployed production acme/web",
    ]);
    expect((await ask(ledger, day(20), SHARED))?.ran.map(({ until }) => until)).toEqual([null]);
    expect((await ask(ledger, day(20), OTHER))?.ran.map(({ until }) => until)).toEqual([undefined]);
  });

  it.each([
    [
      "moved to another image",
      said("artifact.pushed", day(5), { digest: digestOf("next"), repository: REPOSITORY, tag: "1" }),
    ],
    ["was deleted by its name", deleted(day(5), { what: "tag", tag: "1" })],
    ["was deleted, perhaps with the image", deleted(day(5), { what: "unknown", tag: "1", digest: IMAGE })],
  ])("lists no tag that %s", async (_, change) => {
    const ledger = await given(pushed(day(2), { tag: "1.4" }), pushed(day(3), { tag: "1" }), change);
    expect((await ask(ledger))?.heldBy).toMatchObject([{ availability: "available", tags: ["1.4"] }]);
    expect((await ask(ledger, day(4)))?.heldBy).toMatchObject([{ tags: ["1", "1.4"] }]);
  });

  it("lists no tag of a deleted image, and all of a restored one", async () => {
    const tagged = [pushed(day(2), { tag: "1" }), deleted(day(5), { digest: IMAGE })];
    const back = said("artifact.restored", day(6), {
      digest: IMAGE,
      repository: REPOSITORY,
      what: "manifest",
    });
    expect((await ask(await given(...tagged)))?.heldBy).toMatchObject([
      { availability: "deleted", tags: [] },
    ]);
    expect((await ask(await given(...tagged, back)))?.heldBy).toMatchObject([{ tags: ["1"] }]);
  });

  it("is told with who holds it, where it came from and what speaks for it, whenever that was said", async () => {
    const ledger = await given(
      pushed(day(2), { tag: "1.4" }),
      pushed(day(25), { tag: "late" }),
      said("artifact.pushed", day(3), { digest: IMAGE, repository: "mirror/web" }),
      said("artifact.deleted", day(4), { digest: IMAGE, repository: "mirror/web", what: "manifest" }),
      built(shaOf("a"), day(25), { evidence: "oidc", url: "https://ci.example/1" }),
      said("evidence.attached", day(26), { digest: IMAGE, type: "scan", verdict: "clean", actor: "bot" }),
      said("release.marked", day(27), { digest: IMAGE, verdict: "bad", reason: "leaks", actor: "octocat" }),
    );
    expect(await ask(ledger)).toMatchObject({
      pullable: IMAGE,
      related: [],
      heldBy: [
        { repository: REPOSITORY, availability: "available", pushedAt: day(2), tags: ["1.4"] },
        { repository: "mirror/web", availability: "deleted", pushedAt: day(3), tags: [] },
      ],
      commit: { sha: shaOf("a"), evidence: "oidc" },
      builds: [{ url: "https://ci.example/1", at: day(25) }],
      evidence: [
        { type: "scan", verdict: "clean", by: "bot", at: day(26) },
        { type: "mark", verdict: "bad", by: "octocat", reason: "leaks", at: day(27) },
      ],
      ran: [],
      more: false,
    });
  });

  it("is told with all digests of its image", async () => {
    const [amd64, arm64, config] = [digestOf("amd64"), digestOf("arm64"), digestOf("config")];
    const ledger = await given(
      indexed({ digest: amd64, configDigest: config }, { digest: arm64 }),
      pushed(day(1), { digest: digestOf("index") }),
      observed("production", "acme/web", "arm64", day(3)),
      deployed("staging", "acme/web", "index", day(2)),
      said("evidence.attached", day(4), { digest: digestOf("index"), type: "sbom" }),
    );
    const answer = await ask(ledger, day(20), config);
    expect(answer?.pullable).toBe(digestOf("index"));
    expect(answer?.related).toEqual([digestOf("index"), amd64, arm64].sort());
    expect(places(answer?.ran)).toEqual([
      "03T12:00 observed production acme/web",
      "02T12:00 deployed staging acme/web",
    ]);
    expect(answer?.evidence).toMatchObject([{ type: "sbom" }]);
  });

  it("ran where it was named by then, newest first, and never twice for one deployment's tasks", async () => {
    const deployment = { provider: "ecs", instance: "here", id: "named" };
    const ledger = await given(
      runs(day(2)),
      said("deployment.failed", day(3), {
        environment: "production",
        service: "acme/web",
        deployment,
        components: [{ component: "main", digest: IMAGE }],
      }),
      tasked(day(4), "named"),
      tasked(day(5), "unnamed"),
      tasked(day(6), "unnamed"),
      runs(day(25)),
    );
    expect(places((await ask(ledger))?.ran)).toEqual([
      "06T12:00 observed production null",
      "03T12:00 failed production acme/web",
      "02T12:00 deployed production acme/web",
    ]);
  });

  const spans = (ran: readonly Place[] | undefined) =>
    ran?.map(
      ({ at, until, environment }) => `${environment} ${at.slice(8, 16)} ${until?.slice(8, 16) ?? until}`,
    );
  const by = (environment: string, at: string, component: object, more: object = {}) =>
    said("deployment.succeeded", at, {
      environment,
      service: "acme/web",
      deployment: { provider: "test", instance: "here", id: `${environment} ${at}` },
      components: [{ component: "main", ...component }],
      ...more,
    });
  const tagged = { repository: REPOSITORY, tag: "1.4" };
  const other = { digest: digestOf("other"), repository: REPOSITORY };
  const committed = { commit: { repository: CODE, sha: shaOf("a") } };

  it.each<[string, Statement[], string[]]>([
    [
      "by its tag, while the tag pointed at it",
      [
        pushed(day(2), { tag: "1.4" }),
        by("staging", day(3), tagged),
        said("artifact.pushed", day(4), { ...other, tag: "1.4" }),
        by("production", day(5), tagged),
      ],
      ["staging 03T12:00 null"],
    ],
    [
      "by its tag alone, of a service that is described with its repository",
      [
        pushed(day(2), { tag: "1.4" }),
        said("service.described", day(1), { service: "acme/web", images: [REPOSITORY] }),
        by("staging", day(3), { tag: "1.4" }),
        by("staging", day(4), other),
      ],
      ["staging 03T12:00 04T12:00"],
    ],
    [
      "by its commit, in the repository that it was copied to",
      [
        built(shaOf("a"), day(2), { repository: "mirror/web" }),
        pushed(day(2)),
        by("staging", day(3), { repository: REPOSITORY }, committed),
        by("staging", day(4), other),
      ],
      ["staging 03T12:00 04T12:00"],
    ],
    [
      "while only another component was deployed",
      [
        by("staging", day(3), { digest: IMAGE }),
        by("staging", day(4), { ...other, component: "worker" }, { scope: "components" }),
        by("staging", day(5), other),
      ],
      ["staging 03T12:00 05T12:00"],
    ],
    [
      "without the looks that saw what ran already",
      [by("staging", day(3), { digest: IMAGE }), observed("staging", "acme/web", "image", day(4))],
      ["staging 03T12:00 null"],
    ],
    [
      "for no time where another image ran, of which the runtime reports a configuration that both have",
      [
        index(IMAGE, { digest: digestOf("child"), configDigest: CONFIG }),
        index(
          other.digest,
          { digest: digestOf("amd64"), configDigest: CONFIG },
          { digest: digestOf("arm64"), configDigest: CONFIG },
        ),
        by("staging", day(3), other),
        said("deployment.observed", day(4), {
          environment: "staging",
          service: "acme/web",
          components: [{ component: "main", digest: CONFIG }],
        }),
      ],
      ["staging 04T12:00 undefined"],
    ],
    [
      "but not where its deployment failed",
      [
        said("deployment.failed", day(3), {
          environment: "staging",
          service: "acme/web",
          deployment: { provider: "test", instance: "here", id: "failed" },
          components: [{ component: "main", digest: IMAGE }],
        }),
      ],
      ["staging 03T12:00 undefined"],
    ],
  ])("ran %s", async (_, statements, expected) => {
    expect(spans((await ask(await given(...statements)))?.ran)).toEqual(expected);
  });

  it("is cut after its hundred newest places", async () => {
    const statements = Array.from({ length: 101 }, (_, n) =>
      runs(new Date(Date.parse(day(2)) + n).toISOString()),
    );
    const ledger = await given(...statements.slice(0, 100));
    expect(await ask(ledger)).toMatchObject({ more: false });
    await ledger.tell(statements[100] ?? runs(day(3)));
    const answer = await ask(ledger);
    expect(answer).toMatchObject({ more: true, ran: { length: 100 } });
    expect(answer?.ran[0]?.fact.id).toBe(statements[100]?.id);
  });

  it("names both commits where equal evidence disagrees", async () => {
    const ledger = await given(built(shaOf("a"), day(2)), built(shaOf("b"), day(3)));
    const answer = await ask(ledger);
    expect(answer?.commit).toBeNull();
    expect(answer?.commitCandidates.map(({ sha }) => sha)).toEqual([shaOf("a"), shaOf("b")].sort());
  });

  const wrong = pushed(day(2));
  it.each<[string, Statement[], boolean]>([
    [
      "no fact",
      [said("artifact.pushed", day(1), { digest: digestOf("other"), repository: REPOSITORY })],
      false,
    ],
    ["a fact that was taken back", [wrong, retracted(wrong)], false],
    ["a deployment after that moment", [runs(day(25))], true],
    [
      "a migration that it ran",
      [said("migration.applied", day(2), { environment: "e", database: "d", version: "1", image: IMAGE })],
      true,
    ],
    ["an index that lists it", [indexed({ digest: digestOf("m"), configDigest: IMAGE })], true],
  ])("of which there is but %s is heard of or not", async (_, statements, isHeard) => {
    expect((await ask(await given(...statements))) !== undefined).toBe(isHeard);
  });
});

describe("a commit", () => {
  const FULL = shaOf("a");
  const sibling = `${FULL.slice(0, 10)}${"0".repeat(30)}`;
  const ask = async (ledger: Given, sha: string) => {
    const answer = await commit(ledger.at(day(20)), memoryPeople(), { sha });
    return answer === undefined ? undefined : CommitAnswer.parse(answer).commits;
  };
  const names = async (ledger: Given, sha: string) =>
    (await ask(ledger, sha))?.map((one) => `${one.sha}: ${one.ran.length} ${one.artifacts.length}`);

  it("is told with what was built from it, what speaks for it, and where it ran by name or by image", async () => {
    const ledger = await given(
      built(FULL, day(2), { repository: REPOSITORY, evidence: "oidc" }),
      runs(day(3)),
      deployed("staging", "acme/web", "?", day(4), {
        commit: { sha: FULL, repository: "https://gitlab.com/acme/web" },
      }),
      runs(day(25)),
      said("evidence.attached", day(5), { commit: FULL, type: "review", verdict: "approved" }),
    );
    const [found, ...others] = (await ask(ledger, FULL)) ?? [];
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      sha: FULL,
      repositories: [CODE, "https://gitlab.com/acme/web"],
      artifacts: [{ digest: IMAGE, repository: REPOSITORY, evidence: "oidc" }],
      evidence: [{ type: "review", verdict: "approved" }],
    });
    expect(places(found?.ran)).toEqual([
      "04T12:00 deployed staging acme/web",
      "03T12:00 deployed production acme/web",
    ]);
  });

  it("did not run where an image ran that stronger evidence gives to another commit", async () => {
    const ledger = await given(
      built(FULL, day(2)),
      built(shaOf("b"), day(2), { evidence: "oidc" }),
      runs(day(3)),
    );
    expect(await names(ledger, FULL)).toEqual([`${FULL}: 0 1`]);
    expect(await names(ledger, shaOf("b"))).toEqual([`${shaOf("b")}: 1 1`]);
  });

  const short = FULL.slice(0, 8);
  const shortly = deployed("staging", "acme/web", "?", day(4), { commit: { sha: short } });
  it.each<[string, Statement[], string, string[] | undefined]>([
    ["is found by a short id", [built(FULL, day(2))], FULL.slice(0, 7), [`${FULL}: 0 1`]],
    ["takes in a deployment with a short id", [built(FULL, day(2)), shortly], FULL, [`${FULL}: 1 1`]],
    ["is told by a short id where no fact gives the whole", [shortly], FULL, [`${short}: 1 0`]],
    [
      "stands apart from a short id that another fits too",
      [built(FULL, day(2)), built(sibling, day(2)), shortly],
      FULL,
      [`${short}: 1 0`, `${FULL}: 0 1`],
    ],
    [
      "is one of several that a short id fits",
      [built(FULL, day(2)), built(sibling, day(2))],
      short,
      [`${sibling}: 0 1`, `${FULL}: 0 1`].sort(),
    ],
    ["is not another that starts alike", [built(sibling, day(2))], FULL, undefined],
    ["was never heard of", [], FULL, undefined],
  ])("%s", async (_, statements, sha, expected) => {
    expect(await names(await given(...statements), sha)).toEqual(expected);
  });
});

describe("a tag", () => {
  const ask = async (ledger: Given, at = day(20)) => {
    const answer = await tag(ledger.at(at), { repository: REPOSITORY, tag: "1.4" });
    return answer === undefined ? undefined : TagAnswer.parse(answer);
  };
  const push = (image: string, at: string) => pushed(at, { tag: "1.4", digest: digestOf(image) });
  const lost = (at: string) => deleted(at, { tag: "1.4", what: "tag" });

  it.each<[string, Statement[], string, string | null, string | null]>([
    [
      "points at what was pushed last by then",
      [push("a", day(2)), push("b", day(3)), push("c", day(25))],
      "set",
      "b",
      day(3),
    ],
    [
      "points there since it was first pushed so",
      [push("b", day(1)), push("a", day(2)), push("a", day(3))],
      "set",
      "a",
      day(2),
    ],
    ["is not known before its first fact", [push("a", day(25))], "unknown", null, null],
    ["is gone once it was deleted", [push("a", day(2)), lost(day(3))], "gone", null, day(3)],
    [
      "is gone with its manifest",
      [push("a", day(2)), deleted(day(3), { digest: digestOf("a") })],
      "gone",
      null,
      day(3),
    ],
    [
      "outlives a delete of its manifest before it was pushed",
      [deleted(day(1), { digest: digestOf("a") }), push("a", day(2))],
      "set",
      "a",
      day(2),
    ],
    [
      "outlives a delete of its manifest after that moment",
      [push("a", day(2)), deleted(day(25), { digest: digestOf("a") })],
      "set",
      "a",
      day(2),
    ],
    [
      "outlives a delete of its manifest elsewhere",
      [push("a", day(2)), deleted(day(3), { digest: digestOf("a"), repository: "mirror/web" })],
      "set",
      "a",
      day(2),
    ],
    [
      "points again at what was restored",
      [
        push("a", day(2)),
        lost(day(3)),
        said("artifact.restored", day(4), {
          repository: REPOSITORY,
          tag: "1.4",
          digest: digestOf("a"),
          what: "tag",
        }),
      ],
      "set",
      "a",
      day(4),
    ],
    [
      "points at what nobody knows where a restore does not say",
      [
        push("a", day(2)),
        said("artifact.restored", day(4), { repository: REPOSITORY, tag: "1.4", what: "tag" }),
      ],
      "unknown",
      null,
      day(4),
    ],
  ])("%s", async (_, statements, status, image, since) => {
    const answer = await ask(await given(...statements));
    const digest = image === null ? null : digestOf(image);
    expect({ status: answer?.status, digest: answer?.digest, since: answer?.since }).toEqual({
      status,
      digest,
      since,
    });
  });

  it("is told with its moves by then, newest first", async () => {
    const ledger = await given(push("a", day(2)), push("b", day(3)), lost(day(4)), push("c", day(25)));
    expect((await ask(ledger))?.history.map(({ at, what }) => `${at.slice(8, 10)} ${what}`)).toEqual([
      "04 deleted",
      "03 pushed",
      "02 pushed",
    ]);
  });

  it("is cut after its hundred newest moves", async () => {
    const moves = Array.from({ length: 101 }, (_, n) =>
      push(String(n), new Date(Date.parse(day(2)) + n).toISOString()),
    );
    const ledger = await given(...moves);
    expect(await ask(ledger)).toMatchObject({
      digest: digestOf("100"),
      more: true,
      history: { length: 100 },
    });
  });

  it("never heard of is none", async () => {
    expect(await ask(await given(pushed(day(2), { tag: "1.5" })))).toBeUndefined();
  });
});
