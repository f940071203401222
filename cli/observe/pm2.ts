/** `asof observe pm2`: applications of this machine that PM2 runs (`pm2 jlist`, its list of processes as JSON). */
import { hostname } from "node:os";
import * as z from "zod";
import { CliError } from "../error.ts";
import { type Item, unknown } from "../import/importer.ts";
import { latest, observationOf } from "./machine-services.ts";
import type { Observer } from "./observer.ts";
import { printedBy } from "./program.ts";
import { codeOf } from "./program-code.ts";
import { stepMsFrom, stepOf } from "./step.ts";

const Options = z.looseObject({ host: z.string().optional(), commitFile: z.string() });

const Process = z.looseObject({
  name: z.string(),
  pm2_env: z.looseObject({
    status: z.string(),
    /** Milliseconds since 1970, of the last start. */
    pm_uptime: z.number(),
    pm_cwd: z.string().optional(),
    /** Of the package.json beside the program; `N/A` without one. */
    version: z.string().optional(),
    /** What PM2 reads of the repository that the program lies in. */
    versioning: z.looseObject({ revision: z.string().nullish() }).nullish(),
  }),
});
type Process = z.infer<typeof Process>;

/** The list is printed after notices, where PM2 has something to tell. */
function processesIn(text: string): Process[] {
  try {
    return z.array(Process).parse(JSON.parse(text.slice(text.indexOf("[{"))));
  } catch (cause) {
    if (/\[\]\s*$/.test(text)) return [];
    throw new CliError("pm2: jlist prints no list of processes", { cause });
  }
}

const shownOf = ({ pm2_env: { pm_cwd, version, versioning } }: Process, commitFile: string) =>
  codeOf({ folder: pm_cwd, commit: versioning?.revision ?? undefined, version }, commitFile);

/** One application: its processes run one code, or it is between two. */
function itemOf(
  name: string,
  processes: readonly Process[],
  { host, step, commitFile }: { host: string; step: string; commitFile: string },
): Item | undefined {
  const online = processes.filter(({ pm2_env }) => pm2_env.status === "online");
  const all = online.map((one) => shownOf(one, commitFile));
  const since = latest(online.map(({ pm2_env }) => new Date(pm2_env.pm_uptime).toISOString()));
  const [shown] = all;
  if (since === undefined)
    return processes.some(({ pm2_env }) => pm2_env.status === "errored")
      ? unknown("what an application runs that PM2 gave up", name)
      : undefined;
  if (shown === undefined)
    return unknown("which code an application runs: it has no repository, commit file or package.json", name);
  if (new Set(all.map((one) => JSON.stringify(one))).size > 1)
    return unknown("what an application runs whose processes run different code", name);
  return observationOf("pm2", host, step, { environment: host, service: name, since, shown });
}

export const pm2: Observer = {
  name: "pm2",
  summary: "applications of this machine that PM2 runs",
  help: `
Examples:
  asof observe pm2 --every 60s
  asof observe pm2 --host vm-1 --dry-run

Of each application that is online: since when, and the commit of the repository that it lies in, else that in a file of its folder
(REVISION), else the version of its package.json. Run it as the user whose PM2 it is.`,
  options: (command) =>
    command
      .option("--commit-file <file>", "the file with the commit, from the application's folder", "REVISION")
      .option("--host <name>", "the name of this machine, for the environment (default: its host name)"),
  open(given, { env, now }) {
    const { host = hostname(), commitFile } = Options.parse(given);
    const stepMs = stepMsFrom(env);
    return {
      async *look() {
        const processes = processesIn(await printedBy("pm2", ["jlist"], env));
        const place = { host, commitFile, step: stepOf(now(), stepMs) };
        for (const name of new Set(processes.map((one) => one.name))) {
          const own = processes.filter((one) => one.name === name);
          const item = itemOf(name, own, place);
          if (item !== undefined) yield item;
        }
      },
    };
  },
};
