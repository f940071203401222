/** A real registry (CNCF Distribution 2.8, Debian's `docker-registry`), and images to push into it. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import * as z from "zod";

const execute = promisify(execFile);

/** Runs one of Debian's tools, and gives what it printed. */
export async function run(command: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(command, args, { encoding: "utf8", maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

/** A port that is free now; whoever asks takes it at once. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("has no port");
  return address.port;
}

export interface Registry {
  /** Its name in image references: host and port. */
  readonly host: string;
  readonly stop: () => Promise<void>;
}

interface Settings {
  readonly folder: string;
  /** Where it sends its notifications, and the whole `Authorization` header it sends with them. */
  readonly notify: { readonly url: string; readonly authorization: string };
}

const configuration = (folder: string, host: string, { url, authorization }: Settings["notify"]) => `
version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: "${folder}/data" } }
http: { addr: "${host}" }
notifications:
  endpoints:
    - name: asof
      url: ${url}
      headers: { Authorization: ["${authorization}"] }
      timeout: 2s
      threshold: 3
      backoff: 200ms
`;

async function isUp(host: string): Promise<boolean> {
  const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
  return answer?.status === 200;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "close");
}

/** Starts one on a free port of the loopback; deletes are allowed. */
export async function startRegistry({ folder, notify }: Settings): Promise<Registry> {
  mkdirSync(folder, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const file = join(folder, "config.yml");
  writeFileSync(file, configuration(folder, host, notify));
  const { PATH = "" } = process.env;
  const child = spawn("docker-registry", ["serve", file], {
    env: { PATH, REGISTRY_STORAGE_DELETE_ENABLED: "true", OTEL_TRACES_EXPORTER: "none" },
    stdio: "ignore",
  });
  for (let n = 0; !(await isUp(host)); n++) {
    if (n === 100 || child.exitCode !== null) throw new Error("docker-registry does not start");
    await setTimeout(100);
  }
  return { host, stop: () => stopped(child) };
}

const sha256 = (bytes: string | Uint8Array): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const Descriptor = z.looseObject({
  mediaType: z.string(),
  digest: z.string(),
  size: z.number(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const Index = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(Descriptor) });
export type Index = z.infer<typeof Index>;

const NAME = "org.opencontainers.image.ref.name";

/** A folder of images as the OCI image layout has it, made by `umoci`. */
export class Layout {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(folder: string): Promise<Layout> {
    await run("umoci", "init", "--layout", folder);
    return new Layout(folder);
  }

  /** Makes an image of one small file, which is another image for each content. */
  async image(name: string, content: string, architecture = "amd64"): Promise<void> {
    const file = join(this.folder, "..", `${name}.txt`);
    writeFileSync(file, content);
    const image = `${this.folder}:${name}`;
    await run("umoci", "new", "--image", image);
    await run("umoci", "insert", "--image", image, file, "/content.txt");
    await run("umoci", "config", "--image", image, "--os", "linux", "--architecture", architecture);
  }

  private read(): Index {
    return Index.parse(JSON.parse(readFileSync(join(this.folder, "index.json"), "utf8")));
  }

  digestOf(name: string): string {
    const found = this.read().manifests.find(({ annotations }) => annotations?.[NAME] === name);
    if (found === undefined) throw new Error(`${this.folder} holds no ${name}`);
    return found.digest;
  }

  /** Assembles an index of images by hand, for `umoci` knows none. */
  index(name: string, images: Readonly<Record<string, string>>): string {
    const layout = this.read();
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const manifests = Object.entries(images).map(([architecture, image]) => {
      const found = layout.manifests.find(({ annotations }) => annotations?.[NAME] === image);
      if (found === undefined) throw new Error(`${this.folder} holds no ${image}`);
      const { annotations, ...descriptor } = found;
      return { ...descriptor, platform: { os: "linux", architecture } };
    });
    const bytes = JSON.stringify({ schemaVersion: 2, mediaType, manifests });
    const digest = sha256(bytes);
    writeFileSync(join(this.folder, "blobs", "sha256", digest.slice("sha256:".length)), bytes);
    const entry = { mediaType, digest, size: Buffer.byteLength(bytes), annotations: { [NAME]: name } };
    writeFileSync(
      join(this.folder, "index.json"),
      JSON.stringify({ ...layout, manifests: [...layout.manifests, entry] }),
    );
    return digest;
  }

  /** Pushes an image, or an index with all it holds. */
  async push(name: string, reference: string): Promise<void> {
    const from = `oci:${this.folder}:${name}`;
    const to = `docker://${reference}`;
    await run("skopeo", "copy", "--insecure-policy", "--all", "--quiet", "--dest-tls-verify=false", from, to);
  }
}

/** What a reference points at now, as `skopeo inspect` tells it, checked against the bytes themselves. */
export async function inspect(reference: string): Promise<string> {
  const from = ["--tls-verify=false", `docker://${reference}`];
  const told = (await run("skopeo", "inspect", "--format", "{{.Digest}}", ...from)).trim();
  const bytes = await run("skopeo", "inspect", "--raw", ...from);
  if (sha256(bytes) !== told) throw new Error(`${reference}: ${told} is not the digest of what it is`);
  return told;
}

/** Deletes a manifest through the registry's own API. */
export async function deleteManifest(host: string, path: string, digest: string): Promise<number> {
  const { status } = await fetch(`http://${host}/v2/${path}/manifests/${digest}`, { method: "DELETE" });
  return status;
}
