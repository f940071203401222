/**
 * `asof observe docker`: what the containers of one machine run, by the engine's API on its socket, which Docker and Podman
 * both have (docs.docker.com, "Docker Engine API", 1.41: ContainerList, ContainerInspect, ImageInspect).
 */
import { existsSync } from "node:fs";
import { request } from "node:http";
import { hostname } from "node:os";
import * as z from "zod";
import { AT_ONCE, mapLimit } from "../../functions/ledger/map-limit.ts";
import { partsOf } from "../../functions/sources/image.ts";
import { CliError, UsageError } from "../error.ts";
import { type Item, unknown } from "../import/importer.ts";
import { latest, observationOf, type RunningService } from "./machine-services.ts";
import type { Observer } from "./observer.ts";
import { stepMsFrom, stepOf } from "./step.ts";

const Options = z.looseObject({ socket: z.string().optional(), host: z.string().optional() });

const TIMEOUT_MS = 10_000;
/** Where the engines listen by default. */
const SOCKETS = ["/var/run/docker.sock", "/run/podman/podman.sock"];

const Listed = z.array(z.looseObject({ Id: z.string(), State: z.string() }));

const Container = z.looseObject({
  Name: z.string(),
  /** The image's id: the digest of its configuration. */
  Image: z.string(),
  Config: z.looseObject({
    Image: z.string(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
  State: z.looseObject({
    Running: z.boolean(),
    Restarting: z.boolean().default(false),
    StartedAt: z.string(),
  }),
});
type Container = z.infer<typeof Container>;

const Image = z.looseObject({ RepoDigests: z.array(z.string()).nullish() });

function socketOf(
  given: string | undefined,
  { DOCKER_HOST = "" }: Readonly<Record<string, string | undefined>>,
): string {
  if (given !== undefined) return given;
  if (DOCKER_HOST.startsWith("unix://")) return DOCKER_HOST.slice("unix://".length);
  if (DOCKER_HOST !== "")
    throw new UsageError("DOCKER_HOST names no socket of this machine: give --socket <path>");
  const found = SOCKETS.find((one) => existsSync(one));
  if (found === undefined)
    throw new CliError(`no engine listens at ${SOCKETS.join(" or ")}: give --socket <path>`);
  return found;
}

/** Sends one request to the engine, and gives its status and body. */
function ask(socketPath: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { host: "engine" };
    const asked = request({ socketPath, path, timeout: TIMEOUT_MS, headers }, (answer) => {
      answer.toArray().then((chunks) => {
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") });
      }, reject);
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer within 10 seconds")));
    asked.on("error", reject);
    asked.end();
  });
}

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Reads one answer of the engine; undefined if there is no such thing (404). Throws a CliError. */
async function read<T>(socket: string, path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const { status, body } = await ask(socket, path).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`${socket}: ${reason}`, { cause });
  });
  if (status === 404) return undefined;
  if (status !== 200) throw new CliError(`${socket}: the engine answers ${status} to ${path}`);
  const { success, data } = schema.safeParse(jsonIn(body));
  if (!success)
    throw new CliError(`${socket}: is no engine of this API: ${path} is answered with something else`);
  return data;
}

/** What Compose says of a container: podman-compose writes Docker's labels, too. */
const PROJECT = "com.docker.compose.project";
const SERVICE = "com.docker.compose.service";

/** The service of a container: that of Compose, within its project, else the container itself. */
function placeOf({ Name, Config: { Labels } }: Container, host: string) {
  const { [PROJECT]: project, [SERVICE]: service } = Labels ?? {};
  return project === undefined || service === undefined
    ? { environment: host, service: Name.replace(/^\//, "") }
    : { environment: `${host}/${project}`, service };
}

interface Seen {
  readonly repository?: string;
  readonly digest?: string;
  readonly digestOf?: "configuration";
  readonly otherDigests?: readonly string[];
}

/**
 * The digests under which the engine knows an image in the repository that the container names, else in any; else that of
 * its configuration: an image that was built here was never in a registry.
 */
async function imageOf(socket: string, { Image: id, Config }: Container): Promise<Seen> {
  const own: Seen = { digest: id.startsWith("sha256:") ? id : `sha256:${id}`, digestOf: "configuration" };
  const { RepoDigests } = (await read(socket, `/images/${encodeURIComponent(id)}/json`, Image)) ?? {};
  const known = (RepoDigests ?? []).map((reference) => partsOf(reference));
  const { repository: named, digest: pinned } = partsOf(Config.Image);
  const there = known.filter(({ repository }) => repository === (named ?? repository));
  const [first] = there.length > 0 ? there : known;
  if (first?.digest === undefined) return own;
  const { repository } = first;
  const all = [
    ...known.filter((one) => one.repository === repository).flatMap(({ digest }) => digest ?? []),
  ].sort();
  const digest = all.find((one) => one === pinned) ?? first.digest;
  const otherDigests = [...new Set(all)].filter((one) => one !== digest);
  return {
    ...(repository === undefined || repository.startsWith("localhost/") ? {} : { repository }),
    digest,
    ...(otherDigests.length === 0 ? {} : { otherDigests }),
  };
}

interface Running {
  readonly place: { readonly environment: string; readonly service: string };
  readonly image: Seen;
  readonly since: string;
}

const keyOf = ({ place }: Running): string => JSON.stringify(place);

/** What all containers of a service run; undefined if they run different images. */
function serviceOf(running: readonly Running[]): RunningService | undefined {
  const [first] = running;
  const images = new Set(running.map(({ image }) => JSON.stringify(image)));
  const since = latest(running.map((one) => one.since));
  if (first === undefined || since === undefined || images.size > 1) return undefined;
  return { ...first.place, since, shown: { components: [{ component: "main", ...first.image }] } };
}

async function* look(socket: string, host: string, step: string): AsyncGenerator<Item> {
  const listed = (await read(socket, "/containers/json?all=true", Listed)) ?? [];
  const inspected = await mapLimit(AT_ONCE, listed, ({ Id }) =>
    read(socket, `/containers/${Id}/json`, Container),
  );
  const running: Running[] = [];
  for (const one of inspected) {
    // It ended after it was listed.
    if (one === undefined) continue;
    const { Running: runs, Restarting, StartedAt } = one.State;
    if (Restarting) yield unknown("what a container runs that is started again and again", one.Name.slice(1));
    if (!runs || Restarting) continue;
    const since = new Date(StartedAt).toISOString();
    running.push({ place: placeOf(one, host), image: await imageOf(socket, one), since });
  }
  for (const key of new Set(running.map(keyOf))) {
    const own = running.filter((one) => keyOf(one) === key);
    const service = serviceOf(own);
    const [first] = own;
    if (service !== undefined) yield observationOf("docker", host, step, service);
    else if (first !== undefined)
      yield unknown(
        "what a service runs whose containers run different images",
        Object.values(first.place).join("/"),
      );
  }
}

export const docker: Observer = {
  name: "docker",
  summary: "containers of Docker, Podman and Compose",
  help: `
Examples:
  asof observe docker --every 60s
  asof observe docker --socket /run/podman/podman.sock --host vm-1 --dry-run

A service of Compose is a service in the environment <host>/<project>; any other container is one in <host>, by its name.
Naming rules bring both to the names of deployments. It needs to read the engine's socket, and asks nothing but what runs.`,
  options: (command) =>
    command
      .option("--socket <path>", "the engine's socket (default: $DOCKER_HOST, else Docker's, else Podman's)")
      .option("--host <name>", "the name of this machine, for the environment (default: its host name)"),
  open(given, { env, now }) {
    const options = Options.parse(given);
    const [socket, stepMs] = [socketOf(options.socket, env), stepMsFrom(env)];
    return { look: () => look(socket, options.host ?? hostname(), stepOf(now(), stepMs)) };
  },
};
