#!/usr/bin/env node
/**
 * What deploys the shop: puts the release of ASOF_IMAGE in place, looks whether it answers, and tells the ledger what
 * runs and which migrations the database has. What it is given goes to `asof record deploy`.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const { ASOF_IMAGE = "", ASOF_ENVIRONMENT = "", ASOF_SERVICE = "" } = process.env;
const place = ["--environment", ASOF_ENVIRONMENT, "--service", ASOF_SERVICE, "--strict"];
const run = (program, ...args) => execFileSync(program, args, { cwd: here, stdio: "inherit" });

const release = readdirSync(here)
  .filter((name) => name.startsWith("release-"))
  .find((name) => ASOF_IMAGE.endsWith(`@${readFileSync(join(here, name, "digest"), "utf8")}`));
if (release === undefined) throw new Error(`no release here is ${ASOF_IMAGE}`);

writeFileSync(join(here, "running"), release);
run(process.execPath, "shop.mjs");
run("asof", "migrations", ...place, "--database", "shop");
run("asof", "record", "deploy", ...place, "--image", ASOF_IMAGE, ...process.argv.slice(2));
