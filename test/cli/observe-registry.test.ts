/** `asof observe registry`: tags that move and go, of a registry that tells nobody. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { TagAnswer } from "../../schemas/answer.ts";
import { type Reply, type Seen, serving, sha256, cleanUp as stopRegistries } from "../registry/server.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer, newFolder } from "./harness.ts";

afterEach(async () => {
  await stopRegistries();
  await cleanUp();
});

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";

/** An image that says when it was made, and from which commit. */
function image(created: string) {
  const labels = {
    "org.opencontainers.image.revision": sha256(created).slice(7, 47),
    "org.opencontainers.image.source": "https://github.com/acme/app",
  };
  const config = JSON.stringify({ os: "linux", architecture: "amd64", created, config: { Labels: labels } });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: sha256(config), size: config.length },
    layers: [],
  });
  return { manifest, config, digest: sha256(manifest) };
}
const ONE = image("2026-11-20T08:00:00Z");
const TWO = image("2026-11-21T08:00:00Z");
const BLOBS = [ONE, TWO].flatMap(({ manifest, config }) => [manifest, config]);

/** A registry whose tags the test moves. */
async function givenRegistry(tags: Record<string, { digest: string; manifest: string }>) {
  const removed = new Set<string>();
  const reply = ({ path }: Seen): Reply => {
    if (path.includes("/tags/list")) return { body: JSON.stringify({ tags: Object.keys(tags).sort() }) };
    const reference = path.split("/").at(-1) ?? "";
    const body = tags[reference]?.manifest ?? BLOBS.find((one) => sha256(one) === reference);
    if (body === undefined || removed.has(sha256(body))) return { status: 404, body: "{}" };
    return { headers: { "content-type": MANIFEST, "docker-content-digest": sha256(body) }, body };
  };
  const { host, seen } = await serving(reply);
  return { repository: `${host}/acme/app`, tags, removed, seen };
}

const looks = (ledger: LedgerServer, now: string, ...args: readonly string[]) =>
  asof(["observe", "registry", ...args], { ASOF_URL: ledger.url }, now);

async function tagOf({ doors }: LedgerServer, repository: string, tag: string) {
  const { json } = await doors.client().get("/v1/tag", { repository, tag });
  return TagAnswer.parse(json);
}

describe("asof observe registry", () => {
  it("reports what is there, what moves and what goes, each once", async () => {
    const ledger = await ledgerServer();
    const { repository, tags, removed } = await givenRegistry({ main: ONE, "1.0": ONE, "1.1": TWO });
    const state = join(newFolder(), "tags.json");
    const look = (time: string) => looks(ledger, `2026-11-22T${time}:00.000Z`, repository, "--state", state);
    expect((await look("08:00")).out).toContain("5 statements: 5 recorded");
    expect(await tagOf(ledger, repository, "main")).toMatchObject({
      digest: ONE.digest,
      since: "2026-11-20T08:00:00.000Z",
    });
    expect((await look("08:01")).out).toContain("0 statements");

    tags.main = TWO;
    delete tags["1.0"];
    delete tags["1.1"];
    removed.add(ONE.digest);
    await look("08:02");
    expect(await tagOf(ledger, repository, "main")).toMatchObject({
      digest: TWO.digest,
      since: "2026-11-22T08:02:00.000Z",
    });
    expect(await tagOf(ledger, repository, "1.0")).toMatchObject({ digest: null });

    removed.clear();
    tags.main = ONE;
    await look("08:03");
    expect(await tagOf(ledger, repository, "main")).toMatchObject({
      digest: ONE.digest,
      since: "2026-11-22T08:03:00.000Z",
    });
  });

  it("says that a manifest is gone where it is, and else that the tag alone is", async () => {
    const ledger = await ledgerServer();
    const { repository, tags, removed } = await givenRegistry({ "1.0": ONE, "1.1": TWO });
    const state = join(newFolder(), "tags.json");
    await looks(ledger, "2026-11-22T08:00:00Z", repository, "--state", state);
    delete tags["1.0"];
    delete tags["1.1"];
    removed.add(ONE.digest);
    const shown = ["--state", state, "--dry-run", "--json"];
    const { out } = await looks(ledger, "2026-11-22T08:01:00Z", repository, ...shown);
    expect(out.split("\n").map((line) => JSON.parse(line))).toMatchObject([
      { kind: "artifact.deleted", tag: "1.0", digest: ONE.digest, what: "manifest" },
      { kind: "artifact.deleted", tag: "1.1", digest: TWO.digest, what: "tag" },
    ]);
  });

  it("records nothing twice where it begins anew, and a dry run keeps no state", async () => {
    const ledger = await ledgerServer();
    const { repository } = await givenRegistry({ main: ONE });
    const reference = `${repository}:main`;
    const state = join(newFolder(), "tags.json");
    await looks(ledger, "2026-11-22T08:00:00Z", reference, "--state", state, "--dry-run");
    expect(() => readFileSync(state)).toThrow();
    expect((await looks(ledger, "2026-11-22T08:00:00Z", reference)).out).toContain("2 recorded");
    const again = await looks(ledger, "2026-11-22T08:30:00Z", reference);
    expect(again.out).toContain("0 recorded, 2 duplicate");
    expect(again.out).toContain("could not be known: when a tag was pushed that was there at the first look");
  });

  it("keeps no state of what the ledger did not take", async () => {
    const ledger = await ledgerServer();
    const { repository } = await givenRegistry({ main: ONE });
    const state = join(newFolder(), "tags.json");
    ledger.weather.push(...Array.from({ length: 9 }, () => "breaks off before" as const));
    const args = [`${repository}:main`, "--state", state];
    expect((await looks(ledger, "2026-11-22T08:00:00Z", ...args)).code).toBe(4);
    ledger.weather.length = 0;
    expect((await looks(ledger, "2026-11-22T08:01:00Z", ...args)).out).toContain("2 recorded");
  });

  it("refuses what is no reference, and a file that holds no state", async () => {
    const ledger = await ledgerServer();
    expect(await looks(ledger, "2026-11-22T08:00:00Z", "billing")).toMatchObject({
      code: 2,
      err: expect.stringContaining("billing: must be like ghcr.io/acme/billing"),
    });
    const file = join(newFolder(), "tags.json");
    writeFileSync(file, "[]");
    expect(await looks(ledger, "2026-11-22T08:00:00Z", "127.0.0.1:1/a", "--state", file)).toMatchObject({
      code: 1,
      err: expect.stringContaining("holds no state of this command"),
    });
  });
});
