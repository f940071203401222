/** Loads packages that are installed with the program, but are missing if only its single file was copied. */
import { CliError } from "./error.ts";

/** Loads a module. @throws CliError with `otherwise` where it is not there */
export async function installed<T>(load: () => Promise<T>, otherwise: string): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw cause;
    throw new CliError(otherwise, { cause });
  }
}

/** Loads a database's driver. */
export const installedDriver = <T>(name: string, load: () => Promise<T>): Promise<T> =>
  installed(
    load,
    `the package ${name} is not installed; run \`npm install ${name}\` in the folder of this program`,
  );
