/** What is told of one service: its images, its deployments, and what lengthens its history. */
import type { Statement } from "../../schemas/fact.ts";
import { day, deployed, digestOf, observed, repositoryOf, said, shaOf } from "../ledger/given.ts";

export const ENVIRONMENT = "production";
const SERVICE = "acme/billing";
export const HERE = { environment: ENVIRONMENT, service: SERVICE };
/** When it is asked what ran. */
export const AT = day(20);

export const REPOSITORY = repositoryOf(SERVICE);
const START = day(20, "08:00");
export const END = day(20, "08:11");

export const times = (n: number, make: (i: number) => readonly Statement[]): Statement[] =>
  Array.from({ length: n }, (_, i) => make(i)).flat();
/** The `i`th minute of a morning. */
export const minute = (date: number, i: number): string =>
  day(date, `${String(Math.floor(i / 60)).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}`);

export const idOf = (id: string) => ({ provider: "test", instance: "here", id });
export const effect = (
  kind: Statement["kind"],
  at: string,
  components: readonly object[],
  more: object = {},
) => said(kind, at, { ...HERE, deployment: idOf("current"), components, ...more });
/** A deployment of which start and end were said. */
export const ran = (components: readonly object[], more: object = {}): Statement[] => [
  effect("deployment.started", START, components, more),
  effect("deployment.succeeded", END, components, more),
];
export const PART = { scope: "components", deployment: idOf("part") };

export const main = (fields: object = {}) => [{ component: "main", ...fields }];
export const pushed = (at: string, image: string, tag?: string): Statement =>
  said("artifact.pushed", at, {
    digest: digestOf(image),
    repository: REPOSITORY,
    ...(tag === undefined ? {} : { tag }),
  });

/** A repository has another name from then on. */
export const renamed = (at: string, from: string, to: string): Statement =>
  said("repository.renamed", at, { from, to });

const CHILDREN = ["amd64", "arm64"];
/** An index of two platforms with their configs, pushed under a tag, and where it was built from. */
export const image = (name: string, tag: string): Statement[] => [
  pushed(day(19), name, tag),
  ...CHILDREN.map((platform) => pushed(day(19), `${name} ${platform}`)),
  said("artifact.indexed", day(19), {
    digest: digestOf(name),
    manifests: CHILDREN.map((platform) => ({
      digest: digestOf(`${name} ${platform}`),
      configDigest: digestOf(`${name} ${platform} config`),
    })),
  }),
  said("artifact.built", day(19), {
    digest: digestOf(name),
    commit: { repository: "https://git.example/billing", sha: shaOf(name) },
    repository: REPOSITORY,
    evidence: "oidc",
  }),
];

const migrated = (at: string, version: number): Statement =>
  said("migration.applied", at, { ...HERE, database: "billing", version: String(version) });
export const shownRows = (at: string, row: object, version = "1"): Statement =>
  said("migration.snapshot", at, {
    ...HERE,
    database: "audit",
    mode: "set",
    versions: [{ version, ...row }],
  });
export const task = (
  at: string,
  component: string,
  digest: string,
  deployment = idOf("current"),
): Statement => said("task.observed", at, { environment: ENVIRONMENT, deployment, component, digest });

/** What every service has: an image that runs, another one, and a description. */
export const common = [
  said("service.described", day(1), { service: SERVICE, owner: "billing", images: [REPOSITORY] }),
  ...image("image", "1.4"),
  ...image("other", "1.3"),
];

/** What lengthens a history on both sides of the moment that is asked about. */
export const lengthened = (n: number): Statement[] =>
  times(n, (i) => [
    deployed(ENVIRONMENT, SERVICE, `before ${i}`, minute(10, i)),
    deployed(ENVIRONMENT, SERVICE, `after ${i}`, minute(25, i)),
    pushed(minute(10, i), `before ${i}`, `0.${i}`),
    pushed(minute(19, i), "image", `also-${i}`),
    pushed(minute(25, i), `after ${i}`, `2.${i}`),
    migrated(minute(10, i), i),
    migrated(minute(25, i), 1000 + i),
    renamed(minute(10, i), `${REPOSITORY}/${i}`, `${REPOSITORY}/before/${i}`),
    renamed(minute(25, i), `${REPOSITORY}/after/${i}`, `${REPOSITORY}/${i}`),
    said("evidence.attached", minute(20, i), { deployment: idOf("current"), type: "review" }),
  ]);

export const IMAGE = digestOf("image");
export const CHILD = digestOf("image amd64");
export const CONFIG = digestOf("image amd64 config");
export const LATEST = { repository: REPOSITORY, tag: "latest" };

/** Observations of one image on both sides of the moment, as a runtime shows it again and again. */
export const seen = (n: number, name: string, more: object = {}): Statement[] =>
  times(n, (i) => [
    observed(ENVIRONMENT, SERVICE, name, day(20, `09:${String(i).padStart(2, "0")}`), more),
    observed(ENVIRONMENT, SERVICE, name, minute(22, i), more),
  ]);

export const latest = (n: number): Statement[] => [
  ...times(n, (i) => [
    pushed(minute(11, i), `old ${i}`, "latest"),
    pushed(minute(23, i), `new ${i}`, "latest"),
  ]),
  pushed(day(19), "image amd64", "latest"),
];

/** Deployments of one component, before and after. */
export const parts = (n: number): Statement[] => [
  effect("deployment.succeeded", day(20, "07:00"), main({ digest: digestOf("other") })),
  ...times(n, (i) =>
    [11, 23].map((date) =>
      effect("deployment.succeeded", minute(date, i), [{ component: "web", digest: digestOf(`part ${i}`) }], {
        scope: "components",
        deployment: idOf(`part ${date} ${i}`),
      }),
    ),
  ),
];
