import { cases } from "./cases.ts";
import { component, image, indexed, main, pushed, REPOSITORY, succeeded, time } from "./saying.ts";

const INDEX = image("index");
const OTHER_INDEX = image("other index");
const AMD64 = image("amd64");
const ARM64 = image("arm64");
const CONFIG = image("config of amd64");
const ATTESTATION = image("attestation of amd64");

const amd64 = { digest: AMD64, platform: "linux/amd64", configDigest: CONFIG };
const arm64 = { digest: ARM64, platform: "linux/arm64" };
const attestation = { digest: ATTESTATION, platform: "unknown/unknown" };

const runs = (digest: string) => succeeded("08:11", [main({ digest, repository: REPOSITORY })]);

/** An index that a push places in the repository. */
const held = (index: string, ...manifests: readonly (string | object)[]) => [
  pushed("19 10:00", index),
  indexed(index, ...manifests),
];

cases("of the digests of one image", [
  {
    rule: "an index that was deployed is the digest to pull",
    given: [...held(INDEX, amd64, arm64), runs(INDEX)],
    answers: {
      status: "running",
      components: [
        { digest: INDEX, reported: undefined, resolvedBy: "digest", image: `${REPOSITORY}@${INDEX}` },
      ],
    },
  },
  {
    rule: "a platform's manifest is answered with its index, and stays named as what was reported",
    given: [...held(INDEX, amd64, arm64), runs(AMD64)],
    answers: {
      components: [{ digest: INDEX, reported: AMD64, resolvedBy: "digest", image: `${REPOSITORY}@${INDEX}` }],
    },
  },
  {
    rule: "a config digest is answered with the index of its manifest",
    given: [...held(INDEX, amd64, arm64), runs(CONFIG)],
    answers: { components: [{ digest: INDEX, reported: CONFIG, image: `${REPOSITORY}@${INDEX}` }] },
  },
  {
    rule: "a digest that no index holds is itself what to pull",
    given: [...held(INDEX, amd64), runs(ARM64)],
    answers: { components: [{ digest: ARM64, reported: undefined, image: `${REPOSITORY}@${ARM64}` }] },
  },
  {
    rule: "an index of a single platform is still what to pull",
    given: [...held(INDEX, amd64), runs(AMD64)],
    answers: { components: [{ digest: INDEX, reported: AMD64 }] },
  },
  {
    rule: "an index that two sources tell of is one index",
    given: [...held(INDEX, amd64, arm64), ...held(INDEX, AMD64, ARM64), runs(AMD64)],
    answers: { components: [{ digest: INDEX, reported: AMD64 }] },
  },
  {
    rule: "an index that two sources list differently holds what either says",
    given: [...held(INDEX, amd64), ...held(INDEX, arm64), runs(ARM64)],
    answers: { components: [{ digest: INDEX, reported: ARM64 }] },
  },
  {
    rule: "an index is known before it is told, for relations have no time",
    given: [
      runs(AMD64),
      pushed("19 10:00", INDEX),
      { ...indexed(INDEX, amd64), occurredAt: "2026-10-25T00:00:00.000Z" },
    ],
    at: "09:00",
    answers: { components: [{ digest: INDEX, reported: AMD64 }] },
  },
  {
    rule: "components of several images are each related by themselves",
    given: [
      ...held(INDEX, amd64),
      ...held(OTHER_INDEX, arm64),
      succeeded("08:11", [main({ digest: AMD64 }), component("worker", { digest: ARM64 })]),
    ],
    answers: {
      components: [
        { component: "main", digest: INDEX, reported: AMD64 },
        { component: "worker", digest: OTHER_INDEX, reported: ARM64 },
      ],
    },
  },
  {
    rule: "the repository is that of the index, where only the index was pushed",
    given: [pushed("19 10:00", INDEX), indexed(INDEX, amd64), succeeded("08:11", [main({ digest: AMD64 })])],
    answers: {
      components: [{ digest: INDEX, repository: REPOSITORY, image: `${REPOSITORY}@${INDEX}` }],
    },
  },
]);

cases("of a digest that several indexes hold", [
  {
    rule: "a manifest is itself what to pull",
    given: [...held(INDEX, amd64, arm64), ...held(OTHER_INDEX, amd64), runs(AMD64)],
    answers: { components: [{ digest: AMD64, reported: undefined, image: `${REPOSITORY}@${AMD64}` }] },
  },
  {
    rule: "an index among others is itself what to pull",
    given: [...held(INDEX, amd64), ...held(OTHER_INDEX, INDEX, amd64), runs(INDEX)],
    answers: { components: [{ digest: INDEX, reported: undefined }] },
  },
  {
    rule: "a config of one manifest is answered with that manifest",
    given: [...held(INDEX, amd64, arm64), ...held(OTHER_INDEX, amd64), runs(CONFIG)],
    answers: { components: [{ digest: AMD64, reported: CONFIG, image: `${REPOSITORY}@${AMD64}` }] },
  },
  {
    rule: "a config of several manifests of one index is answered with the index",
    given: [...held(INDEX, amd64, { ...arm64, configDigest: CONFIG }), runs(CONFIG)],
    answers: { components: [{ digest: INDEX, reported: CONFIG }] },
  },
  {
    rule: "a config of several manifests in several indexes is no digest to pull, and that is said",
    given: [...held(INDEX, amd64), ...held(OTHER_INDEX, { ...arm64, configDigest: CONFIG }), runs(CONFIG)],
    answers: {
      status: "running",
      components: [
        { digest: null, reported: CONFIG, resolvedBy: "digest", image: null, repository: REPOSITORY },
      ],
      warnings: ["image_not_pullable"],
    },
  },
]);

cases("of an index with attestations", [
  {
    rule: "the platform's manifest is answered with the index",
    given: [...held(INDEX, amd64, attestation), runs(AMD64)],
    answers: { components: [{ digest: INDEX, reported: AMD64 }] },
  },
  {
    rule: "the config is answered with the index, for attestations have none of it",
    given: [...held(INDEX, amd64, attestation), runs(CONFIG)],
    answers: { components: [{ digest: INDEX, reported: CONFIG }] },
  },
  {
    rule: "rebuilt with another attestation it is another index, and the manifest is what both share",
    given: [
      ...held(INDEX, amd64, attestation),
      ...held(OTHER_INDEX, amd64, { ...attestation, digest: image("another attestation") }),
      runs(AMD64),
    ],
    answers: { components: [{ digest: AMD64, reported: undefined }] },
  },
]);

/** What the ledger itself read in a registry. */
const read = (index: string, at: string, ...manifests: readonly object[]) => ({
  ...indexed(index, ...manifests),
  source: "/asof/registry/ghcr.io",
  occurredAt: time(at),
  repository: REPOSITORY,
});

/** What an endpoint of a vendor reported of the index. */
const told = (source: string, ...manifests: readonly object[]) => ({
  ...indexed(INDEX, ...manifests),
  source,
});

cases("of an index that may stand in for what it lists", [
  {
    rule: "one that nothing places in a repository does not",
    given: [indexed(INDEX, amd64), runs(AMD64)],
    answers: { components: [{ digest: AMD64, reported: undefined }] },
  },
  {
    rule: "nor one in another repository",
    given: [
      indexed(INDEX, amd64),
      pushed("19 10:00", INDEX, { repository: "ghcr.io/acme/other" }),
      runs(AMD64),
    ],
    answers: { components: [{ digest: AMD64, reported: undefined }] },
  },
  {
    rule: "nor one that came later",
    given: [indexed(INDEX, amd64), pushed("20 10:00", INDEX), runs(AMD64)],
    at: "09:00",
    answers: { components: [{ digest: AMD64, reported: undefined }] },
  },
  {
    rule: "one that the ledger read there does, since then",
    given: [read(INDEX, "20 08:00", amd64), runs(AMD64)],
    answers: { components: [{ digest: INDEX, reported: AMD64 }] },
  },
  {
    rule: "one that the ledger read there later does not yet",
    given: [read(INDEX, "20 10:00", amd64), runs(AMD64)],
    at: "09:00",
    answers: { components: [{ digest: AMD64, reported: undefined }] },
  },
  {
    rule: "one whose bytes do not list it does not, whatever is declared, and is not related",
    given: [read(INDEX, "19 10:00", arm64), ...held(INDEX, amd64), runs(AMD64)],
    answers: { components: [{ digest: AMD64, reported: undefined }], warnings: [] },
  },
  {
    rule: "one whose bytes list it does, beside a declaration of another",
    given: [
      read(INDEX, "19 10:00", amd64),
      ...held(INDEX, arm64),
      ...held(OTHER_INDEX, attestation),
      runs(AMD64),
    ],
    answers: { components: [{ digest: INDEX, reported: AMD64 }] },
  },
  {
    rule: "one that its registry reported with other manifests does not, whatever is declared",
    given: [told("/webhooks/harbor/ghcr.io", arm64), ...held(INDEX, amd64), runs(AMD64)],
    answers: { components: [{ digest: AMD64, reported: undefined }], warnings: [] },
  },
  {
    rule: "one that its registry reported so does, and the ledger's own reading counts more",
    given: [
      told("/webhooks/harbor/ghcr.io", arm64),
      read(INDEX, "19 10:00", amd64),
      ...held(INDEX, attestation),
      runs(AMD64),
    ],
    answers: { components: [{ digest: INDEX, reported: AMD64 }] },
  },
  {
    rule: "a CDEvent is a declaration like any other",
    given: [told("/webhooks/cdevents/ghcr.io", arm64), ...held(INDEX, amd64), runs(AMD64)],
    answers: { components: [{ digest: INDEX, reported: AMD64 }] },
  },
]);
