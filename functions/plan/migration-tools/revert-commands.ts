/** How a database is taken back to an older version, and copied before that. */
import { pinnedImage } from "../../../schemas/pinned-image.ts";
import type { Command } from "../../../schemas/plan.ts";
import { digest, imageRepository } from "../../../schemas/scalars.ts";
import { command } from "../shell.ts";
import { called, DOWN_SCRIPTS, type DownScripts, NO_WAY_BACK, type RevertPath } from "./tools.ts";

/** What a database has too much of. */
export interface Reverting extends RevertPath {
  readonly database: string;
  readonly tool?: string;
  /** `repository@digest` of an image that holds the down scripts of all these versions. */
  readonly image?: string;
  /** The tool keeps only where the schema is: there may be versions in between that nobody named. */
  readonly heads?: boolean;
}

export type Revert =
  | { readonly can: true; readonly commands: Command[]; readonly note?: string }
  | { readonly can: false; readonly why: string; readonly byHand: string };

const cannot = (why: string, { database, versions }: Reverting): Revert => ({
  can: false,
  why,
  byHand:
    `Take ${database} back by hand, newest first (${versions.join(", ")}): with the tool's own command where the files of ` +
    "the newer version are, else with SQL that undoes each and the rows of its own table; or restore a copy of then.",
});

/** The tool's own command would do harm here. */
const catches = (why: string, { database, versions }: Reverting, caught: readonly string[]): Revert => ({
  can: false,
  why: `${why}: ${caught.join(", ")}`,
  byHand:
    `Take ${versions.join(", ")} out of ${database} with SQL that undoes each, and delete their rows from the tool's own ` +
    `table; or let the tool revert ${caught.join(", ")} too, and apply that again afterwards.`,
});

function isPinned(image: string): boolean {
  const pinned = pinnedImage(image);
  return imageRepository.safeParse(pinned?.repository).success && digest.safeParse(pinned?.digest).success;
}

/**
 * In a container of an image: its entrypoint would start the program instead. Variables are passed by name, so that
 * their values stand nowhere; the database is reached as from the machine itself.
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
  "Run it where the files of the newer version are: an older one does not hold these down scripts.";
const FROM_SOURCE =
  "Run it in a checkout of the newer version, for it needs the sources: an image to run has none.";

const DATABASE_URL = ["DATABASE_URL"];

/** The commands for one tool's lines, in the image where that helps. */
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
 * Takes the database from the newest of these versions back to `to`; in several commands where the tool reverts one
 * at a time. Where a tool cannot, or a name could not be given to it safely, what to do by hand.
 */
export function revertCommand(it: Reverting): Revert {
  if (it.versions.length === 0) return { can: true, commands: [] };
  if (it.tool === undefined) return cannot("it is not known which tool migrates it", it);
  const none = called(NO_WAY_BACK, it.tool);
  if (none !== undefined) return { can: false, why: none.why, byHand: none.byHand(it) };
  const tool = called(DOWN_SCRIPTS, it.tool);
  if (tool === undefined)
    return cannot(`${JSON.stringify(it.tool)} is no tool whose commands are known here`, it);
  if (it.heads === true && tool.goesTo !== true)
    return cannot(`${tool.name} has to be told every version, and only where the schema is is known`, it);
  if (it.image !== undefined && !isPinned(it.image)) return cannot("the image must be repository@digest", it);
  const lines = tool.lines(it);
  if (!("why" in lines)) return withTool(it, tool, lines);
  return lines.caught === undefined ? cannot(lines.why, it) : catches(lines.why, it, lines.caught);
}

// --- copies -----------------------------------------------------------------------------------------------

/** A copy is a file of its own each time: the one of before a failed attempt is the one that is needed. */
const NAMED = '"$1-$(date -u +%Y%m%dT%H%M%SZ)';

/**
 * The engine is told by `DATABASE_URL`: an address of PostgreSQL, which pg_dump takes in place of a database's name.
 * MySQL's tools take no address: who and where stand in an option file of `[client]`, which is read beside the others.
 * Options: postgresql.org, "pg_dump"; dev.mysql.com, "mysqldump" (MariaDB calls it `mariadb-dump` too); without them
 * routines and events are left out.
 */
const COPY =
  `case "\${DATABASE_URL:-}" in postgres*) exec pg_dump --format=custom --dbname="$DATABASE_URL" --file=${NAMED}.dump";; ` +
  `*) exec mysqldump --defaults-extra-file="\${MYSQL_OPTION_FILE:?is not set, nor a DATABASE_URL of PostgreSQL}" ` +
  `--single-transaction --routines --events --result-file=${NAMED}.sql" -- "\${MYSQL_DATABASE:?}";; esac`;

/**
 * Copies a database into a file here. Where it is and who may is read from the environment: `DATABASE_URL` of PostgreSQL,
 * or of MySQL `MYSQL_OPTION_FILE` and `MYSQL_DATABASE`; without them nothing is done.
 */
export const backupCommand = (database: string): Command =>
  command(
    "pg_dump or mysqldump",
    ...["sh", "-c", COPY, "sh", `backup-${database.replaceAll(/[^A-Za-z0-9._-]+/g, "_")}`],
  );
