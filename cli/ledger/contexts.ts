/** Contexts: ledgers that this person uses, by name. They are kept in one file; a folder's file may choose one. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as z from "zod";
import { writeWhole } from "../../functions/adapters/folder/whole-file.ts";
import { parsed } from "../../functions/adapters/http-client.ts";
import { url } from "../../schemas/scalars.ts";
import { CliError, UsageError } from "../error.ts";
import { onDisk } from "../file/disk.ts";
import type { Io } from "../io.ts";
import { configFolder } from "./logins.ts";

const contextName = z.string().regex(/^[\w.-]{1,64}$/, "must be of letters, digits, . _ and -");
export const Context = z.strictObject({ url, tokenFile: z.string().exactOptional() });
export type Context = z.infer<typeof Context>;
const Contexts = z.strictObject({
  current: contextName.exactOptional(),
  contexts: z.record(contextName, Context),
});
export type Contexts = z.infer<typeof Contexts>;

export function contextsFile(io: Io): string | undefined {
  const folder = configFolder(io);
  return folder === undefined ? undefined : join(folder, "contexts.json");
}

export function contextsOf(io: Io): Contexts {
  const file = contextsFile(io);
  if (file === undefined || !existsSync(file)) return { contexts: {} };
  const read = Contexts.safeParse(parsed(onDisk(file, () => readFileSync(file, "utf8"))));
  if (!read.success) throw new CliError(`${file}: was not written by asof context; mend or remove it`);
  return read.data;
}

/** Throws a CliError where a name, an address or the folder is invalid. */
export function saveContexts(contexts: Contexts, io: Io): void {
  const file = contextsFile(io);
  if (file === undefined)
    throw new CliError("HOME or XDG_CONFIG_HOME must be set: there the contexts are kept");
  const valid = Contexts.safeParse(contexts);
  if (!valid.success) throw new UsageError(valid.error.issues.map(({ message }) => message).join("; "));
  onDisk(file, () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeWhole(file, `${JSON.stringify(valid.data, null, 2)}\n`);
  });
}

/** It names a context and no address: a folder that somebody else wrote must not decide where a token is sent. */
const FolderFile = z.strictObject({ context: contextName });
const FOLDER_FILE = ".asof.json";

/** The context that the nearest `.asof.json` chooses, in this folder or one above it. */
function chosenInFolder(start: string): { readonly name: string; readonly by: string } | undefined {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    const file = join(folder, FOLDER_FILE);
    if (existsSync(file)) {
      const read = FolderFile.safeParse(parsed(onDisk(file, () => readFileSync(file, "utf8"))));
      if (!read.success) throw new CliError(`${file}: must be like {"context": "production"}`);
      return { name: read.data.context, by: file };
    }
    if (folder === dirname(folder)) return undefined;
  }
}

export interface ChosenContext extends Context {
  readonly name: string;
  /** What chose it. */
  readonly by: string;
}

/**
 * The context in effect: that of the option, else of the variable, else of the folder's file, else the current one.
 * Throws a CliError where it is not known.
 */
export function chosenContext(option: string | undefined, io: Io): ChosenContext | undefined {
  const { current, contexts } = contextsOf(io);
  const chosen =
    option !== undefined
      ? { name: option, by: "--context" }
      : io.env.ASOF_CONTEXT
        ? { name: io.env.ASOF_CONTEXT, by: "ASOF_CONTEXT" }
        : (chosenInFolder(io.folder ?? process.cwd()) ??
          (current === undefined ? undefined : { name: current, by: "asof context use" }));
  if (chosen === undefined) return undefined;
  const context = contexts[chosen.name];
  if (context === undefined)
    throw new UsageError(`${chosen.by}: there is no context ${chosen.name}: see asof context list`);
  return { ...context, ...chosen };
}
