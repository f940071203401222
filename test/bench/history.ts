/**
 * A believable quarter of a firm: each service builds, pushes, deploys and migrates in turn. Of its facts 40% are
 * pushes and builds, 40% deployments, 10% migrations, 10% others.
 */
import { sha256 } from "../../functions/ledger/canonical.ts";
import type { Kind, StatementOf } from "../../schemas/fact.ts";

type Said = { [K in Kind]: StatementOf<K> }[Kind];

export interface Place {
  readonly environment: string;
  readonly service: string;
}

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 3, 1);
export const DAYS = 90;

/** A moment of the quarter, from 0 (its start) to 1. */
export const moment = (part: number): string =>
  new Date(START_MS + Math.trunc(part * DAYS * DAY_MS)).toISOString();

/** The nth day of the quarter. */
export const dayOf = (n: number): string => new Date(START_MS + n * DAY_MS).toISOString().slice(0, 10);

export const digestOf = (name: string): string => `sha256:${sha256(name)}`;
const shaOf = (name: string): string => sha256(name).slice(0, 40);

/** A deployer's number of a deployment, which no other deployment has. */
const numberOf = (name: string): string => String(Number.parseInt(sha256(name).slice(0, 12), 16));

/** What one service says of itself once. */
export function described({ service }: Place, occurredAt: string): Said {
  const short = service.split("/").at(-1) ?? service;
  return {
    kind: "service.described",
    source: `/ci/${service}`,
    id: "describe/1",
    occurredAt,
    service,
    owner: `team-${short}`,
    contact: `#${short}-oncall`,
    repository: `https://github.com/${service}`,
    images: [`ghcr.io/${service}`],
    deployTool: "kubectl",
    databases: [short],
    migratesAtStartup: false,
  };
}

/** Everything that the facts of one release have in common. */
function about({ environment, service }: Place, run: number) {
  const short = service.split("/").at(-1) ?? service;
  const code = `https://github.com/${service}`;
  const name = `${service} ${run}`;
  return {
    short,
    place: { environment, service },
    ci: { source: `/ci/${service}`, actor: "octocat", url: `${code}/actions/runs/${run}` },
    digest: digestOf(name),
    repository: `ghcr.io/${service}`,
    tag: `1.${Math.trunc(run / 10)}.${run % 10}`,
    commit: { repository: code, sha: shaOf(name), ref: "refs/heads/main" },
    deployment: { provider: "github", instance: "github.com", id: numberOf(name) },
    config: { repository: "https://github.com/acme/deploy", revision: shaOf(`config ${name}`) },
  };
}

/** The facts of one run of a pipeline: built, pushed, deployed. */
function released(where: Place, run: number, at: (n: number) => string): Said[] {
  const { place, ci, digest, repository, tag, commit, deployment, config, short } = about(where, run);
  const deployed = {
    ...ci,
    ...place,
    deployment,
    components: [{ component: "main", repository, digest, tag }],
    commit,
    config: [{ ...config, path: `envs/${where.environment}/${short}.yaml` }],
    cluster: "eu-1",
    namespace: short,
  };
  const id = deployment.id;
  return [
    {
      kind: "artifact.built",
      ...ci,
      id: `build/${run}`,
      occurredAt: at(0),
      digest,
      commit,
      repository,
      evidence: "declared",
    },
    {
      kind: "artifact.pushed",
      ...ci,
      id: `push/${run}`,
      occurredAt: at(1),
      digest,
      repository,
      tag,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      size: 1609,
    },
    { kind: "deployment.started", ...deployed, id: `deploy/${id}/started`, occurredAt: at(2) },
    { kind: "deployment.succeeded", ...deployed, id: `deploy/${id}/succeeded`, occurredAt: at(4) },
  ];
}

function migrated(where: Place, run: number, occurredAt: string): Said {
  const { ci, place, short, digest } = about(where, run);
  const version = `2026${String(run).padStart(10, "0")}`;
  return {
    kind: "migration.applied",
    ...ci,
    ...place,
    id: `migrate/${version}/up`,
    occurredAt,
    database: short,
    version,
    tool: "knex",
    description: "add invoice currency",
    reversible: true,
    oldCodeRuns: true,
    losesData: "unknown",
    image: digest,
  };
}

/** The rest takes turns: test results, what the runtime shows (it is what was deployed), an index with its manifests. */
function other(where: Place, n: number, run: number, occurredAt: string): Said {
  const { ci, place, digest, commit, deployment, repository, tag } = about(where, run);
  const observer = { source: "/observer/eu-1", occurredAt };
  switch (n % 4) {
    case 0:
      return {
        kind: "evidence.attached",
        ...ci,
        id: `tests/${run}`,
        occurredAt,
        commit: commit.sha,
        type: "test",
        verdict: "passed",
      };
    case 1:
      return {
        kind: "task.observed",
        ...observer,
        id: `pod/${place.service}/${run}`,
        ...place,
        deployment,
        component: "main",
        digest,
      };
    case 2:
      return {
        kind: "deployment.observed",
        ...observer,
        id: `${place.service}/${occurredAt}`,
        ...place,
        components: [{ component: "main", repository, digest, tag }],
        cluster: "eu-1",
      };
    default:
      return {
        kind: "artifact.indexed",
        ...ci,
        id: `index/${run}`,
        occurredAt,
        digest,
        manifests: [
          { digest: digestOf(`amd64 ${digest}`), platform: "linux/amd64" },
          { digest: digestOf(`arm64 ${digest}`), platform: "linux/arm64" },
        ],
      };
  }
}

/** Facts of one turn: two releases, one migration, one other. */
export const TURN = 10;

/** One turn of a service, beginning at a part of the quarter and lasting a few minutes. */
export function turn(where: Place, n: number, part: number): Said[] {
  const start = Date.parse(moment(part));
  const at = (minute: number) => (step: number) => new Date(start + (minute + step) * 60_000).toISOString();
  const [first, second] = [2 * n, 2 * n + 1];
  return [
    ...released(where, first, at(0)),
    migrated(where, first, at(0)(3)),
    ...released(where, second, at(10)),
    other(where, n, second, at(10)(5)),
  ];
}

/** The service with the longest history: a tenth of all facts. */
export const BUSY: Place = { environment: "production", service: "acme/billing" };
/** An environment with few services, beside production with many. */
export const STAGING = { environment: "staging", services: 35 };

const numbered = (environment: string, prefix: string, count: number): Place[] =>
  Array.from({ length: count }, (_, n) => ({
    environment,
    service: `acme/${prefix}-${String(n).padStart(4, "0")}`,
  }));

export interface Extent {
  readonly facts: number;
  /** Services in production, the busy one among them. */
  readonly services: number;
}

/** The facts of a quarter in order of time, the busy service's among all others'. */
export function* quarter({ facts, services }: Extent): Generator<Said> {
  const others = [
    ...numbered("production", "service", services - 1),
    ...numbered(STAGING.environment, "stage", STAGING.services),
  ];
  for (const place of [BUSY, ...others]) yield described(place, moment(0));
  const turns = Math.max(Math.trunc(facts / TURN), others.length);
  const counts = new Map<Place, number>();
  for (let n = 0; n < turns; n++) {
    // Each of the others has its first turn early, so that even a short history has all services.
    const place = n % 10 === 0 ? BUSY : (others[(n - Math.trunc(n / 10) - 1) % others.length] ?? BUSY);
    const count = counts.get(place) ?? 0;
    counts.set(place, count + 1);
    yield* turn(place, count, n / turns);
  }
}

/** Deployments alone: each service in turn, evenly over the days before a time. */
export function* deployments(
  { services, each, days }: { readonly services: number; readonly each: number; readonly days: number },
  now: number,
): Generator<Said> {
  const places = numbered("production", "service", services);
  for (let n = 0; n < services * each; n++) {
    const place = places[n % services] ?? BUSY;
    const at = new Date(now - days * DAY_MS * (1 - n / (services * each))).toISOString();
    yield* released(place, Math.trunc(n / services), () => at).filter(
      ({ kind }) => kind === "deployment.succeeded",
    );
  }
}

/** Moments all over the quarter, so that no answer stands at an end of its history. */
export const MOMENTS = Array.from({ length: 20 }, (_, n) => moment((n + 2) / 24));

/** The end of the quarter. */
export const END = moment(1);
