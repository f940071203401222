/** `asof observe systemd`: services of this machine that systemd runs (systemctl(1), `show`). */
import { hostname } from "node:os";
import * as z from "zod";
import { type Item, unknown } from "../import/importer.ts";
import { observationOf } from "./machine-services.ts";
import type { Observer } from "./observer.ts";
import { printedBy } from "./program.ts";
import { codeOf } from "./program-code.ts";
import { stepMsFrom, stepOf } from "./step.ts";

const Options = z.looseObject({
  args: z.array(z.string()),
  host: z.string().optional(),
  commitFile: z.string(),
});

const PROPERTIES = [
  "Id",
  "LoadState",
  "ActiveState",
  "SubState",
  "ExecMainStartTimestamp",
  "WorkingDirectory",
];

type Unit = ReadonlyMap<string, string>;

/** The units of `systemctl show`: lines `Property=value`, with an empty line between two units. */
const unitsIn = (text: string): Unit[] =>
  text
    .trim()
    .split(/\n\n+/)
    .map(
      (block) =>
        new Map(block.split("\n").map((line) => [line.replace(/=.*/s, ""), line.replace(/^[^=]*=/, "")])),
    );

/** Since when its main process runs: `@` and seconds since 1970. */
function sinceOf(unit: Unit): string | undefined {
  const seconds = Number(/^@(\d+)/.exec(unit.get("ExecMainStartTimestamp") ?? "")?.[1] ?? Number.NaN);
  return Number.isNaN(seconds) || seconds === 0 ? undefined : new Date(seconds * 1000).toISOString();
}

/** An absolute path; a `!` or `-` before it says how systemd takes it. */
const folderOf = (unit: Unit): string | undefined =>
  /^[-!]*(\/.*)$/.exec(unit.get("WorkingDirectory") ?? "")?.[1];

function itemOf(unit: Unit, host: string, step: string, commitFile: string): Item | undefined {
  const id = unit.get("Id") ?? "?";
  if (unit.get("LoadState") !== "loaded") return unknown("a unit that systemd does not know", id);
  if (unit.get("SubState") === "auto-restart")
    return unknown("what a unit runs that is started again and again", id);
  const since = sinceOf(unit);
  if (unit.get("ActiveState") !== "active" || since === undefined) return undefined;
  const shown = codeOf({ folder: folderOf(unit) }, commitFile);
  if (shown === undefined)
    return unknown("which code a unit runs: it has no commit file and no package.json", id);
  return observationOf("systemd", host, step, {
    environment: host,
    service: id.replace(/\.service$/, ""),
    since,
    shown,
  });
}

export const systemd: Observer = {
  name: "systemd",
  summary: "services of this machine that systemd runs",
  help: `
Examples:
  asof observe systemd billing.service web.service --every 60s
  asof observe systemd billing --commit-file /srv/billing/current/COMMIT --dry-run

Of each unit that is active: since when its main process runs, and the commit in a file of its working directory (REVISION, as
Capistrano and others write it), else the version of the package.json there. The environment is the machine, the service the unit.`,
  options: (command) =>
    command
      .argument("<units...>", "like billing.service")
      .option("--commit-file <file>", "the file with the commit, from the working directory", "REVISION")
      .option("--host <name>", "the name of this machine, for the environment (default: its host name)"),
  open(given, { env, now }) {
    const { args, host = hostname(), commitFile } = Options.parse(given);
    const stepMs = stepMsFrom(env);
    return {
      async *look() {
        const show = ["show", "--timestamp=unix", `--property=${PROPERTIES.join(",")}`, "--", ...args];
        const text = await printedBy("systemctl", show, env);
        for (const unit of unitsIn(text)) {
          const item = itemOf(unit, host, stepOf(now(), stepMs), commitFile);
          if (item !== undefined) yield item;
        }
      },
    };
  },
};
