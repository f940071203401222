#!/usr/bin/env node
/** The shop itself: asks the release that is in place (the file `running`) how many orders acme has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";

const release = process.argv[2] ?? readFileSync(join(import.meta.dirname, "running"), "utf8").trim();
const { answer } = await import(`./${release}/service.mjs`);
const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
try {
  await client.connect();
  console.log(await answer(async (sql) => (await client.query(sql)).rows));
} catch (error) {
  console.error(`${release} is broken: ${error.message}`);
  process.exitCode = 1;
} finally {
  await client.end();
}
