/** The file of those who signed in with `asof login`: one entry for each ledger, readable by this user alone. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { writeWhole } from "../../functions/adapters/folder/whole-file.ts";
import { parsed } from "../../functions/adapters/http-client.ts";
import { CliError } from "../error.ts";
import { onDisk } from "../file/disk.ts";
import type { Io } from "../io.ts";

const Login = z.strictObject({
  issuer: z.string(),
  clientId: z.string(),
  scopes: z.array(z.string()),
  idToken: z.string(),
  refreshToken: z.string().exactOptional(),
});
export type Login = z.infer<typeof Login>;
const Logins = z.record(z.string(), Login);

/** Where this user's files stand; undefined without a home, as in some containers. */
export function configFolder({ env }: Io): string | undefined {
  const folder = env.XDG_CONFIG_HOME || (env.HOME === undefined ? undefined : join(env.HOME, ".config"));
  return folder === undefined ? undefined : join(folder, "asof");
}

export function loginFile(io: Io): string | undefined {
  const folder = configFolder(io);
  return folder === undefined ? undefined : join(folder, "logins.json");
}

function loginsIn(file: string | undefined): z.infer<typeof Logins> {
  if (file === undefined || !existsSync(file)) return {};
  const read = Logins.safeParse(parsed(onDisk(file, () => readFileSync(file, "utf8"))));
  if (!read.success) throw new CliError(`${file}: was not written by asof login; remove it`);
  return read.data;
}

const keyOf = (address: string): string => new URL(address).origin;

export const loginOf = (address: string, io: Io): Login | undefined =>
  loginsIn(loginFile(io))[keyOf(address)];

/** Keeps what a person gave; without a login, forgets it. */
export function saveLogin(address: string, login: Login | undefined, io: Io): void {
  const file = loginFile(io);
  if (file === undefined)
    throw new CliError("HOME or XDG_CONFIG_HOME must be set: there the tokens are kept");
  const { [keyOf(address)]: _, ...others } = loginsIn(file);
  const logins = login === undefined ? others : { ...others, [keyOf(address)]: login };
  onDisk(file, () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeWhole(file, `${JSON.stringify(logins)}\n`);
  });
}
