import { afterEach, describe, expect, it } from "vitest";
import { RegistryAccess, registries } from "../../functions/adapters/registry/oci.ts";
import { type Registries, RegistryError } from "../../functions/ledger/ingest/registries.ts";
import { cleanUp, type Reply, type Seen, type Serving, serving, sha256 } from "./server.ts";

afterEach(cleanUp);

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";

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
const configOf = (Labels: object | null): Blob => ({
  type: CONFIG,
  body: JSON.stringify({ os: "linux", config: { Labels } }),
});
const imageOf = (config: Blob, annotations?: object): Blob => ({
  type: MANIFEST,
  body: JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: descriptor(config),
    layers: [],
    annotations,
  }),
});
const indexOf = (manifests: readonly object[], annotations?: object): Blob => ({
  type: INDEX,
  body: JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests, annotations }),
});

/** What a registry holds in `acme/app`: by tag, and each by its digest. */
function holding(tags: Record<string, Blob>, more: readonly Blob[] = []): (seen: Seen) => Reply {
  const all = [...Object.values(tags), ...more];
  return ({ path }) => {
    const reference = /^\/v2\/acme\/app\/(?:manifests|blobs)\/(.+)$/.exec(path)?.[1] ?? "";
    const found = tags[reference] ?? all.find(({ body }) => sha256(body) === reference);
    if (found === undefined) return { status: 404, body: "{}" };
    const headers = { "content-type": found.type, "docker-content-digest": sha256(found.body) };
    return { headers, body: found.body };
  };
}

const reading = ({ host }: Serving, how: object = {}): Registries =>
  registries(RegistryAccess.parse({ [host]: { plainHttp: true, ...how } }));

/** What is wrong, as it is said, and whether it is worth another try. */
async function failing(asked: Promise<unknown>): Promise<{ message: string; retry: boolean }> {
  const error: unknown = await asked.catch((caught: unknown) => caught);
  if (!(error instanceof RegistryError)) throw new Error(`is no RegistryError: ${String(error)}`);
  return { message: error.message, retry: error.retry };
}

const config = configOf({ "org.opencontainers.image.revision": "abc", both: "label" });
const image = imageOf(config, { both: "annotation" });

describe("a tag's digest", () => {
  it("is what the header of a HEAD says", async () => {
    const registry = await serving(holding({ v1: image }));
    expect(await reading(registry).digestOf(`${registry.host}/acme/app`, "v1")).toBe(sha256(image.body));
    expect(registry.seen.map(({ method }) => method)).toEqual(["HEAD"]);
  });

  it.each([
    ["names none", 200],
    ["knows no HEAD", 405],
  ])("is that of the bytes where the registry %s", async (_, status) => {
    const registry = await serving(({ method }) =>
      method === "HEAD" ? { status } : { headers: { "content-type": MANIFEST }, body: image.body },
    );
    expect(await reading(registry).digestOf(`${registry.host}/acme/app`, "v1")).toBe(sha256(image.body));
    expect(registry.seen.map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  });

  it("is undefined where the registry says that there is no such tag", async () => {
    const registry = await serving(holding({}));
    expect(await reading(registry).digestOf(`${registry.host}/acme/app`, "v1")).toBeUndefined();
    expect(await reading(registry).read(`${registry.host}/acme/app`, "v1")).toBeUndefined();
  });
});

describe("an image's content", () => {
  it("has the labels of its configuration, annotations over them", async () => {
    const registry = await serving(holding({ v1: image }, [config]));
    expect(await reading(registry).read(`${registry.host}/acme/app`, "v1")).toEqual({
      digest: sha256(image.body),
      mediaType: MANIFEST,
      labels: { "org.opencontainers.image.revision": "abc", both: "annotation" },
    });
  });

  it.each([
    ["has none", configOf(null)],
    ["is of another kind", { type: "application/vnd.cncf.helm.config.v1+json", body: "{}" }],
  ])("has no labels where its configuration %s", async (_, other) => {
    const bare = imageOf(other);
    const registry = await serving(holding({ v1: bare }, [other]));
    const content = await reading(registry).read(`${registry.host}/acme/app`, sha256(bare.body));
    expect(content?.labels).toEqual({});
  });

  it("lists what an index holds, without BuildKit's attestations, and the labels that all images share", async () => {
    const ours = configOf({ revision: "abc", architecture: "amd64" });
    const theirs = configOf({ revision: "abc", architecture: "arm64" });
    const [amd64, arm64] = [imageOf(ours), imageOf(theirs)];
    const attestation = imageOf(configOf({ revision: "none" }));
    const index = indexOf(
      [
        descriptor(amd64, { platform: { os: "linux", architecture: "amd64" } }),
        descriptor(arm64, { platform: { os: "linux", architecture: "arm64", variant: "v8" } }),
        descriptor(attestation, {
          platform: { os: "unknown", architecture: "unknown" },
          annotations: { "vnd.docker.reference.type": "attestation-manifest" },
        }),
      ],
      { version: "1.0" },
    );
    const registry = await serving(holding({ v1: index }, [amd64, arm64, ours, theirs]));
    expect(await reading(registry).read(`${registry.host}/acme/app`, "v1")).toEqual({
      digest: sha256(index.body),
      mediaType: INDEX,
      manifests: [
        { digest: sha256(amd64.body), platform: "linux/amd64", configDigest: sha256(ours.body) },
        { digest: sha256(arm64.body), platform: "linux/arm64/v8", configDigest: sha256(theirs.body) },
      ],
      labels: { revision: "abc", version: "1.0" },
    });
  });

  it("names a manifest of an index that is not there, and guesses nothing of it", async () => {
    const index = indexOf([descriptor(image)]);
    const registry = await serving(holding({ v1: index }));
    const content = await reading(registry).read(`${registry.host}/acme/app`, "v1");
    expect(content).toMatchObject({ manifests: [{ digest: sha256(image.body) }], labels: {} });
  });

  it("is only a digest where it is a signed manifest of schema 1, whose bytes do not hash to it", async () => {
    const digest = sha256("without its signature");
    const type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    const registry = await serving(() => ({
      headers: { "content-type": type, "docker-content-digest": digest },
      body: "{}",
    }));
    const content = await reading(registry).read(`${registry.host}/acme/app`, "v1");
    expect(content).toEqual({ digest, mediaType: type, labels: {} });
  });

  it("is refused with more than 128 manifests", async () => {
    const index = indexOf(Array.from({ length: 129 }, () => descriptor(image)));
    const registry = await serving(holding({ v1: index }));
    const { message, retry } = await failing(reading(registry).read(`${registry.host}/acme/app`, "v1"));
    expect(message).toContain("at most 128 manifests");
    expect(retry).toBe(false);
  });
});

describe("what is missing of an image", () => {
  const other = imageOf(configOf({ other: "image" }));
  const attestation = imageOf(configOf({ revision: "none" }));
  const reference = { "vnd.docker.reference.type": "attestation-manifest" };
  const index = indexOf([
    descriptor(image),
    descriptor(other),
    descriptor(attestation, { annotations: reference }),
  ]);
  const missing = (registry: Serving, { body }: Blob) =>
    reading(registry).missing(`${registry.host}/acme/app`, sha256(body));

  it.each([
    ["nothing, where its manifest is there", image, [image], undefined],
    ["itself, where it is not", image, [other], image],
    ["nothing, where all the images of an index are there", index, [index, image, other], undefined],
    ["an index itself, where it is not there", index, [image, other], index],
    ["one of an index's images, where it is not there", index, [index, image], other],
  ])("is %s", async (_, asked, held, expected) => {
    const registry = await serving(holding({}, held));
    expect(await missing(registry, asked)).toBe(expected && sha256(expected.body));
  });

  it.each([
    ["is there", [index, image, other], undefined],
    ["is not there", [index, image], sha256(other.body)],
  ])(
    "is told by the bytes where the registry knows no HEAD, and an index's image %s",
    async (_, held, is) => {
      const having = holding({}, held);
      const registry = await serving((seen) => (seen.method === "HEAD" ? { status: 405 } : having(seen)));
      expect(await missing(registry, index)).toBe(is);
    },
  );

  it("is not known where the registry refuses, also within an index", async () => {
    const registry = await serving(() => ({ status: 403 }));
    expect((await failing(missing(registry, image))).message).toContain("403");
    const having = holding({}, [index]);
    const half = await serving((seen) =>
      seen.path.endsWith(sha256(index.body)) ? having(seen) : { status: 403 },
    );
    expect((await failing(missing(half, index))).message).toContain("403");
  });
});

describe("an answer that cannot be right", () => {
  const refusal = async (reply: (seen: Seen) => Reply, reference: string) => {
    const registry = await serving(reply);
    const failed = await failing(reading(registry).read(`${registry.host}/acme/app`, reference));
    expect(failed.message).toContain(registry.host);
    expect(failed.retry).toBe(false);
    return failed.message;
  };
  const headers = { "content-type": MANIFEST };

  it("is other bytes than those of the digest that was asked for", async () => {
    const another = sha256("another");
    const message = await refusal(() => ({ headers, body: image.body }), another);
    expect(message).toContain(`bytes that are not those of ${another}`);
  });

  it("is other bytes than those of the digest that it names", async () => {
    const named = { ...headers, "docker-content-digest": sha256("another") };
    const message = await refusal(() => ({ headers: named, body: image.body }), "v1");
    expect(message).toContain(`bytes that are not those of ${sha256("another")}`);
  });

  it("is another digest than the one that was asked for", async () => {
    const named = { ...headers, "docker-content-digest": sha256(image.body) };
    expect(await refusal(() => ({ headers: named, body: image.body }), sha256("another"))).toContain(
      "to a request for",
    );
  });

  it("is another configuration than the one that the manifest names", async () => {
    const held = holding({ v1: image });
    const reply = (seen: Seen) =>
      seen.path.includes("/blobs/") ? { body: configOf({ revision: "forged" }).body } : held(seen);
    expect(await refusal(reply, "v1")).toContain("bytes that are not those of");
  });

  it("is a manifest or a configuration of more than 4 MiB", async () => {
    const body = "x".repeat(4 * 1024 * 1024 + 1);
    expect(await refusal(() => ({ headers, body }), "v1")).toContain("more than 4194304 bytes");
    const held = holding({ v1: image });
    const reply = (seen: Seen) => (seen.path.includes("/blobs/") ? { body } : held(seen));
    expect(await refusal(reply, "v1")).toContain("more than 4194304 bytes");
  });

  it("is what is no manifest at all", async () => {
    expect(await refusal(() => ({ headers, body: "<html>" }), "v1")).toContain("not a manifest");
    expect(await refusal(() => ({ status: 403 }), "v1")).toContain("403");
  });
});

describe("a registry in trouble", () => {
  it.each([429, 500, 503])("that answers %i may be asked again", async (status) => {
    const registry = await serving(() => ({ status }));
    const of = reading(registry);
    const repository = `${registry.host}/acme/app`;
    const expected = { message: `${registry.host} answered ${status}`, retry: true };
    expect(await failing(of.digestOf(repository, "v1"))).toEqual(expected);
    expect(await failing(of.read(repository, "v1"))).toEqual(expected);
  });

  it("that breaks off the connection may be asked again", async () => {
    const registry = await serving(() => undefined);
    const failed = await failing(reading(registry).digestOf(`${registry.host}/acme/app`, "v1"));
    expect(failed.retry).toBe(true);
    expect(failed.message).toMatch(/cannot be reached \([A-Z_]+\)$/);
  });
});

const PASSWORD = "a-password-that-nobody-may-see";
const LOGIN = { username: "ci", password: PASSWORD };
const BASIC = `Basic ${Buffer.from(`ci:${PASSWORD}`).toString("base64")}`;

/** A registry that wants a token from a realm, which counts the tokens that it gives. */
async function withTokens(held: (seen: Seen) => Reply, realmAt = (host: string) => `http://${host}/token`) {
  let given = 0;
  return serving((seen, host) => {
    if (seen.path.startsWith("/token")) return { body: JSON.stringify({ token: `token-${++given}` }) };
    if (seen.authorization === `Bearer token-${given}` && given > 0) return held(seen);
    const challenge = `Bearer realm="${realmAt(host)}",service="the registry",scope="repository:acme/app:pull"`;
    return { status: 401, headers: { "www-authenticate": challenge } };
  });
}

describe("who asks", () => {
  it("gets a token where the registry names a realm, and uses it again", async () => {
    const registry = await withTokens(holding({ v1: image }, [config]));
    const of = reading(registry, LOGIN);
    expect(await of.digestOf(`${registry.host}/acme/app`, "v1")).toBe(sha256(image.body));
    expect((await of.read(`${registry.host}/acme/app`, "v1"))?.labels).not.toEqual({});
    expect(registry.seen.map(({ path, authorization }) => [path.split("?")[0], authorization])).toEqual([
      ["/v2/acme/app/manifests/v1", undefined],
      ["/token", BASIC],
      ["/v2/acme/app/manifests/v1", "Bearer token-1"],
      ["/v2/acme/app/manifests/v1", "Bearer token-1"],
      [`/v2/acme/app/blobs/${sha256(config.body)}`, "Bearer token-1"],
    ]);
    const query = new URL(`http://x${registry.seen[1]?.path}`).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      service: "the registry",
      scope: "repository:acme/app:pull",
    });
  });

  it("gets a new token where the old one has expired", async () => {
    let expired = false;
    const held = holding({ v1: image });
    const registry = await withTokens((seen) => {
      if (expired && seen.authorization === "Bearer token-1") {
        const realm = `Bearer realm="http://${registry.host}/token"`;
        return { status: 401, headers: { "www-authenticate": realm } };
      }
      return held(seen);
    });
    const of = reading(registry);
    await of.digestOf(`${registry.host}/acme/app`, "v1");
    expired = true;
    expect(await of.digestOf(`${registry.host}/acme/app`, "v1")).toBe(sha256(image.body));
    expect(registry.seen.filter(({ path }) => path.startsWith("/token"))).toHaveLength(2);
  });

  it("asks for a token as nobody where it has no credentials", async () => {
    const registry = await withTokens(holding({ v1: image }));
    await reading(registry).digestOf(`${registry.host}/acme/app`, "v1");
    expect(registry.seen.map(({ authorization }) => authorization)).toEqual([
      undefined,
      undefined,
      "Bearer token-1",
    ]);
  });

  it("says its name and password where the registry asks for Basic, and only then", async () => {
    const held = holding({ v1: image });
    const registry = await serving((seen) =>
      seen.authorization === BASIC
        ? held(seen)
        : { status: 401, headers: { "www-authenticate": 'Basic realm="here"' } },
    );
    expect(await reading(registry, LOGIN).digestOf(`${registry.host}/acme/app`, "v1")).toBe(
      sha256(image.body),
    );
    const failed = await failing(reading(registry).digestOf(`${registry.host}/acme/app`, "v1"));
    expect(failed.message).toContain("username and password");
  });

  it("tells of a wrong password without the password", async () => {
    const registry = await serving((seen, host) =>
      seen.path.startsWith("/token")
        ? { status: 401 }
        : { status: 401, headers: { "www-authenticate": `Bearer realm="http://${host}/token"` } },
    );
    const failed = await failing(reading(registry, LOGIN).digestOf(`${registry.host}/acme/app`, "v1"));
    expect(failed).toEqual({ message: `${registry.host} gives no token: 401`, retry: false });
  });

  it("is not known where a redirect leads", async () => {
    const store = await serving(() => ({ body: config.body }));
    const held = holding({ v1: image });
    const registry = await withTokens((seen) =>
      seen.path.includes("/blobs/")
        ? { status: 307, headers: { location: `http://${store.host}/blob` } }
        : held(seen),
    );
    const how = { ...LOGIN, redirects: [store.host] };
    const content = await reading(registry, how).read(`${registry.host}/acme/app`, "v1");
    expect(content?.labels).toMatchObject({ "org.opencontainers.image.revision": "abc" });
    expect(store.seen).toEqual([{ method: "GET", path: "/blob", authorization: undefined }]);
  });

  it.each([
    [
      "to a host that is not listed",
      "http://127.0.0.1:1/blob",
      "redirects to 127.0.0.1:1: add it to its redirects",
    ],
    ["to no address", "http://[", "redirects to an invalid address"],
    ["to another protocol", "file:///etc/passwd", "leads to an address without TLS"],
  ])("is asked nowhere else than it is listed: %s", async (_, location, message) => {
    const held = holding({ v1: image });
    const registry = await withTokens((seen) =>
      seen.path.includes("/blobs/") ? { status: 302, headers: { location } } : held(seen),
    );
    const failed = await failing(reading(registry, LOGIN).read(`${registry.host}/acme/app`, "v1"));
    expect(failed.message).toContain(message);
    expect(failed.retry).toBe(false);
  });

  it("follows a listed registry not for ever", async () => {
    const registry = await serving(({ path }) => ({ status: 302, headers: { location: path } }));
    const failed = await failing(reading(registry).read(`${registry.host}/acme/app`, "v1"));
    expect(failed).toEqual({ message: `${registry.host} redirects without end`, retry: false });
    expect(registry.seen).toHaveLength(6);
  });

  it.each([
    ["a path", "cdn.example/x"],
    ["an address", "https://cdn.example"],
  ])("is not listed by %s", (_, host) => {
    expect(RegistryAccess.safeParse({ "ghcr.io": { redirects: [host] } }).success).toBe(false);
  });
});

describe("the list of registries", () => {
  it("holds all that are ever asked", async () => {
    const other = await serving(holding({ v1: image }));
    const of = registries(RegistryAccess.parse({ "ghcr.io": {} }));
    expect(of.knows("ghcr.io/acme/app")).toBe(true);
    expect(of.knows(`${other.host}/acme/app`)).toBe(false);
    expect(of.knows("constructor/acme")).toBe(false);
    const failed = await failing(of.digestOf(`${other.host}/acme/app`, "v1"));
    expect(failed.message).toContain("not a configured registry");
    expect(other.seen).toEqual([]);
  });

  it("leads to no address beside a repository's manifests and blobs", async () => {
    const registry = await serving(() => ({ body: "{}" }));
    const of = reading(registry);
    const asked = [
      of.digestOf(`${registry.host}/acme/../secret`, "v1"),
      of.digestOf(`${registry.host}/acme/app`, "../tags"),
      of.read(`${registry.host}/acme/app`, "sha256:abc?x"),
      of.missing(`${registry.host}/acme/app`, "sha256:abc?x"),
    ];
    for (const one of asked) expect((await failing(one)).retry).toBe(false);
    expect(registry.seen).toEqual([]);
  });

  it.each([
    [{ "ghcr.io/acme": {} }],
    [{ "https://ghcr.io": {} }],
    [{ "ghcr.io": { username: "ci" } }],
    [{ "ghcr.io": { token: "x" } }],
  ])("is refused where it is %j", (access) => {
    expect(RegistryAccess.safeParse(access).success).toBe(false);
  });
});
