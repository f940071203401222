/** `asof import oci`: what a registry holds, and what the ledger then answers. */
import { afterEach, describe, expect, it } from "vitest";
import { Artifact, Release, TagAnswer } from "../../schemas/answer.ts";
import { eventOf } from "../../schemas/event.ts";
import { Statement } from "../../schemas/fact.ts";
import { type Reply, type Seen, serving, sha256, cleanUp as stopRegistries } from "../registry/server.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer } from "./harness.ts";

afterEach(async () => {
  await stopRegistries();
  await cleanUp();
});

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const SHA = "a".repeat(40);

interface Blob {
  readonly type: string;
  readonly body: string;
}
const descriptor = ({ type, body }: Blob, more: object = {}) => ({
  mediaType: type,
  digest: sha256(body),
  size: body.length,
  ...more,
});

/** An image with its configuration. */
function image(created: string | undefined, labels: object = {}, architecture = "amd64"): [Blob, Blob] {
  const config = {
    type: CONFIG,
    body: JSON.stringify({ os: "linux", architecture, created, config: { Labels: labels } }),
  };
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: descriptor(config),
    layers: [],
  });
  return [{ type: MANIFEST, body }, config];
}

const LABELS = {
  "org.opencontainers.image.revision": SHA,
  "org.opencontainers.image.source": "https://github.com/acme/app",
};
const ONE = image("2026-01-05T08:30:00.123456789Z", LABELS);
const FIXED = image("1970-01-01T00:00:00Z");
const ARM = image("2026-01-06T09:00:00Z", LABELS, "arm64");
const MULTI: Blob = {
  type: INDEX,
  body: JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [
      descriptor(ONE[0], { platform: { os: "linux", architecture: "amd64" } }),
      descriptor(ARM[0], { platform: { os: "linux", architecture: "arm64" } }),
    ],
  }),
};
const TAGS: Readonly<Record<string, Blob>> = { "1.0": ONE[0], "1.1": MULTI, fixed: FIXED[0] };
const ALL = [...ONE, ...FIXED, ...ARM, MULTI];

/** A registry that gives two tags a page. */
function reply({ path }: Seen): Reply {
  const list = /^\/v2\/acme\/app\/tags\/list\?n=\d+(?:&last=(.+))?$/.exec(path);
  if (list !== null) {
    const names = Object.keys(TAGS).sort();
    const start = list[1] === undefined ? 0 : names.indexOf(list[1]) + 1;
    const headers: Record<string, string> =
      start + 2 < names.length
        ? { link: `</v2/acme/app/tags/list?n=2&last=${names[start + 1]}>; rel="next"` }
        : {};
    return { headers, body: JSON.stringify({ name: "acme/app", tags: names.slice(start, start + 2) }) };
  }
  const reference = /^\/v2\/acme\/app\/(?:manifests|blobs)\/(.+)$/.exec(path)?.[1] ?? "";
  const found = TAGS[reference] ?? ALL.find(({ body }) => sha256(body) === reference);
  if (found === undefined) return { status: 404, body: "{}" };
  return {
    headers: { "content-type": found.type, "docker-content-digest": sha256(found.body) },
    body: found.body,
  };
}

const say = ({ doors }: LedgerServer, statement: Statement): Promise<unknown> =>
  doors.client("writer").say(eventOf(statement));

describe("an import of a registry", () => {
  it("records tags, platforms and commits, by the times that images name", async () => {
    const ledger = await ledgerServer();
    const { host } = await serving(reply);
    const args = ["import", "oci", `${host}/acme/app`];
    const { out, code, err } = await asof(args, { ASOF_URL: ledger.url });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n")).toEqual([
      "5 statements: 5 recorded",
      expect.stringMatching(
        /^could not be known: when an image was pushed that does not say when it was made \(.*:fixed\); the commit of an image without labels that name it \(.*\); when each tag was pushed, and what it pointed at before$/,
      ),
    ]);
    expect((await asof(args, { ASOF_URL: ledger.url })).out).toContain("0 recorded, 5 duplicate");
    const client = ledger.doors.client();
    const about = { digest: sha256(MULTI.body) };
    expect(Artifact.parse((await client.get("/v1/artifact", about)).json)).toMatchObject({
      commit: { sha: SHA, repository: "https://github.com/acme/app", evidence: "declared" },
      related: expect.arrayContaining([sha256(ONE[0].body), sha256(ARM[0].body)]),
      heldBy: [{ pushedAt: "2026-01-06T09:00:00.000Z", tags: ["1.1"] }],
    });
  });

  it("gives way to live pushes of the same images, whenever they were pushed", async () => {
    const ledger = await ledgerServer();
    const { host } = await serving(reply);
    const repository = `${host}/acme/app`;
    await asof(["import", "oci", repository], { ASOF_URL: ledger.url });
    const push = Statement.parse({
      kind: "artifact.pushed",
      source: "/registry",
      id: "1",
      occurredAt: "2026-01-07T10:00:00Z",
      repository,
      tag: "1.0",
      digest: sha256(ONE[0].body),
    });
    await say(ledger, push);
    const tag = { repository, tag: "1.0" };
    expect(TagAnswer.parse((await ledger.doors.client().get("/v1/tag", tag)).json)).toMatchObject({
      since: "2026-01-07T10:00:00.000Z",
      history: [{ fact: { source: "/registry" } }],
    });
  });

  it("resolves the tags of deployments of then", async () => {
    const ledger = await ledgerServer();
    const { host } = await serving(reply);
    const repository = `${host}/acme/app`;
    await asof(["import", "oci", repository, "--tags", "1.*"], { ASOF_URL: ledger.url });
    const deployed = Statement.parse({
      kind: "deployment.succeeded",
      source: "/cd",
      id: "1",
      occurredAt: "2026-01-06T10:00:00Z",
      environment: "production",
      service: "app",
      deployment: { provider: "cd", instance: "cd", id: "1" },
      components: [{ component: "main", repository, tag: "1.1" }],
    });
    await say(ledger, deployed);
    const asked = { environment: "production", service: "app", at: "2026-01-08" };
    expect(Release.parse((await ledger.doors.client().get("/v1/release", asked)).json)).toMatchObject({
      components: [{ digest: sha256(MULTI.body), resolvedBy: "tag", commit: { sha: SHA } }],
    });
  });

  it("says where a repository has no such tag, and what is no repository", async () => {
    const { host } = await serving(reply);
    const none = await asof(["import", "oci", `${host}/acme/none`, "--dry-run"]);
    expect(none.out).toContain(`what was in a repository that has no such tag now (${host}/acme/none)`);
    const wrong = await asof(["import", "oci", "Billing", "--dry-run"]);
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining("must be host/path in lower case") });
  });
});
