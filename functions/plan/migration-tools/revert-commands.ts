/** Commands that revert a database to an older version, and back it up first. */
import { pinnedImage } from "../../../schemas/pinned-image.ts";
import type { Command } from "../../../schemas/plan.ts";
import { digest, imageRepository } from "../../../schemas/scalars.ts";
import { command } from "../shell.ts";
import { called, DOWN_SCRIPTS, type DownScripts, NO_WAY_BACK, type RevertPath } from "./tools.ts";

/** Migrations to revert on one database, newest first, and where to stop. */
export interface Reverting extends RevertPath {
  readonly database: string;
  readonly tool?: string;
  /** `repository@digest` of an image with the down scripts of all these versions. */
  readonly image?: string;
  /** The tool records only the current version: there may be versions in between that no fact names. */
  readonly heads?: boolean;
}

export type Revert =
  | { readonly can: true; readonly commands: Command[]; readonly note?: string }
  | { readonly can: false; readonly why: string; readonly byHand: string };

const cannot = (why: string, { database, versions }: Reverting): Revert => ({
  can: false,
  why,
  byHand:
    `Revert ${database} by hand, newest first (${versions.join(", ")}): with the tool's own command where the migration files ` +
    "of the newer version are, or with SQL that undoes each migration and its row in the tool's table; or restore a backup.",
});

/** The tool's own command would also revert migrations that stay. */
const wouldRevertMore = (
  why: string,
  { database, versions }: Reverting,
  caught: readonly string[],
): Revert => ({
  can: false,
  why: `${why}: ${caught.join(", ")}`,
  byHand:
    `Revert ${versions.join(", ")} of ${database} with SQL that undoes each, and delete their rows from the tool's table; ` +
    `or let the tool revert ${caught.join(", ")} too, and apply them again afterwards.`,
});

function isPinned(image: string): boolean {
  const pinned = pinnedImage(image);
  return imageRepository.safeParse(pinned?.repository).success && digest.safeParse(pinned?.digest).success;
}

/**
 * Runs the command in a container of the image. Replaces the entrypoint, which would start the service instead. Passes
 * variables by name, so that their values appear nowhere. Uses the host's network to reach the database.
 * Options: docs.docker.com, "docker container run".
 */
function inImage(
  image: string,
  env: readonly string[],
  [program = "", ...args]: readonly string[],
): string[] {
  const variables = env.map((name) => `--env=${name}`);
  return ["docker", "run", "--rm", "--network=host", ...variables, `--entrypoint=${program}`, image, ...args];
}

const WHERE =
  "Run it where the migration files of the newer version are: the older version does not have these down scripts.";
const FROM_SOURCE =
  "Run it in a checkout of the newer version: it needs the sources, which an image does not contain.";

const DATABASE_URL = ["DATABASE_URL"];

/** The commands for one tool's command lines, run in the image if there is one. */
function withTool(it: Reverting, tool: DownScripts, lines: readonly (readonly string[])[]): Revert {
  const { image } = it;
  const isInside = image !== undefined && tool.fromSource !== true;
  const env = tool.env ?? DATABASE_URL;
  const commands = lines.map((line) => command(tool.name, ...(isInside ? inImage(image, env, line) : line)));
  const where = tool.fromSource === true ? [FROM_SOURCE] : isInside ? [] : [WHERE];
  const note = [...where, ...(tool.note === undefined ? [] : [tool.note])].join(" ");
  return note === "" ? { can: true, commands } : { can: true, commands, note };
}

/**
 * Reverts the database from the newest of these versions to `to`; with several commands if the tool reverts one migration
 * at a time. If the tool cannot, or a name cannot be passed to it safely, answers what to do by hand.
 */
export function revertCommand(it: Reverting): Revert {
  if (it.versions.length === 0) return { can: true, commands: [] };
  if (it.tool === undefined) return cannot("its migration tool is unknown", it);
  const none = called(NO_WAY_BACK, it.tool);
  if (none !== undefined) return { can: false, why: none.why, byHand: none.byHand(it) };
  const tool = called(DOWN_SCRIPTS, it.tool);
  if (tool === undefined)
    return cannot(`the commands of the migration tool ${JSON.stringify(it.tool)} are not known to asof`, it);
  if (it.heads === true && tool.goesTo !== true)
    return cannot(`${tool.name} needs the name of every version, but only the current version is known`, it);
  if (it.image !== undefined && !isPinned(it.image)) return cannot("its image must be repository@digest", it);
  const lines = tool.lines(it);
  if (!("why" in lines)) return withTool(it, tool, lines);
  return lines.caught === undefined ? cannot(lines.why, it) : wouldRevertMore(lines.why, it, lines.caught);
}

// --- backups ----------------------------------------------------------------------------------------------

/** Each backup gets its own file name: the backup from before a failed attempt is the one that is needed. */
const FILE = '"$1-$(date -u +%Y%m%dT%H%M%SZ)';

/**
 * `DATABASE_URL` decides the engine: a PostgreSQL URL, which pg_dump accepts in place of a database name, or one of MongoDB,
 * which mongodump accepts. MySQL's tools
 * accept no URL: host and user are in an option file with `[client]`, which is read in addition to the default ones.
 * Options: postgresql.org, "pg_dump"; mongodb.com/docs/database-tools, "mongodump"; dev.mysql.com, "mysqldump" (MariaDB: also `mariadb-dump`). Without
 * `--routines` and `--events`, those are left out.
 */
const BACKUP =
  `case "\${DATABASE_URL:-}" in postgres*) exec pg_dump --format=custom --dbname="$DATABASE_URL" --file=${FILE}.dump";; ` +
  `mongodb*) exec mongodump --uri="$DATABASE_URL" --gzip --archive=${FILE}.archive.gz";; ` +
  `*) exec mysqldump --defaults-extra-file="\${MYSQL_OPTION_FILE:?is not set, nor a DATABASE_URL of PostgreSQL or MongoDB}" ` +
  `--single-transaction --routines --events --result-file=${FILE}.sql" -- "\${MYSQL_DATABASE:?}";; esac`;

/**
 * Backs a database up into a file in the current directory. Reads address and credentials from the environment:
 * `DATABASE_URL` for PostgreSQL and MongoDB, `MYSQL_OPTION_FILE` and `MYSQL_DATABASE` for MySQL. Without them, it fails.
 */
export const backupCommand = (database: string): Command =>
  command(
    "pg_dump, mongodump or mysqldump",
    ...["sh", "-c", BACKUP, "sh", `backup-${database.replaceAll(/[^A-Za-z0-9._-]+/g, "_")}`],
  );
