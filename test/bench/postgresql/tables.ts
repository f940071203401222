/** Where a statement goes in the plain tables of `schema.sql`. */
import * as z from "zod";
import type { Component, Statement, StatementOf } from "../../../schemas/fact.ts";

const COMMON = ["source", "id", "occurred_at"];
const LINKED = [...COMMON, "actor", "url"];

/** The columns of each table that a report fills. */
const COLUMNS = {
  deployments: [
    ...LINKED,
    ...["status", "environment", "service", "provider", "instance", "deployment_id"],
    ...["repository", "digest", "tag", "commit_repository", "commit_sha", "commit_ref"],
    ...["config_repository", "config_revision", "config_path", "cluster", "namespace"],
  ],
  builds: [...LINKED, "digest", "repository", "commit_repository", "commit_sha", "commit_ref", "evidence"],
  pushes: [...LINKED, "digest", "repository", "tag", "media_type", "size"],
  migrations: [
    ...LINKED,
    ...[
      "status",
      "environment",
      "service",
      "database",
      "version",
      "tool",
      "description",
      "reversible",
      "image",
    ],
  ],
  services: [...COMMON, "service", "owner", "contact", "repository", "databases"],
  reports: [...COMMON, "kind", "body"],
} as const;

export const Table = z.enum(["deployments", "builds", "pushes", "migrations", "services", "reports"]);
export type Table = z.infer<typeof Table>;

/** What a report says, by column; what it does not say is absent, and null in the table. */
export const Columns = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).optional(),
);
type Columns = z.infer<typeof Columns>;

export interface Row {
  readonly table: Table;
  readonly columns: Columns;
}

export const valuesOf = ({ table, columns }: Row) => COLUMNS[table].map((name) => columns[name] ?? null);

/** Inserts so many rows, each once: a report that comes again inserts nothing. */
export function insertion(table: Table, rows = 1): string {
  const names = COLUMNS[table];
  const values = Array.from(
    { length: rows },
    (_, row) => `(${names.map((_, n) => `$${row * names.length + n + 1}`)})`,
  );
  return `INSERT INTO ${table} (${names}) VALUES ${values} ON CONFLICT (source, id) DO NOTHING`;
}

type Deployed = StatementOf<
  | "deployment.started"
  | "deployment.succeeded"
  | "deployment.failed"
  | "deployment.removed"
  | "deployment.observed"
>;
type Migrated = StatementOf<"migration.applied" | "migration.reverted" | "migration.failed">;

const afterDot = (kind: string): string => kind.slice(kind.indexOf(".") + 1);

const sent = ({ source, id, occurredAt }: Statement) => ({ source, id, occurred_at: occurredAt });
const linked = (statement: Statement) => ({
  ...sent(statement),
  actor: statement.actor,
  url: statement.url,
});

function deployed(statement: Deployed): Row {
  const { kind, environment, service, deployment, components, commit, config, cluster, namespace } =
    statement;
  const image: Partial<Component> = components?.[0] ?? {};
  const [configuration] = config ?? [];
  return {
    table: "deployments",
    columns: {
      ...linked(statement),
      status: afterDot(kind),
      environment,
      service: service ?? "",
      provider: deployment?.provider,
      instance: deployment?.instance,
      deployment_id: deployment?.id,
      repository: image.repository,
      digest: image.digest,
      tag: image.tag,
      commit_repository: commit?.repository,
      commit_sha: commit?.sha,
      commit_ref: commit?.ref,
      config_repository: configuration?.repository,
      config_revision: configuration?.revision,
      config_path: configuration?.path,
      cluster,
      namespace,
    },
  };
}

function migrated(statement: Migrated): Row {
  const { kind, environment, service, database, version, tool, description, reversible, image } = statement;
  return {
    table: "migrations",
    columns: {
      ...linked(statement),
      status: afterDot(kind),
      environment,
      service,
      database,
      version,
      tool,
      description,
      reversible: typeof reversible === "boolean" ? reversible : undefined,
      image,
    },
  };
}

function built(statement: StatementOf<"artifact.built">): Row {
  const { digest, repository, commit, evidence } = statement;
  return {
    table: "builds",
    columns: {
      ...linked(statement),
      digest,
      repository,
      commit_repository: commit.repository,
      commit_sha: commit.sha,
      commit_ref: commit.ref,
      evidence,
    },
  };
}

function pushed(statement: StatementOf<"artifact.pushed">): Row {
  const { digest, repository, tag, mediaType, size } = statement;
  return {
    table: "pushes",
    columns: {
      ...linked(statement),
      digest,
      repository,
      tag,
      media_type: mediaType,
      size,
    },
  };
}

function described(statement: StatementOf<"service.described">): Row {
  const { service, owner, contact, repository, databases } = statement;
  return {
    table: "services",
    columns: {
      ...sent(statement),
      service,
      owner,
      contact,
      repository,
      databases: databases ?? [],
    },
  };
}

export function rowOf(statement: Statement): Row {
  switch (statement.kind) {
    case "deployment.started":
    case "deployment.succeeded":
    case "deployment.failed":
    case "deployment.removed":
    case "deployment.observed":
      return deployed(statement);
    case "migration.applied":
    case "migration.reverted":
    case "migration.failed":
      return migrated(statement);
    case "artifact.built":
      return built(statement);
    case "artifact.pushed":
      return pushed(statement);
    case "service.described":
      return described(statement);
    default: {
      const { kind, source: _source, id: _id, occurredAt: _at, ...body } = statement;
      return {
        table: "reports",
        columns: { ...sent(statement), kind, body: JSON.stringify(body) },
      };
    }
  }
}
