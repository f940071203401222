import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import type { Answer } from "./client.ts";
import { cleanUp, givenDoors, problemOf } from "./http/given.ts";

afterAll(cleanUp);

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, "attestations", `${name}.json`), "utf8"));

const Bundle = z.looseObject({
  dsseEnvelope: z.looseObject({
    payload: z.string(),
    signatures: z.array(z.looseObject({ sig: z.string() })),
  }),
});
const bundle = Bundle.parse(read("bundle.custom-issuer"));
const npm = Bundle.parse(read("bundle.sigstore-js-2.1.0"));

/** The roots of Sigstore's public instance, as its client (@sigstore/tuf 4.0.2) carries them. */
const ROOT = JSON.stringify(read("trusted_root.sigstore-tuf-4.0.2"));

const SIGSTORE_JS = "https://github.com/sigstore/sigstore-js";
const GITHUB = "https://token.actions.githubusercontent.com";
const DIGEST = "sha256:afa27b44d43b02a9fea41d13cedc2e4016cfcf87c5dbf990e593669aa8ce286d";
const NPM =
  "sha512:90f223f992e4c88dd068cd2a5fc57f9d2b30798343dd6e38f29c240e04ba090ef831f84490847c4e82b9232c78e8a258463b1e55c0f7469f730265008fa6633f";

const trusting = (repository: string, issuer = GITHUB) => ({
  trust: { roots: [ROOT], signers: [{ issuer, repository }] },
});
const Told = z.looseObject({
  outcomes: z.array(z.looseObject({ outcome: z.string(), reason: z.string().optional() })),
});
const outcomesOf = ({ json }: Answer) => Told.parse(json).outcomes;
type Doors = ReturnType<typeof givenDoors>;
const post = (doors: Doors, value: unknown) =>
  doors.client("writer").send("/v1/attestations", { method: "POST", body: JSON.stringify(value) });
const commitOf = async (doors: Doors, digest: string): Promise<unknown> =>
  z
    .looseObject({ commit: z.unknown() })
    .parse((await doors.client().get(`/v1/artifact?digest=${digest}`)).json).commit;

describe("an attestation whose signer is trusted", () => {
  it("is verified, and the strongest evidence of a commit that there is", async () => {
    const doors = givenDoors(trusting("https://github.com/sigstore/*"));
    const answer = await post(doors, npm);
    expect(answer.status).toBe(201);
    expect(outcomesOf(answer)).toMatchObject([{ outcome: "recorded", source: "/asof/attestations" }]);
    expect(outcomesOf(answer)[0]).not.toHaveProperty("reason");
    expect(await commitOf(doors, NPM)).toEqual({
      repository: SIGSTORE_JS,
      sha: "26d16513386ffaa790b1c32f927544f1322e4194",
      ref: "refs/heads/main",
      evidence: "slsa",
      verified: true,
    });
  });

  it("is a duplicate when it is sent again", async () => {
    const doors = givenDoors(trusting("*"));
    await post(doors, npm);
    expect((await post(doors, npm)).status).toBe(200);
  });
});

/** The bundle with another payload, byte for byte as long, under the old signature. */
const forged = (from: z.infer<typeof Bundle>, change: (text: string) => string) => ({
  ...from,
  dsseEnvelope: {
    ...from.dsseEnvelope,
    payload: Buffer.from(change(Buffer.from(from.dsseEnvelope.payload, "base64").toString())).toString(
      "base64",
    ),
  },
});
const EVIL = NPM.replace("90f2", "dead");

describe("an attestation that nobody trusted vouches for", () => {
  it.each([
    ["without a trusted root", {}, npm, NPM, /ASOF_TRUST_ROOTS/],
    [
      "of a repository that is not trusted",
      trusting("https://github.com/acme/*"),
      npm,
      NPM,
      /not a trusted signer/,
    ],
    [
      "of an issuer that is not trusted",
      trusting("*", "https://issuer.example"),
      npm,
      NPM,
      /not a trusted signer/,
    ],
    [
      "with another digest than was signed",
      trusting("*"),
      forged(npm, (text) => text.replace("90f2", "dead")),
      EVIL,
      /not verified: \S/,
    ],
    [
      "in an envelope alone",
      trusting("*"),
      { ...npm.dsseEnvelope, payloadType: "application/vnd.in-toto+json" },
      NPM,
      /without a signature/,
    ],
    ["as a statement alone", trusting("*"), read("statement.sigstore-js-2.1.0"), NPM, /without a signature/],
  ])("%s is recorded as not verified, with the reason", async (_, trust, value, digest, reason) => {
    const doors = givenDoors(trust);
    const answer = await post(doors, value);
    expect(answer.status).toBe(201);
    expect(outcomesOf(answer)).toMatchObject([
      { outcome: "recorded", reason: expect.stringMatching(reason) },
    ]);
    expect(await commitOf(doors, digest)).toMatchObject({ evidence: "slsa", verified: false });
  });

  it("counts no more than what a pipeline declares, until it is verified", async () => {
    const doors = givenDoors();
    const statement = z
      .looseObject({ subject: z.array(z.looseObject({})) })
      .parse(read("statement.sigstore-js-2.1.0"));
    await post(doors, statement);
    const declared = {
      specversion: "1.0",
      type: "dev.asof.artifact.built.v1",
      source: "/ci/acme",
      id: "1",
      time: "2026-10-20T08:00:00Z",
      data: { digest: NPM, commit: { repository: "https://github.com/acme/billing", sha: "a".repeat(40) } },
    };
    await doors.client("writer").send("/v1/events", {
      method: "POST",
      headers: { "content-type": "application/cloudevents+json" },
      body: JSON.stringify(declared),
    });
    expect(await commitOf(doors, NPM)).toBeNull();
    const trusted = givenDoors({ ...trusting(SIGSTORE_JS), store: doors.ledger.store });
    expect((await post(trusted, npm)).status).toBe(201);
    expect(await commitOf(trusted, NPM)).toMatchObject({ repository: SIGSTORE_JS, verified: true });
  });
});

describe("an attestation of an organisation's own issuer", () => {
  it("is trusted by that issuer's name alone", async () => {
    const own = givenDoors(trusting("https://github.com/too-legit/attest", `${GITHUB}/hammer-time`));
    await post(own, bundle);
    expect(await commitOf(own, DIGEST)).toMatchObject({ verified: true });
    const other = givenDoors(trusting("https://github.com/too-legit/attest"));
    await post(other, bundle);
    expect(await commitOf(other, DIGEST)).toMatchObject({ verified: false });
  });
});

/** A statement about one image, its predicate as given. */
const statement = (predicateType: string, predicate: object, subject: object[] = [image]) => ({
  _type: "https://in-toto.io/Statement/v0.1",
  subject,
  predicateType,
  predicate,
});
const image = { name: "ghcr.io/acme/billing", digest: { sha256: "1".repeat(64) } };
const SHA = "4be1f0a7d2c3951e6b8840f7a9d5c2e13b6a7f90";
const V02 = "https://slsa.dev/provenance/v0.2";
const V1 = "https://slsa.dev/provenance/v1";
const source = { uri: "git+https://github.com/acme/billing@refs/heads/main", digest: { sha1: SHA } };

describe("provenance", () => {
  it.each([
    ["v0.2 of GitHub's generator", statement(V02, { invocation: { configSource: source } })],
    [
      "v0.2 of BuildKit",
      statement(V02, {
        invocation: {
          configSource: { uri: "https://github.com/acme/billing.git#refs/heads/main", digest: { sha1: SHA } },
        },
        materials: [{ uri: "pkg:docker/node@22?platform=linux%2Famd64", digest: { sha256: "2".repeat(64) } }],
      }),
    ],
    ["v0.2 with materials alone", statement(V02, { materials: [source] })],
    [
      "v1 that resolved another repository too",
      statement(V1, {
        buildDefinition: {
          externalParameters: { workflow: { repository: "https://github.com/acme/billing" } },
          resolvedDependencies: [
            {
              uri: "git+https://github.com/acme/tools@refs/heads/main",
              digest: { gitCommit: "b".repeat(40) },
            },
            { uri: source.uri, digest: { gitCommit: SHA } },
          ],
        },
      }),
    ],
  ])("%s names the commit, and where the image lies", async (_, value) => {
    const doors = givenDoors();
    expect((await post(doors, value)).status).toBe(201);
    expect(await commitOf(doors, `sha256:${"1".repeat(64)}`)).toMatchObject({
      repository: "https://github.com/acme/billing",
      sha: SHA,
      ref: "refs/heads/main",
    });
    const { json } = await doors.client().get(`/v1/commit?sha=${SHA}`);
    expect(JSON.stringify(json)).toContain("ghcr.io/acme/billing");
  });

  it.each([
    ["pkg:docker/ghcr.io/acme/billing@1.4.2?platform=linux%2Famd64", "ghcr.io/acme/billing"],
    ["pkg:oci/billing?repository_url=Not%20a%20host%2Fbilling", undefined],
    ["pkg:npm/billing@1.4.2", undefined],
  ])("of a subject named %s is recorded, with its repository where that is one", async (name, repository) => {
    const doors = givenDoors();
    const subject = { ...image, name };
    expect((await post(doors, statement(V02, { materials: [source] }, [subject]))).status).toBe(201);
    doors.setNow("2026-11-22T10:00:00.000Z");
    const { text } = await doors.client().get("/v1/export?from=2026-11-22");
    const fact = z
      .looseObject({ repository: z.string().optional() })
      .parse(JSON.parse(text.split("\n")[0] ?? ""));
    expect(fact.repository).toBe(repository);
  });

  it("of several subjects is a fact for each, answered in order", async () => {
    const others = [
      image,
      { name: "pkg:npm/a@1", digest: { sha512: "3".repeat(128) } },
      { digest: { sha1: "x" } },
    ];
    const answer = await post(givenDoors(), statement(V02, { materials: [source] }, others));
    expect(answer.status).toBe(200);
    expect(outcomesOf(answer).map(({ outcome }) => outcome)).toEqual(["recorded", "recorded", "rejected"]);
  });

  it.each([
    ["no commit", statement(V1, { buildDefinition: {} }), 422],
    ["a short commit", statement(V02, { materials: [{ ...source, digest: { sha1: "4be1f0a" } }] }), 422],
    [
      "two commits, with nothing to choose by",
      statement(V02, { materials: [source, { ...source, digest: { sha1: "c".repeat(40) } }] }),
      422,
    ],
    ["no digest", statement(V02, { materials: [source] }, [{ name: "a", digest: { md5: "x" } }]), 422],
    ["no subject", statement(V02, { materials: [source] }, []), 422],
    ["another predicate", statement("https://spdx.dev/Document", {}), 202],
  ])("with %s gives no fact", async (_, value, status) => {
    const doors = givenDoors();
    expect((await post(doors, value)).status).toBe(status);
    expect(doors.quarantine()).toHaveLength(status === 422 ? 1 : 0);
  });

  it.each([
    ["a text", "attestation"],
    ["an envelope of another payload", { payloadType: "text/plain", payload: "e30=" }],
    ["an envelope that holds no JSON", { payloadType: "application/vnd.in-toto+json", payload: "e30" }],
    ["a bundle of a signature alone", { mediaType: "x", dsseEnvelope: null }],
  ])("that is %s is malformed, and kept aside", async (_, value) => {
    const doors = givenDoors();
    expect(problemOf(await post(doors, value)).status).toBe(400);
    expect(doors.quarantine()).toMatchObject([{ why: "malformed", door: "attestations" }]);
  });

  it("is taken from writers alone", async () => {
    const doors = givenDoors();
    for (const [client, status] of [
      [doors.stranger(), 401],
      [doors.client("reader"), 403],
    ] as const) {
      const answer = await client.send("/v1/attestations", { method: "POST", body: JSON.stringify(npm) });
      expect(problemOf(answer).status).toBe(status);
    }
  });
});
