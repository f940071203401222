/**
 * A real container engine (Debian's `podman` with `runc`) under the name `docker`, and real Docker Compose (Debian's
 * `docker-compose`) that speaks to it: a shell in which a plan's lines run as they are printed. It needs root.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface Containers {
  /** Runs a line in a POSIX shell, as a person would paste it, and gives what it printed. */
  readonly pasted: (shell: string, more?: Readonly<Record<string, string>>) => Promise<string>;
  /** The digests of the images that containers run now, as the engine says. */
  readonly runningDigests: () => Promise<string[]>;
  /** Where lines run. */
  readonly workplace: string;
  /** Ends the engine and every container of it; its folder may be removed then. */
  readonly stop: () => Promise<void>;
}

/**
 * What podman, skopeo and others of their kind read in a home (containers-policy.json(5), containers-registries.conf(5)):
 * one registry without TLS, and no signatures.
 */
export function allowPlainHttp(home: string, host: string): void {
  const settings = join(home, ".config", "containers");
  mkdirSync(settings, { recursive: true });
  writeFileSync(join(settings, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
  writeFileSync(join(settings, "registries.conf"), `[[registry]]\nlocation = "${host}"\ninsecure = true\n`);
}

/** As `docker` has Compose for a plug-in. */
const DOCKER = `#!/bin/sh
if [ "$1" = compose ]; then
  shift
  exec docker-compose "$@"
fi
exec podman "$@"
`;

/** Nothing is kept outside of the folder, and nothing is asked of systemd; limits as every machine allows them. */
const engineSettings = (folder: string): string => `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
tmp_dir = "${folder}/tmp"
[network]
network_config_dir = "${folder}/networks"
`;

/** Without a driver it takes the best that works here. */
const storageSettings = (folder: string): string => `
[storage]
graphroot = "${folder}/graph"
runroot = "${folder}/run"
`;

/** The engine mounts its storage onto itself, and a process of it that is killed leaves that mount behind. */
async function unmountBelow(folder: string): Promise<void> {
  const points = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[1] ?? [])
    .filter((point) => point.startsWith(`${folder}/`));
  // The innermost first.
  for (const point of points.reverse()) await execute("umount", ["--lazy", point]);
}

/**
 * Starts an engine that may pull from one registry.
 * @param folder made here
 * @param host the registry's, spoken to without TLS; absent: images are this machine's own
 */
export async function startContainers(folder: string, host = "localhost"): Promise<Containers> {
  const inFolder = (name: string) => join(folder, name);
  const [home, bin, workplace] = [inFolder("home"), inFolder("bin"), inFolder("workplace")];
  const socket = inFolder("api.sock");
  for (const one of [bin, workplace]) mkdirSync(one, { recursive: true });
  allowPlainHttp(home, host);
  writeFileSync(join(bin, "docker"), DOCKER, { mode: 0o755 });
  writeFileSync(inFolder("containers.conf"), engineSettings(folder));
  writeFileSync(inFolder("storage.conf"), storageSettings(folder));
  const env = {
    PATH: `${bin}:${process.env.PATH ?? ""}`,
    HOME: home,
    CONTAINERS_CONF: inFolder("containers.conf"),
    CONTAINERS_STORAGE_CONF: inFolder("storage.conf"),
    DOCKER_HOST: `unix://${socket}`,
  };
  const podman = async (...args: readonly string[]) =>
    (await execute("podman", args, { env })).stdout.split("\n").filter((line) => line !== "");
  const service = spawn("podman", ["system", "service", "--time=0", env.DOCKER_HOST], {
    env,
    stdio: "ignore",
  });
  for (let n = 0; !existsSync(socket); n++) {
    if (n === 100 || service.exitCode !== null) throw new Error("podman does not start");
    await setTimeout(100);
  }
  return {
    workplace,
    pasted: async (shell, more = {}) =>
      (await execute("sh", ["-c", shell], { cwd: workplace, env: { ...env, ...more } })).stdout,
    runningDigests: async () => {
      const ids = await podman("ps", "--quiet");
      return ids.length === 0 ? [] : podman("inspect", "--format", "{{.ImageDigest}}", ...ids);
    },
    stop: async () => {
      await podman("rm", "--all", "--force", "--time=0");
      service.kill("SIGKILL");
      await once(service, "close");
      await unmountBelow(folder);
    },
  };
}
