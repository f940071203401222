/** Reads the locations of ledgers and logs from a command's arguments. */
import type { Location } from "../../functions/adapters/copy-between.ts";
import { UsageError } from "../error.ts";
import type { Io } from "../io.ts";

const TABLES = /^dynamodb:([\w.-]+)(?:\/([\w.-]+))?(?:@(https?:\/\/.+))?$/;

/** A file, or `dynamodb:FACTS[/PEOPLE][@ENDPOINT]`. */
export function locationOf(name: string, { env }: Io): Location {
  if (!name.startsWith("dynamodb:")) return { is: "file", file: name };
  const [, facts, people = env.ASOF_PEOPLE_TABLE ?? "", endpoint] = TABLES.exec(name) ?? [];
  if (facts === undefined)
    throw new UsageError(
      `${name}: must be like dynamodb:FACTS/PEOPLE or dynamodb:FACTS/PEOPLE@http://127.0.0.1:8000`,
    );
  if (people === "")
    throw new UsageError(
      `${name}: names no table of people; add it as dynamodb:${facts}/PEOPLE, or set ASOF_PEOPLE_TABLE`,
    );
  return { is: "tables", facts, people, ...(endpoint === undefined ? {} : { endpoint }) };
}

/** `s3:BUCKET[@ENDPOINT]`. */
export function bucketOf(name: string): { readonly name: string; readonly endpoint?: string } {
  const [, bucket, endpoint] = /^s3:([\w.-]+)(?:@(https?:\/\/.+))?$/.exec(name) ?? [];
  if (bucket === undefined) throw new UsageError(`${name}: must be like s3:BUCKET`);
  return endpoint === undefined ? { name: bucket } : { name: bucket, endpoint };
}
