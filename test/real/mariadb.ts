/** A real MariaDB (Debian's `mariadb-server-core`), on a free port of the loopback. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import mysql from "mysql2/promise";
import { freePort } from "./registry.ts";

export interface Mariadb {
  /** Makes a database; gives its address. */
  readonly database: (name: string) => Promise<string>;
  readonly query: (url: string, sql: string) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

export async function startMariadb(folder: string): Promise<Mariadb> {
  mkdirSync(folder);
  const data = join(folder, "data");
  mkdirSync(data);
  const port = await freePort();
  const socket = join(folder, "socket");
  // Without tables of its own it lets in whoever asks.
  const settings = [
    ...["--no-defaults", "--skip-grant-tables", `--datadir=${data}`, `--socket=${socket}`],
    ...[`--port=${port}`, "--bind-address=127.0.0.1", "--skip-networking=0"],
    ...(process.getuid?.() === 0 ? ["--user=root"] : []),
  ];
  const child = spawn("mariadbd", settings, { stdio: "ignore" });
  const queried = async (options: mysql.ConnectionOptions, sql: string): Promise<unknown> => {
    const connection = await mysql.createConnection(options);
    try {
      return (await connection.query(sql))[0];
    } finally {
      await connection.end();
    }
  };
  const administer = (sql: string) => queried({ socketPath: socket, user: "root" }, sql);
  const isUp = () =>
    administer("SELECT 1").then(
      () => true,
      () => false,
    );
  for (let n = 0; !(await isUp()); n++) {
    if (n === 100 || child.exitCode !== null) throw new Error("mariadbd does not start");
    await setTimeout(100);
  }
  return {
    database: async (name) => {
      await administer(`CREATE DATABASE \`${name}\``);
      return `mysql://asof:a-password@127.0.0.1:${port}/${name}`;
    },
    query: (uri, sql) => queried({ uri }, sql),
    stop: async () => {
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}
