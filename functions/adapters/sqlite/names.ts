/** Names of directories. A directory that was read completely is cached until a name is added. */
import { endOf } from "../../ledger/canonical.ts";
import type { Name, Page, Range } from "../../ledger/store.ts";
import { cacheOf } from "./cache.ts";
import type { Database } from "./database.ts";
import { NAME_COLUMNS, nameOf } from "./facts.ts";

/** Size of the cache in names; a name takes about 300 bytes. */
const KEPT = 50_000;

export interface Directories {
  readonly read: (directory: string, range: Range) => Page<Name>;
  /** Reports that a name was committed to a directory. */
  readonly forget: (directory: string) => void;
}

export function namesOf(database: Database): Directories {
  const up = database.prepare(
    `SELECT ${NAME_COLUMNS} FROM names WHERE directory = ? AND name > ? AND name >= ? AND name <= ifnull(?, X'') ORDER BY name LIMIT ?`,
  );
  const down = database.prepare(
    `SELECT ${NAME_COLUMNS} FROM names WHERE directory = ? AND name < ifnull(?, X'') AND name >= ? AND name <= ifnull(?, X'') ORDER BY name DESC LIMIT ?`,
  );
  /** Directories that fit on one page, with that page. */
  const kept = cacheOf<string, Page<Name>>(KEPT);

  function fromFile(directory: string, range: Range): Page<Name> {
    const { from = "", to, descending = false, cursor, limit } = range;
    const end = to === undefined ? null : endOf(to);
    const rows = (descending ? down : up).rows(
      directory,
      cursor ?? (descending ? null : ""),
      from,
      end,
      limit + 1,
    );
    const entries = rows.slice(0, limit).map(nameOf);
    const last = entries.at(-1);
    return rows.length > limit && last !== undefined ? { entries, cursor: last.name } : { entries };
  }

  return {
    read: (directory, range) => {
      const { limit, ...bounds } = range;
      if (Object.keys(bounds).length > 0) return fromFile(directory, range);
      const hit = kept.get(directory);
      if (hit !== undefined && hit.entries.length <= limit) return hit;
      const page = fromFile(directory, range);
      if (page.cursor === undefined) kept.set(directory, page, page.entries.length + 1);
      return page;
    },
    forget: kept.delete,
  };
}
