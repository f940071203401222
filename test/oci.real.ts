/** What is read of a real registry is what `skopeo` says of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RegistryAccess, registries } from "../functions/adapters/registry/oci.ts";
import type { Registries } from "../functions/ledger/ingest/registries.ts";
import { asof } from "./cli/harness.ts";
import {
  deleteManifest,
  freePort,
  inspect,
  Layout,
  type Registry,
  run,
  startRegistry,
} from "./real/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-oci-"));
let registry: Registry;
let layout: Layout;
let reader: Registries;
let repository: string;

beforeAll(async () => {
  // Nobody listens for its notifications here.
  const notify = { url: `http://127.0.0.1:${await freePort()}/`, authorization: "none" };
  registry = await startRegistry({ folder: join(folder, "registry"), notify });
  repository = `${registry.host}/team/app`;
  reader = registries(RegistryAccess.parse({ [registry.host]: { plainHttp: true } }));
  layout = await Layout.create(join(folder, "oci"));
  for (const architecture of ["amd64", "arm64"]) {
    await layout.image(architecture, `for ${architecture}`, architecture);
    const labels = ["--config.label", "revision=abc", "--config.label", `for=${architecture}`];
    await run("umoci", "config", "--image", `${layout.folder}:${architecture}`, ...labels);
  }
});

afterAll(async () => {
  await registry?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("a real registry", () => {
  it("tells the digest and the labels of an image", async () => {
    await layout.push("amd64", `${repository}:one`);
    const digest = await inspect(`${repository}:one`);
    expect(await reader.digestOf(repository, "one")).toBe(digest);
    const content = { digest, labels: { revision: "abc", for: "amd64" } };
    expect(await reader.read(repository, "one")).toMatchObject(content);
    expect(await reader.read(repository, digest)).toMatchObject(content);
  });

  it("tells what an index holds", async () => {
    const index = layout.index("multi", { amd64: "amd64", arm64: "arm64" });
    await layout.push("multi", `${repository}:multi`);
    expect(await reader.digestOf(repository, "multi")).toBe(index);
    const content = await reader.read(repository, index);
    expect(content).toMatchObject({
      digest: index,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        { digest: layout.digestOf("amd64"), platform: "linux/amd64" },
        { digest: layout.digestOf("arm64"), platform: "linux/arm64" },
      ],
      labels: { revision: "abc" },
    });
    for (const { digest, configDigest = "" } of content?.manifests ?? []) {
      const config = await fetch(`http://${registry.host}/v2/team/app/blobs/${configDigest}`);
      expect(await config.json()).toMatchObject({ os: "linux" });
      expect((await reader.read(repository, digest))?.labels).toMatchObject({ revision: "abc" });
    }
  });

  it("tells a pipeline what it built", async () => {
    const line = ["record", "build", "--image", `${repository}:multi`, "--dry-run", "--json"];
    const commit = ["--commit", "a".repeat(40), "--repository", "git@github.com:team/app.git"];
    const { code, out } = await asof([...line, ...commit]);
    const index = await inspect(`${repository}:multi`);
    const manifests = [{ digest: layout.digestOf("amd64") }, { digest: layout.digestOf("arm64") }];
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      events: [
        { type: "dev.asof.artifact.built.v1", data: { digest: index, repository } },
        { type: "dev.asof.artifact.indexed.v1", data: { digest: index, manifests } },
      ],
    });
  });

  it("tells an import what it holds", async () => {
    const { code, out, err } = await asof(["import", "oci", repository, "--dry-run", "--json"]);
    const lines = out.split("\n").map((line): unknown => JSON.parse(line));
    const multi = await inspect(`${repository}:multi`);
    expect(code, err).toBe(0);
    expect(lines).toContainEqual(
      expect.objectContaining({ kind: "artifact.pushed", repository, tag: "multi", digest: multi }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ kind: "artifact.indexed", digest: multi }));
  });

  it("tells of what it does not hold", async () => {
    expect(await reader.digestOf(repository, "none")).toBeUndefined();
    expect(await reader.digestOf(`${registry.host}/team/none`, "none")).toBeUndefined();
    await layout.image("gone", "soon gone");
    await layout.push("gone", `${repository}:gone`);
    const digest = layout.digestOf("gone");
    expect((await reader.read(repository, digest))?.digest).toBe(digest);
    await deleteManifest(registry.host, "team/app", digest);
    expect(await reader.read(repository, digest)).toBeUndefined();
  });
});
