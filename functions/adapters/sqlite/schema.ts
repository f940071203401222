/** The tables of a ledger's file, and the number of its format. */
import { closeSync, openSync, readSync } from "node:fs";

/** The data cannot be opened; the message has the reason, and what to do. */
export class CannotOpen extends Error {}

/** The file's format. A change of tables or keys needs a new number and a new file. */
const SCHEMA_VERSION = 2;

/** "asof" in ASCII: distinguishes a ledger's file from other SQLite files. */
const APPLICATION_ID = 0x61736f66;

/** SQLite stores each statement verbatim on the file's first page; see `checkSchema`. */
const TABLES = [
  `CREATE TABLE items (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  fact TEXT NOT NULL,
  hash TEXT NOT NULL,
  rawHash TEXT
)`,
  `CREATE TABLE entries (
  part TEXT NOT NULL,
  ord TEXT NOT NULL,
  item INTEGER NOT NULL,
  PRIMARY KEY (part, ord, item)
) WITHOUT ROWID`,
  `CREATE TABLE names (
  directory TEXT NOT NULL,
  name TEXT NOT NULL,
  shown TEXT NOT NULL,
  recordedAt TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (directory, name)
) WITHOUT ROWID`,
  `CREATE TABLE people (
  commitment TEXT PRIMARY KEY,
  issuer TEXT NOT NULL,
  login TEXT NOT NULL,
  shown TEXT NOT NULL,
  salt TEXT NOT NULL,
  UNIQUE (issuer, login)
) WITHOUT ROWID`,
  `CREATE TABLE quarantine (
  key TEXT PRIMARY KEY,
  at TEXT NOT NULL,
  why TEXT NOT NULL,
  reason TEXT NOT NULL,
  door TEXT NOT NULL,
  reportedBy TEXT NOT NULL,
  event TEXT NOT NULL,
  statement TEXT
) WITHOUT ROWID`,
  "CREATE INDEX quarantine_by_time ON quarantine (at)",
  `CREATE TABLE jobs (
  id INTEGER PRIMARY KEY,
  queue TEXT NOT NULL,
  at TEXT NOT NULL,
  body TEXT NOT NULL
)`,
  `CREATE TABLE sent (
  key TEXT PRIMARY KEY,
  at TEXT NOT NULL,
  value TEXT NOT NULL
) WITHOUT ROWID`,
];

/** The part of a connection that is needed here. */
export interface Settings {
  /** The numeric value of a PRAGMA. */
  readonly numberOf: (pragma: string) => number;
  readonly exec: (sql: string) => void;
}

/** Creates the tables of a new file; refuses a file of another format. */
export function prepareTables({ numberOf, exec }: Settings, file: string): void {
  const [applicationId, version] = [numberOf("application_id"), numberOf("user_version")];
  if (applicationId === 0 && version === 0 && numberOf("schema_version") === 0) {
    exec(
      `BEGIN IMMEDIATE; ${TABLES.join(";")}; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`,
    );
    return;
  }
  refuseOther(applicationId, version, file);
}

/** Refuses a file that is not a ledger's, or has another format. */
export const checkFormat = ({ numberOf }: Settings, file: string): void =>
  refuseOther(numberOf("application_id"), numberOf("user_version"), file);

function refuseOther(applicationId: number, version: number, file: string): void {
  if (applicationId !== APPLICATION_ID) throw new CannotOpen(`${file} is not a ledger's file`);
  if (version !== SCHEMA_VERSION)
    throw new CannotOpen(
      `${file} has format ${version}, and this version of asof knows format ${SCHEMA_VERSION}; start it with the version that wrote it`,
    );
}

/** SQLite, "Database File Format", 1.3: offsets in the file's header. */
const HEADER = { version: 60, applicationId: 68, length: 100 } as const;

/**
 * Compares the tables on the first page with ours before SQLite reads them: the driver aborts the process when a name in
 * a damaged schema is not UTF-8. Files of other programs or versions are reported later, by `refuseOther`.
 */
export function checkSchema(file: string): void {
  const page = Buffer.alloc(4096);
  const handle = openSync(file, "r");
  try {
    if (readSync(handle, page) < HEADER.length) return;
  } finally {
    closeSync(handle);
  }
  const isOurs =
    page.readUInt32BE(HEADER.applicationId) === APPLICATION_ID &&
    page.readUInt32BE(HEADER.version) === SCHEMA_VERSION;
  const lost = TABLES.filter((sql) => !page.includes(sql) || !page.includes(rowOf(sql)));
  if (isOurs && lost.length > 0)
    throw new CannotOpen(
      `${file} is damaged: its tables are not readable; restore a backup with \`asof restore\``,
    );
}

/** The columns before the SQL in a row of SQLite's schema table: type, name, and table name. */
function rowOf(sql: string): string {
  const [, type = "", name = "", table = name] = /^CREATE (TABLE|INDEX) (\w+)(?: ON (\w+))?/.exec(sql) ?? [];
  return `${type.toLowerCase()}${name}${table}`;
}
