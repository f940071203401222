/**
 * Drizzle's journal, `meta/_journal.json` beside its SQL files: the table keeps only a hash and the journal's `when`,
 * and the journal knows the migration's name (`tag`) for it (drizzle-team/drizzle-orm, src/migrator.ts).
 */
import { existsSync, readFileSync } from "node:fs";
import * as z from "zod";
import { CliError } from "../error.ts";

const DEFAULT = "drizzle/meta/_journal.json";

const Journal = z.looseObject({ entries: z.array(z.looseObject({ when: z.number(), tag: z.string() })) });

/** Tags by the time in the table; a time that two entries share is left out. Empty without a journal. */
export function tagsOf(file: string | undefined): ReadonlyMap<string, string> {
  if (file === undefined && !existsSync(DEFAULT)) return new Map();
  const path = file ?? DEFAULT;
  const parsed = Journal.safeParse(jsonOf(path));
  if (!parsed.success) throw new CliError(`${path}: is not a Drizzle journal`);
  const { entries } = parsed.data;
  const alone = entries.filter(({ when }) => entries.filter((other) => other.when === when).length === 1);
  return new Map(alone.map(({ when, tag }) => [String(when), tag]));
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new CliError(`${path}: cannot be read as JSON`, { cause });
  }
}
