/** The file that assigns paths to environments and services. */
import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import * as z from "zod";
import { faultsOf, name, url } from "../../../schemas/scalars.ts";
import { CliError } from "../../error.ts";

export const FILE = "asof.import.yaml";

const names = z.record(z.string(), name).exactOptional();
const Rule = z.strictObject({
  /** With `{environment}` and `{service}` for parts of names, `*` within a name, and `**` for any path. */
  path: z.string().min(1),
  environment: name.exactOptional(),
  service: name.exactOptional(),
});
export type Rule = z.infer<typeof Rule>;
export const Paths = z.strictObject({
  repository: url.exactOptional(),
  /** The first one that fits a path counts. Without a service, each workload is one, by its name. */
  paths: z.array(Rule).min(1).max(500),
  ignore: z.array(z.string()).exactOptional(),
  /** Other names for what stands in paths. */
  environments: names,
  services: names,
});
export type Paths = z.infer<typeof Paths>;

export interface Place {
  readonly environment: string;
  readonly service?: string;
}

const ESCAPED = /[.+?^$()|[\]\\]/g;
const PARTS = /\*\*\/|\*\*|\*|\{environment\}|\{service\}|\{[^}]*\}/g;

/** A pattern of paths as a regular expression. Throws a CliError for an unknown placeholder. */
function patternOf(path: string): RegExp {
  let source = "";
  let end = 0;
  for (const { 0: part, index } of path.matchAll(PARTS)) {
    source += path.slice(end, index).replaceAll(ESCAPED, "\\$&");
    end = index + part.length;
    if (part === "**/") source += "(?:.*/)?";
    else if (part === "**") source += ".*";
    else if (part === "*") source += "[^/]*";
    else if (part === "{environment}" || part === "{service}") {
      const group = part.slice(1, -1);
      source += source.includes(`(?<${group}>`) ? `\\k<${group}>` : `(?<${group}>[^/]+)`;
    } else throw new CliError(`${FILE}: ${path}: ${part} is neither {environment} nor {service}`);
  }
  return new RegExp(`^${source}${path.slice(end).replaceAll(ESCAPED, "\\$&")}$`);
}

/** The place of a path; undefined if no rule fits it. */
export function placesBy({ paths, ignore = [], environments = {}, services = {} }: Paths) {
  const ignored = ignore.map(patternOf);
  const rules = paths.map((rule) => ({ rule, pattern: patternOf(rule.path) }));
  const renamed = (known: Readonly<Record<string, string>>, given: string): string =>
    Object.hasOwn(known, given) ? (known[given] ?? given) : given;
  const found = new Map<string, Place | undefined>();
  function placeOf(path: string): Place | undefined {
    if (ignored.some((pattern) => pattern.test(path))) return undefined;
    for (const { rule, pattern } of rules) {
      const match = pattern.exec(path);
      if (match === null) continue;
      const environment = rule.environment ?? match.groups?.environment;
      const service = rule.service ?? match.groups?.service;
      if (environment === undefined) continue;
      return {
        environment: renamed(environments, environment),
        ...(service === undefined ? {} : { service: renamed(services, service) }),
      };
    }
    return undefined;
  }
  return {
    placeOf(path: string): Place | undefined {
      if (!found.has(path)) found.set(path, placeOf(path));
      return found.get(path);
    },
    /** A workload's name as a service. */
    serviceNamed: (workload: string): string => renamed(services, workload),
  };
}

/** The rules of a file; undefined where there is none. Throws a CliError that says what is wrong with it. */
export function pathsIn(file: string): Paths | undefined {
  if (!existsSync(file)) return undefined;
  let parsed: unknown;
  try {
    parsed = parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CliError(
      `${file}: ${error instanceof Error ? error.message.split("\n")[0] : "cannot be read"}`,
    );
  }
  const paths = Paths.safeParse(parsed);
  if (!paths.success) throw new CliError(`${file}: ${faultsOf(paths.error)}`);
  for (const rule of paths.data.paths)
    if (rule.environment === undefined && !rule.path.includes("{environment}"))
      throw new CliError(`${file}: ${rule.path}: give it {environment}, or a field environment`);
  return paths.data;
}
