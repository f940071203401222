/** What each of those who report says of a release: builder, registry, deployer, migration tool, observer. */
import { sha256 } from "../../functions/ledger/canonical.ts";
import { type Event, event } from "../client.ts";
import { type Environment, INCIDENTS, PRODUCTION, PRODUCTION_US, type Service } from "./services.ts";

export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
const CONFIG = "https://github.com/acme/deploy";

/** A release of a service: its images, its commit, and when it was made. */
export interface Release {
  readonly service: Service;
  readonly n: number;
  readonly version: string;
  readonly sha: string;
  /** On which working day before today it reached staging. */
  readonly stagedDay: number;
  readonly builtMs: number;
  readonly stagedMs: number;
}

export interface Image {
  readonly component: string;
  readonly repository: string;
  readonly index: string;
  readonly manifests: readonly { readonly digest: string; readonly platform: string }[];
}

/** Days on which people work, counted back from the last one before today. */
export function workingDay(todayMs: number, n: number): number {
  let ms = todayMs;
  for (let left = n; left > 0; ) {
    ms -= DAY_MS;
    const weekday = new Date(ms).getUTCDay();
    if (weekday !== 0 && weekday !== 6) left--;
  }
  return ms;
}

/** When a migration was made, as most tools number them. */
const migrationOf = ({ builtMs }: Release): string =>
  new Date(builtMs - 30 * MINUTE_MS).toISOString().replaceAll(/\D/g, "").slice(0, 14);

const short = ({ name }: Service): string => name.split("/")[1] ?? name;
export const is = (incident: { service: string; release: number }, { service, n }: Release): boolean =>
  incident.service === service.name && incident.release === n;

/** Those who report, on one day: they say what they are told to, and everything they said is in `events`. */
export function telling(day: string, seed: string) {
  const todayMs = Date.parse(`${day}T00:00:00Z`);
  const events: Event[] = [];

  const hashOf = (what: string): string => sha256(`${seed} ${what}`);
  const digestOf = (what: string): string => `sha256:${hashOf(what)}`;
  const shaOf = (what: string): string => hashOf(what).slice(0, 40);
  const pick = (what: string, n: number): number => Number.parseInt(hashOf(what).slice(0, 8), 16) % n;

  /** Says something as one of those who report; ids need to be unique only within each of them. */
  function say(who: string, kind: string, id: string, ms: number, data: object): void {
    events.push(event(kind, id, new Date(ms).toISOString(), data, `/demo/${day}/${who}`));
  }

  const codeOf = ({ name }: Service): string => `https://github.com/${name}`;
  const person = (what: string): string =>
    ["octocat", "hubot", "mona", "monalisa"][pick(what, 4)] ?? "octocat";

  function imagesOf({ service, version }: Release): Image[] {
    return service.components.map((component) => {
      const repository = `ghcr.io/${service.name}${component === "main" ? "" : `-${component}`}`;
      const manifest = (platform: string) => ({
        digest: digestOf(`${repository} ${version} ${platform}`),
        platform,
      });
      const manifests = [manifest("linux/amd64"), manifest("linux/arm64")];
      return { component, repository, index: digestOf(`${repository} ${version}`), manifests };
    });
  }

  function releasesOf(service: Service): Release[] {
    return service.releases.map((stagedDay, i) => {
      const n = i + 1;
      const morning = workingDay(todayMs, stagedDay) + 8 * 60 * MINUTE_MS;
      const builtMs = morning + pick(`${service.name} ${n}`, 150) * MINUTE_MS;
      const sha = shaOf(`${service.name} ${n}`);
      return { service, n, version: `1.${n}.0`, sha, stagedDay, builtMs, stagedMs: builtMs + 20 * MINUTE_MS };
    });
  }

  /** When a release reaches an environment, where nothing goes wrong. */
  function deployedMs({ stagedDay, stagedMs }: Release, { after }: Environment): number {
    const moved = workingDay(todayMs, stagedDay - after.days) - workingDay(todayMs, stagedDay);
    return stagedMs + moved + after.minutes * MINUTE_MS;
  }

  function describe(service: Service, images: readonly Image[]): void {
    say("catalogue", "service.described", service.name, todayMs - 90 * DAY_MS, {
      service: service.name,
      owner: service.owner,
      contact: service.contact,
      repository: codeOf(service),
      images: images.map(({ repository }) => repository),
      deployTool: "kubectl",
      databases: service.database === undefined ? [] : [service.database],
      migratesAtStartup: false,
    });
  }

  function build(release: Release): void {
    const { service, version, sha, builtMs } = release;
    const id = `${service.name}/${version}`;
    const url = `${codeOf(service)}/actions/runs/${1_000_000 + pick(id, 8_999_999)}`;
    const actor = person(id);
    const commit = { repository: codeOf(service), sha, ref: "refs/heads/main" };
    say("ci", "evidence.attached", `${id}/review`, builtMs - 40 * MINUTE_MS, {
      commit: sha,
      type: "approval",
      verdict: "approved",
      by: person(`${id} reviewer`),
    });
    say("ci", "evidence.attached", `${id}/tests`, builtMs - 2 * MINUTE_MS, {
      commit: sha,
      type: "test",
      verdict: "passed",
      url,
    });
    for (const { component, repository, index } of imagesOf(release)) {
      const committedAt = new Date(builtMs - 60 * MINUTE_MS).toISOString();
      const requires =
        service.database === undefined || !service.migrations.includes(release.n)
          ? {}
          : { requires: [{ database: service.database, version: migrationOf(release) }] };
      const built = {
        digest: index,
        commit: { ...commit, committedAt },
        repository,
        url,
        actor,
        ...requires,
      };
      say("ci", "artifact.built", `${id}/${component}`, builtMs, built);
    }
  }

  function push(release: Release): void {
    const { service, version, builtMs } = release;
    for (const { component, repository, index, manifests } of imagesOf(release)) {
      const id = `${service.name}/${version}/${component}`;
      const ms = builtMs + MINUTE_MS;
      const pushed = (what: string, digest: string, more: object) =>
        say("registry", "artifact.pushed", `${id}/${what}`, ms, { digest, repository, ...more });
      for (const { digest, platform } of manifests) {
        const mediaType = "application/vnd.oci.image.manifest.v1+json";
        pushed(platform, digest, { mediaType, platform, size: 1000 + pick(digest, 9000) });
      }
      const tags = [version, ...(service.byTag === undefined ? [] : [service.byTag])];
      const mediaType = "application/vnd.oci.image.index.v1+json";
      for (const tag of tags) pushed(tag, index, { tag, mediaType, size: 1609 });
      say("registry", "artifact.indexed", `${id}/index`, ms, { digest: index, manifests });
    }
  }

  const placeOf = (service: Service, { name, group }: Environment) => ({
    environment: name,
    ...(group === undefined ? {} : { group }),
    service: service.name,
  });

  /** What a deployment of a release says at each of its steps. */
  function deployment(release: Release, environment: Environment, attempt = "", more: object = {}) {
    const { service, version, sha } = release;
    const id = `${service.name}/${version}/${environment.name}${attempt}`;
    const number = String(100_000_000 + pick(id, 899_999_999));
    const components = imagesOf(release).map(({ component, repository, index }) => ({
      component,
      repository,
      ...(service.byTag === undefined ? { digest: index, tag: version } : { tag: service.byTag }),
    }));
    const data = {
      ...placeOf(service, environment),
      deployment: { provider: "github", instance: "github.com", id: number },
      components,
      commit: { repository: codeOf(service), sha, ref: "refs/heads/main" },
      config: [
        {
          repository: CONFIG,
          revision: shaOf(`config ${id}`),
          path: `envs/${environment.name}/${short(service)}.yaml`,
        },
      ],
      cluster: environment.cluster,
      namespace: short(service),
      actor: person(id),
      url: `${codeOf(service)}/deployments/${number}`,
      ...more,
    };
    return (step: "started" | "succeeded" | "failed", ms: number) =>
      say("deployer", `deployment.${step}`, `${id}/${step}`, ms, data);
  }

  function migrate(
    release: Release,
    environment: Environment,
    step: "applied" | "reverted",
    ms: number,
  ): void {
    const { service, version, n, sha } = release;
    if (service.database === undefined || !service.migrations.includes(n)) return;
    say("migrations", `migration.${step}`, `${service.name}/${version}/${environment.name}/${step}`, ms, {
      ...placeOf(service, environment),
      database: service.database,
      version: migrationOf(release),
      tool: service.tool,
      description: `for ${version}`,
      reversible: true,
      oldCodeRuns: true,
      losesData: false,
      commit: { repository: codeOf(service), sha },
      image: imagesOf(release)[0]?.index,
    });
  }

  /** What the nodes run is the manifest of their own platform; their digests are not the index's. */
  function observe(
    release: Release,
    environment: Environment,
    ms: number,
    components?: readonly object[],
  ): void {
    const { service } = release;
    const at = new Date(ms).toISOString();
    const running = imagesOf(release).map(({ component, repository, manifests }) => ({
      component,
      repository,
      digest: manifests[0]?.digest,
    }));
    say(`observer/${environment.cluster}`, "deployment.observed", `${service.name}/${at}`, ms, {
      ...placeOf(service, environment),
      components: components ?? running,
      cluster: environment.cluster,
      namespace: short(service),
    });
  }

  /** What the migration tool's own table holds, read every second week. */
  function snapshots(service: Service, releases: readonly Release[]): void {
    const { database, tool } = service;
    if (database === undefined) return;
    for (const environment of [PRODUCTION, PRODUCTION_US]) {
      for (const workingDaysAgo of [50, 40, 30, 19, 10, 1]) {
        const ms = workingDay(todayMs, workingDaysAgo) + 1380 * MINUTE_MS;
        const versions = releases
          .filter((release) => service.migrations.includes(release.n) && !is(INCIDENTS.rolledBack, release))
          .map((release) => ({ release, appliedMs: deployedMs(release, environment) + MINUTE_MS }))
          .filter(({ appliedMs }) => appliedMs <= ms)
          .map(({ release }) => ({ version: migrationOf(release) }));
        const id = `${database}/${environment.name}/${new Date(ms).toISOString()}`;
        const place = placeOf(service, environment);
        say("migrations", "migration.snapshot", id, ms, { ...place, database, mode: "set", tool, versions });
      }
    }
  }

  return {
    events,
    todayMs,
    say,
    digestOf,
    imagesOf,
    releasesOf,
    deployedMs,
    describe,
    build,
    push,
    deployment,
    migrate,
    observe,
    snapshots,
  };
}
export type Telling = ReturnType<typeof telling>;
