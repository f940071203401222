/** A real PostgreSQL (Debian's `postgresql`), on a free port of the loopback, and what it says of itself. */
import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import pg from "pg";
import * as z from "zod";
import { freePort } from "./registry.ts";

export const PASSWORD = "a-password-that-nobody-may-see";

export interface Postgresql {
  /** Makes a database; gives its address. */
  readonly database: (name: string) => Promise<string>;
  readonly stop: () => void;
}

const DEBIAN = "/usr/lib/postgresql";

/** Debian keeps each version's programs in a folder of its own; the newest. Elsewhere they are in the PATH. */
function programs(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, "bin")),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

export const isInstalled = (): boolean => programs() !== undefined;

/** PostgreSQL refuses to run as root. */
function owner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}

/**
 * @param folder made here; every folder above it must be open to all
 * @param settings as `postgresql.conf` has them; by default what is written need not survive a crash
 */
export async function startPostgresql(
  folder: string,
  settings: readonly string[] = ["fsync=off"],
): Promise<Postgresql> {
  const as = owner();
  mkdirSync(folder);
  if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid);
  const bin = programs() ?? "";
  const data = join(folder, "data");
  const run = (program: string, ...args: readonly string[]) =>
    execFileSync(join(bin, program), ["-D", data, ...args], { ...as, cwd: folder, stdio: "ignore" });
  run("initdb", "--auth=trust", "--username=asof", "--no-sync", "--encoding=UTF8", "--locale=C");
  const port = await freePort();
  const all = [`listen_addresses=127.0.0.1`, `unix_socket_directories=${folder}`, ...settings];
  const options = [`-p ${port}`, ...all.map((setting) => `-c ${setting}`)].join(" ");
  run("pg_ctl", "start", "-w", "-l", join(folder, "log"), "-o", options);
  const urlOf = (database: string) =>
    `postgres://asof:${PASSWORD}@127.0.0.1:${port}/${database}?sslmode=disable`;
  return {
    database: async (name) => {
      await queried(urlOf("postgres"), `CREATE DATABASE "${name}"`);
      return urlOf(name);
    },
    stop: () => {
      run("pg_ctl", "stop", "-w", "-m", "immediate");
    },
  };
}

export async function queried(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

export const Names = z.array(z.object({ name: z.string() }));

/** The names that a query gives. */
export const namesOf = async (url: string, sql: string): Promise<string[]> =>
  Names.parse(await queried(url, sql)).map(({ name }) => name);

/** Which of the tables that the test's migrations make are there. */
export const thingsIn = (url: string): Promise<string[]> =>
  namesOf(
    url,
    "SELECT table_name::text AS name FROM information_schema.tables WHERE table_name LIKE 'thing%' ORDER BY 1",
  );
