import { describe, expect, it } from "vitest";
import { artifact, tag } from "../../functions/queries/images/artifact.ts";
import { release } from "../../functions/queries/release/release.ts";
import { Artifact, Release, TagAnswer } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import { day, digestOf, given, said } from "./given.ts";

const IMAGE = digestOf("image");
const CHILD = digestOf("amd64");
const REPOSITORY = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/acme/web";
const PLACE = { environment: "production", service: "acme/web" };

const pushed = said("artifact.pushed", day(1), { digest: IMAGE, repository: REPOSITORY, tag: "1.4" });
const runs = said("deployment.succeeded", day(2), {
  ...PLACE,
  deployment: { provider: "ecs", instance: "here", id: "1" },
  components: [{ component: "main", repository: REPOSITORY, tag: "1.4" }],
});
const lost = (kind: "artifact.deleted" | "artifact.restored", at: string, more: object = {}): Statement =>
  said(kind, at, { repository: REPOSITORY, digest: IMAGE, what: "manifest", ...more });
const archived = lost("artifact.deleted", day(5), { archived: true, reason: "archived" });
const COMMAND = (digest: string) =>
  "aws ecr update-image-storage-class --region eu-central-1 --registry-id 111122223333 " +
  `--repository-name acme/web --image-id imageDigest=${digest} --target-storage-class STANDARD`;

async function answersOf(statements: readonly Statement[], at = day(20)) {
  const ledger = await given(...statements);
  const moment = ledger.at(at);
  return {
    release: Release.parse(await ledger.shown(await release(moment, PLACE))),
    artifact: Artifact.parse(await ledger.shown(await artifact(moment, { digest: IMAGE }))),
    tag: TagAnswer.parse(await ledger.shown(await tag(moment, { repository: REPOSITORY, tag: "1.4" }))),
  };
}

describe("an archived image", () => {
  it("is not deleted: every answer says so, with the command that restores this very image", async () => {
    const { release, artifact, tag } = await answersOf([pushed, runs, archived]);
    const held = { repository: REPOSITORY, availability: "archived", restore: [COMMAND(IMAGE)] };
    expect(release.components).toMatchObject([
      { digest: IMAGE, availability: "archived", tags: ["1.4"], heldBy: [held] },
    ]);
    expect(release.components[0]).not.toHaveProperty("rebuild");
    expect(artifact.heldBy).toMatchObject([{ ...held, tags: ["1.4"] }]);
    expect(tag).toMatchObject({ status: "set", digest: IMAGE, archived: true, since: day(1) });
  });

  it("keeps a tag that the report of the archiving names", async () => {
    const reported = lost("artifact.deleted", day(5), { archived: true, tag: "1.4" });
    const { release, artifact, tag } = await answersOf([pushed, runs, reported]);
    expect(release.components).toMatchObject([{ digest: IMAGE, availability: "archived" }]);
    expect(artifact.heldBy).toMatchObject([{ tags: ["1.4"] }]);
    expect(tag).toMatchObject({ status: "set", digest: IMAGE, archived: true, since: day(1) });
  });

  it("is available again once it is restored, and so are its tags", async () => {
    const { release, artifact, tag } = await answersOf([
      pushed,
      runs,
      archived,
      lost("artifact.restored", day(6)),
    ]);
    expect(release.components).toMatchObject([{ availability: "available" }]);
    expect(artifact.heldBy).toMatchObject([{ availability: "available", tags: ["1.4"] }]);
    expect(artifact.heldBy[0]).not.toHaveProperty("restore");
    expect(tag).toMatchObject({ status: "set", digest: IMAGE, since: day(1) });
    expect(tag).not.toHaveProperty("archived");
  });

  it("is deleted where it is deleted after that", async () => {
    const { artifact, tag } = await answersOf([pushed, runs, archived, lost("artifact.deleted", day(6))]);
    expect(artifact.heldBy).toMatchObject([{ availability: "deleted" }]);
    expect(tag).toMatchObject({ status: "gone", digest: null, since: day(6) });
  });

  it("is one of whose manifests one is archived, which is then the one to restore", async () => {
    const { artifact } = await answersOf([
      pushed,
      runs,
      said("artifact.pushed", day(1), { digest: CHILD, repository: REPOSITORY }),
      said("artifact.indexed", day(1), { digest: IMAGE, manifests: [{ digest: CHILD }] }),
      lost("artifact.deleted", day(5), { digest: CHILD, archived: true }),
    ]);
    expect(artifact.heldBy).toMatchObject([{ availability: "archived", restore: [COMMAND(CHILD)] }]);
  });

  it("has no command where its registry's is not known", async () => {
    const elsewhere = { repository: "registry.example/acme/web" };
    const { artifact } = await answersOf([
      said("artifact.pushed", day(1), { digest: IMAGE, ...elsewhere }),
      lost("artifact.deleted", day(5), { ...elsewhere, archived: true }),
      pushed,
      runs,
    ]);
    expect(artifact.heldBy).toMatchObject([{ availability: "available" }, { availability: "archived" }]);
    expect(artifact.heldBy[1]).not.toHaveProperty("restore");
  });
});

describe("a tag whose manifest was deleted and restored", () => {
  it.each([
    ["without the tag", {}],
    ["with the tag", { tag: "1.4" }],
  ])("stands again: the delete came %s", async (_, more) => {
    const facts = [pushed, runs, lost("artifact.deleted", day(5), more)];
    expect((await answersOf(facts)).tag).toMatchObject({ status: "gone", since: day(5) });
    const { tag } = await answersOf([...facts, lost("artifact.restored", day(6))]);
    expect(tag).toMatchObject({ status: "set", digest: IMAGE, since: day(6) });
  });

  it("does not stand again where the tag alone was deleted", async () => {
    const untagged = said("artifact.deleted", day(4), { repository: REPOSITORY, tag: "1.4", what: "tag" });
    const facts = [
      pushed,
      runs,
      untagged,
      lost("artifact.deleted", day(5)),
      lost("artifact.restored", day(6)),
    ];
    expect((await answersOf(facts)).tag).toMatchObject({ status: "gone", since: day(4) });
  });
});

describe("an image that a registry copied", () => {
  const SOURCE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/acme/web";

  it.each(["replication", "cache"])(
    "by %s is there, says where from, and was not pushed there",
    async (by) => {
      const copied = { by, from: SOURCE };
      const arrived = said("artifact.pushed", day(1), {
        digest: IMAGE,
        repository: REPOSITORY,
        tag: "1.4",
        copied,
      });
      const { release, artifact } = await answersOf([arrived, runs]);
      const held = { availability: "available", copied: { ...copied, at: day(1) } };
      expect(artifact.heldBy).toMatchObject([{ ...held, pushedAt: null, tags: ["1.4"] }]);
      expect(release.components).toMatchObject([
        { digest: IMAGE, availability: "available", pushedAt: null, heldBy: [held] },
      ]);
    },
  );

  it("and that was pushed there, too, has the time of the push", async () => {
    const copy = said("artifact.pushed", day(1), {
      digest: IMAGE,
      repository: REPOSITORY,
      copied: { by: "replication" },
    });
    const later = said("artifact.pushed", day(2), { digest: IMAGE, repository: REPOSITORY, tag: "1.4" });
    const { artifact } = await answersOf([copy, later, runs]);
    expect(artifact.heldBy).toMatchObject([{ pushedAt: day(2), copied: { at: day(1) } }]);
  });
});
