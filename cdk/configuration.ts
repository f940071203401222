/** The file that configures a deployment: `asof.config.ts`, `.mjs`, `.json` or `.yaml`. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parse as parseYaml } from "yaml";
import { ConfigurationError, parse } from "../functions/runtime/config/secrets.ts";
import { Configuration } from "./settings.ts";

const FILES = ["asof.config.ts", "asof.config.mjs", "asof.config.json", "asof.config.yaml"];

async function contentOf(path: string): Promise<unknown> {
  if (!/\.(ts|mjs)$/.test(path)) return parseYaml(readFileSync(path, "utf8"));
  const loaded: { default?: unknown } = await import(pathToFileURL(path).href);
  return loaded.default;
}

/**
 * The configuration of a folder: that of its one file, or the defaults without a file.
 * @param named a file, if another one is meant
 * @throws ConfigurationError
 */
export async function configurationIn(folder: string, named?: string): Promise<Configuration> {
  const found = named === undefined ? FILES.filter((name) => existsSync(join(folder, name))) : [named];
  const [name, other] = found;
  if (name === undefined) return Configuration.parse({});
  if (other !== undefined) throw new ConfigurationError(`${name}, ${other}: there may be only one of them`);
  const path = resolve(folder, name);
  if (!existsSync(path)) throw new ConfigurationError(`${path}: no such file`);
  const configuration = parse(name, Configuration, await contentOf(path));
  if (configuration.waf && !configuration.cloudfront)
    throw new ConfigurationError(`${name}: waf: needs cloudfront, which is switched off`);
  return configuration;
}

/** Contexts that configured earlier versions: what they switched on was switched off where one was forgotten. */
const CONTEXTS = [
  ...["rules", "deployTools", "trustRoots", "signers", "gatePolicy", "persons", "alarmEmail"],
  ...["cloudfront", "executors", "maintenance", "table"],
];

/** Throws a ConfigurationError for a context that would be without effect. */
export function refuseContexts(contextOf: (name: string) => unknown): void {
  const given = CONTEXTS.filter((name) => contextOf(name) !== undefined);
  if (given.length > 0)
    throw new ConfigurationError(`-c ${given.join(", -c ")}: no longer read; write them into asof.config.ts`);
}
