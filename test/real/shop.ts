/** A service that keeps orders in PostgreSQL: three releases, each of which brings one migration and needs it. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { putTool } from "./images.ts";
import { Layout, run } from "./registry.ts";

export interface ShopRelease {
  readonly version: string;
  /** As Knex names it. */
  readonly migration: string;
  readonly up: string;
  readonly down: string;
  /** Whether to revert it loses data, and whether the release before runs on the new schema. */
  readonly losesData: boolean;
  readonly oldCodeRuns: boolean;
  /** What it writes for each order. */
  readonly order: Readonly<Record<string, string>>;
}

export const RELEASES: readonly [ShopRelease, ShopRelease, ShopRelease] = [
  {
    version: "1.0",
    migration: "20260101120000_orders.js",
    up: "CREATE TABLE orders (id serial PRIMARY KEY, customer text NOT NULL)",
    down: "DROP TABLE orders",
    losesData: true,
    oldCodeRuns: false,
    order: { customer: "acme" },
  },
  {
    version: "2.0",
    migration: "20260201120000_currency.js",
    up: `ALTER TABLE orders ADD currency text NOT NULL DEFAULT 'EUR';
ALTER TABLE orders ALTER currency DROP DEFAULT`,
    down: "ALTER TABLE orders DROP currency",
    losesData: true,
    oldCodeRuns: false,
    order: { customer: "acme", currency: "USD" },
  },
  {
    version: "3.0",
    migration: "20260301120000_by_currency.js",
    up: "CREATE INDEX orders_by_currency ON orders (currency)",
    // Not to be had once the column is gone: the newest goes first.
    down: "DROP INDEX orders_by_currency",
    losesData: false,
    oldCodeRuns: true,
    order: { customer: "acme", currency: "CHF" },
  },
];

const KNEXFILE = `module.exports = { client: "pg", connection: process.env.DATABASE_URL };
`;

const migrationFile = ({ up, down }: ShopRelease): string => `
exports.up = (knex) => knex.raw(${JSON.stringify(up)});
exports.down = (knex) => knex.raw(${JSON.stringify(down)});
`;

/** Whoever asks makes an order, and is told by which release. */
const serviceFile = ({ version, order }: ShopRelease): string => `
const knex = require("knex")(require("./knexfile.js"));
const tell = (answer, status, text) => answer.writeHead(status).end(text);
require("node:http")
  .createServer((_, answer) =>
    knex("orders").insert(${JSON.stringify(order)}).then(
      () => tell(answer, 200, "${version}"),
      (error) => tell(answer, 500, error.message),
    ),
  )
  .listen(process.env.PORT, "127.0.0.1");
`;

/** Builds images of the service. */
export interface Shop {
  readonly layout: Layout;
  /** Makes an image of a release; built again, it is another one. */
  readonly build: (name: string, release: ShopRelease) => Promise<void>;
}

/** @param folder made here; not the root of anything else */
export async function buildShop(folder: string): Promise<Shop> {
  mkdirSync(folder);
  const layout = await Layout.create(join(folder, "oci"));
  const base = `${layout.folder}:base`;
  const root = join(folder, "root");
  putTool(root, "knex", ["pg"]);
  writeFileSync(join(root, "app", "knexfile.js"), KNEXFILE);
  await run("umoci", "new", "--image", base);
  await run("umoci", "insert", "--image", base, root, "/");
  const settings = {
    workingdir: "/app",
    env: "PATH=/usr/bin:/bin",
    cmd: "service.js",
    entrypoint: "node",
    stopsignal: "SIGKILL",
  };
  const flags = Object.entries(settings).map(([name, value]) => `--config.${name}=${value}`);
  await run("umoci", "config", "--image", base, ...flags);
  return {
    layout,
    build: async (name, release) => {
      const files = join(folder, name);
      // A checkout of the release holds its own migration and those before it.
      const so = RELEASES.slice(0, RELEASES.indexOf(release) + 1);
      mkdirSync(join(files, "migrations"), { recursive: true });
      for (const one of so) writeFileSync(join(files, "migrations", one.migration), migrationFile(one));
      writeFileSync(join(files, "service.js"), serviceFile(release));
      await run("umoci", "insert", "--image", base, "--tag", name, files, "/app");
      rmSync(files, { recursive: true });
    },
  };
}
