/** Statements, tersely: what the tables of the rules tell, with defaults for what a case is not about. */
import type { Statement } from "../../schemas/fact.ts";
import { digestOf, said, shaOf } from "./given.ts";

/** What the tables speak of where they say nothing else. */
export const REPOSITORY = "ghcr.io/acme/billing";
export const CODE = "https://github.com/acme/billing";
export const PLACE = { environment: "production", service: "acme/billing" };

/** `08:10`, `08:10:30`: of 20 October 2026; `21 08:10`: of another day of that month. Whole times stay. */
export function time(text: string): string {
  const clock = /^(?:(\d{2}) )?(\d{2}:\d{2})(:\d{2}(?:\.\d{3})?)?$/.exec(text);
  if (clock === null) return text;
  const [, day = "20", minutes, seconds = ":00"] = clock;
  return new Date(`2026-10-${day}T${minutes}${seconds}Z`).toISOString();
}

export const image = digestOf;
export const sha = shaOf;
export const deployment = (id: string) => ({ provider: "github", instance: "github.com", id });
export const main = (fields: object = {}) => ({ component: "main", ...fields });
export const component = (name: string, fields: object = {}) => ({ component: name, ...fields });
export const committed = (name: string) => ({ commit: { repository: CODE, sha: sha(name) } });

export const pushed = (at: string, digest: string, more: object = {}): Statement =>
  said("artifact.pushed", time(at), { digest, repository: REPOSITORY, ...more });

/** `what` is a manifest, a tag, or not known which. */
export const deleted = (at: string, what: string, more: object): Statement =>
  said("artifact.deleted", time(at), { what, repository: REPOSITORY, ...more });

export const restored = (at: string, what: string, more: object): Statement =>
  said("artifact.restored", time(at), { what, repository: REPOSITORY, ...more });

/** A repository that has another name from now on. */
export const renamed = (at: string, from: string, to: string, more: object = {}): Statement =>
  said("repository.renamed", time(at), { from, to, ...more });

export const indexed = (digest: string, ...manifests: readonly (string | object)[]): Statement =>
  said("artifact.indexed", time("19 10:00"), {
    digest,
    manifests: manifests.map((one) => (typeof one === "string" ? { digest: one } : one)),
  });

export const built = (digest: string, commit: string, more: object = {}): Statement =>
  said("artifact.built", time("19 09:00"), {
    digest,
    ...committed(commit),
    evidence: "oidc",
    ...more,
  });

const deployer = (kind: Statement["kind"]) => (at: string, components: readonly object[], more?: object) =>
  said(kind, time(at), { ...PLACE, deployment: deployment("1"), components, ...more });

export const started = deployer("deployment.started");
export const succeeded = deployer("deployment.succeeded");
export const failed = deployer("deployment.failed");

export const removed = (at: string, more: object = PLACE): Statement =>
  said("deployment.removed", time(at), { environment: PLACE.environment, ...more });

export const observed = (at: string, components: readonly object[], more: object = {}): Statement =>
  said("deployment.observed", time(at), { ...PLACE, components, ...more });

export const task = (at: string, digest: string, more: object = {}): Statement =>
  said("task.observed", time(at), {
    ...PLACE,
    deployment: deployment("1"),
    component: "main",
    digest,
    ...more,
  });

export const described = (fields: object, at = "01 09:00"): Statement =>
  said("service.described", time(at), { service: PLACE.service, ...fields });

/** Fields given as undefined are left out, where a case needs to go without a default. */
const present = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const schema = { ...PLACE, database: "billing" };

export const migration = (
  kind: "applied" | "reverted" | "failed",
  at: string,
  version: string,
  more: object = {},
): Statement => said(`migration.${kind}`, time(at), present({ ...schema, version, ...more }));

export const snapshot = (
  at: string,
  mode: "set" | "head",
  versions: readonly (string | object)[],
  more: object = {},
): Statement =>
  said("migration.snapshot", time(at), {
    ...schema,
    mode,
    versions: versions.map((one) => (typeof one === "string" ? { version: one } : one)),
    ...more,
  });

/** The part of a statement that says it holds for its components alone. */
export const partly = { scope: "components" };
