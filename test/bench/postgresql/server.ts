/** The service in front of the plain tables, in a process of its own: the same framework, one statement a request. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import pg from "pg";
import { Columns, insertion, Table, valuesOf } from "./tables.ts";

const sql = (name: string): string => readFileSync(join(import.meta.dirname, `${name}.sql`), "utf8");
const RELEASE = `${sql("release")}${sql("details")}`;
const SNAPSHOT = `${sql("snapshot")}${sql("details")}`;

interface Found {
  readonly environment: string;
  readonly service: string;
  readonly status: string;
  readonly occurred_at: Date;
  readonly repository: string | null;
  readonly digest: string | null;
  readonly tags: readonly string[] | null;
  readonly commit: object | null;
  readonly build_url: string | null;
  readonly pushed_at: Date | null;
  readonly migrations: readonly object[] | null;
  readonly config_repository: string | null;
  readonly config_revision: string | null;
  readonly config_path: string | null;
  readonly cluster: string | null;
  readonly namespace: string | null;
  readonly provider: string | null;
  readonly instance: string | null;
  readonly deployment_id: string | null;
  readonly actor: string | null;
  readonly url: string | null;
  readonly owner: string | null;
  readonly contact: string | null;
}

const answerOf = (found: Found) => ({
  environment: found.environment,
  service: found.service,
  status: found.status === "removed" ? "removed" : "running",
  since: found.occurred_at,
  image: found.digest === null ? null : `${found.repository}@${found.digest}`,
  digest: found.digest,
  tags: found.tags ?? [],
  commit: found.commit,
  build: found.build_url,
  pushedAt: found.pushed_at,
  migrations: found.migrations ?? [],
  config:
    found.config_revision === null
      ? []
      : [{ repository: found.config_repository, revision: found.config_revision, path: found.config_path }],
  cluster: found.cluster,
  namespace: found.namespace,
  deployment: { provider: found.provider, instance: found.instance, id: found.deployment_id },
  deployedBy: found.actor,
  url: found.url,
  owner: found.owner,
  contact: found.contact,
});

function appOn(pool: pg.Pool, token: string): Hono {
  const app = new Hono();
  app.use(bearerAuth({ token }));
  app.get("/release", async (c) => {
    const { environment, service, at } = c.req.query();
    const { rows } = await pool.query<Found>({
      name: "release",
      text: RELEASE,
      values: [environment, at, service],
    });
    return rows[0] === undefined ? c.notFound() : c.json(answerOf(rows[0]));
  });
  app.get("/snapshot", async (c) => {
    const { environment, at } = c.req.query();
    const { rows } = await pool.query<Found>({ name: "snapshot", text: SNAPSHOT, values: [environment, at] });
    return c.json({ releases: rows.map(answerOf) });
  });
  app.post("/:table", async (c) => {
    const table = Table.parse(c.req.param("table"));
    const columns = Columns.parse(await c.req.json());
    const { rowCount } = await pool.query({
      name: table,
      text: insertion(table),
      values: valuesOf({ table, columns }),
    });
    return rowCount === 1 ? c.json({ outcome: "recorded" }, 201) : c.json({ outcome: "duplicate" }, 200);
  });
  return app;
}

function main(url: string, token: string, connections: number): void {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  const app = appOn(pool, token);
  serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => {
    process.send?.({ address: `http://127.0.0.1:${port}` });
  });
  process.once("disconnect", () => process.exit(0));
}

main(process.argv[2] ?? "", process.argv[3] ?? "", Number(process.argv[4]));
