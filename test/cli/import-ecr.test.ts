/**
 * `asof import ecr`, against a server of the API of Amazon ECR: its pages, its limits, and its answers by AWS's own
 * description of them.
 */
import * as sdk from "@aws-sdk/client-ecr";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { Artifact, TagAnswer } from "../../schemas/answer.ts";
import { AwsError, type JsonService, jsonService, pageOf, signedIn } from "../aws/json-service.ts";
import { digestOf } from "../ledger/given.ts";
import { asof, cleanUp, ledgerServer } from "./harness.ts";

const services: JsonService[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of services.splice(0)) await one.stop();
  await cleanUp();
});

const HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const SHA = "a".repeat(40);

const image = (name: string, day: string, more: object = {}) => ({
  registryId: "123456789012",
  repositoryName: "team/app",
  imageDigest: digestOf(name),
  imageSizeInBytes: 4_242,
  imagePushedAt: new Date(`2026-09-${day}T10:00:00Z`),
  imageManifestMediaType: MANIFEST,
  artifactMediaType: "application/vnd.oci.image.config.v1+json",
  imageStatus: "ACTIVE",
  lastRecordedPullTime: new Date("2026-10-01T10:00:00Z"),
  ...more,
});
const IMAGES = [
  image("one", "10", { imageTags: ["1.0"] }),
  image("amd64", "12"),
  image("multi", "12", { imageTags: ["1.1", "latest"], imageManifestMediaType: INDEX }),
  image("chart", "13", {
    imageTags: ["0.1.0"],
    artifactMediaType: "application/vnd.cncf.helm.config.v1+json",
  }),
  image("signature", "13", { subjectManifestDigest: digestOf("one") }),
];
const MANIFESTS: Readonly<Record<string, object>> = {
  [digestOf("one")]: {
    schemaVersion: 2,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("config"), size: 2 },
    layers: [],
    annotations: {
      "org.opencontainers.image.revision": SHA,
      "org.opencontainers.image.source": "https://github.com/acme/app",
    },
  },
  [digestOf("amd64")]: { schemaVersion: 2, config: {}, layers: [] },
  [digestOf("multi")]: {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: MANIFEST,
        digest: digestOf("amd64"),
        size: 1,
        platform: { os: "linux", architecture: "amd64" },
      },
      {
        mediaType: MANIFEST,
        digest: digestOf("attestation"),
        size: 1,
        platform: { os: "unknown", architecture: "unknown" },
        annotations: { "vnd.docker.reference.type": "attestation-manifest" },
      },
    ],
  },
};

const Ids = z.array(z.object({ imageDigest: z.string() })).max(100);

async function ecr(...early: AwsError[]) {
  const service = await jsonService(
    sdk,
    {
      DescribeRepositories: ({ repositoryNames: wanted, maxResults, nextToken }) => {
        if (wanted !== undefined && maxResults !== undefined) throw new AwsError("InvalidParameterException");
        const names = z.array(z.string()).default(["empty", "team/app"]).parse(wanted);
        if (names.includes("none")) throw new AwsError("RepositoryNotFoundException");
        const { items, nextToken: next } = pageOf(names, nextToken, 1);
        return {
          repositories: items.map((name) => ({ repositoryName: name, repositoryUri: `${HOST}/${name}` })),
          nextToken: next,
        };
      },
      DescribeImages: ({ repositoryName, nextToken }) => {
        const { items, nextToken: next } = pageOf(repositoryName === "empty" ? [] : IMAGES, nextToken, 2);
        return { imageDetails: items, nextToken: next };
      },
      BatchGetImage: ({ imageIds }) => ({
        images: Ids.parse(imageIds).map((imageId) => ({
          imageId,
          imageManifest: JSON.stringify(MANIFESTS[imageId.imageDigest]),
          imageManifestMediaType: imageId.imageDigest === digestOf("multi") ? INDEX : MANIFEST,
        })),
        failures: [],
      }),
    },
    early,
  );
  services.push(service);
  for (const [name, value] of Object.entries(signedIn(service.url))) vi.stubEnv(name, value);
  return service;
}

const ARGS = ["import", "ecr"];
const REPOSITORY = `${HOST}/team/app`;

describe("an import of ECR", { timeout: 60_000 }, () => {
  it("records images with their tags and times, platforms and commits, and nothing that is no image", async () => {
    const [ledger, api] = [await ledgerServer(), await ecr()];
    const env = { ASOF_URL: ledger.url };
    const { out, err, code } = await asof(ARGS, env);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [counted, unknown] = out.split("\n");
    expect(counted).toBe("6 statements: 6 recorded");
    expect(unknown).toContain("the commit of an image without annotations that name it");
    expect(unknown).toContain("(2 times)");
    expect(unknown).toContain("what tags pointed at before");
    expect(api.calls.filter(({ operation }) => operation === "DescribeImages")).toHaveLength(4);
    expect((await asof(ARGS, env)).out).toContain("0 recorded, 6 duplicate");

    const client = ledger.doors.client();
    const tag = (name: string) => client.get("/v1/tag", { repository: REPOSITORY, tag: name });
    expect(TagAnswer.parse((await tag("latest")).json)).toMatchObject({ digest: digestOf("multi") });
    const found = Artifact.parse((await client.get("/v1/artifact", { digest: digestOf("one") })).json);
    expect(found).toMatchObject({ commit: { repository: "https://github.com/acme/app", sha: SHA } });
  });

  it("gives way to the event of the same push, whose time differs", async () => {
    const ledger = await ledgerServer();
    await ecr();
    const pushed = {
      version: "0",
      id: "13cde686-328b-6117-af20-0e5566167482",
      "detail-type": "ECR Image Action",
      source: "aws.ecr",
      account: "123456789012",
      time: "2026-09-10T10:00:01Z",
      region: "eu-central-1",
      resources: [],
      detail: {
        result: "SUCCESS",
        "repository-name": "team/app",
        "image-digest": digestOf("one"),
        "action-type": "PUSH",
        "image-tag": "1.0",
      },
    };
    expect((await ledger.doors.client("writer").post("/v1/webhooks/aws", pushed)).status).toBe(202);
    await asof([...ARGS, "team/app"], { ASOF_URL: ledger.url });
    const { json } = await ledger.doors.client().get("/v1/tag", { repository: REPOSITORY, tag: "1.0" });
    expect(TagAnswer.parse(json).history).toMatchObject([
      { fact: { source: "/webhooks/aws/ecr/123456789012/eu-central-1" } },
    ]);
    expect(TagAnswer.parse(json).history).toHaveLength(1);
  });

  it("repeats what is throttled, and shows what it would record", async () => {
    await ecr(new AwsError("ThrottlingException"));
    const { out } = await asof([...ARGS, "team/app", "--dry-run"]);
    expect(out).toContain("would send 6 statements: 6 to record");
    expect(out).toContain(`${REPOSITORY}  artifact.pushed: 4, 2026-09-10 to 2026-09-12`);
  });

  it("names a repository that ECR does not have", async () => {
    await ecr();
    expect(await asof([...ARGS, "none", "--dry-run"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("ECR answered RepositoryNotFoundException"),
    });
  });
});
