/** The mapping file of a table: which column is which field of a statement. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import * as z from "zod";
import { faultsOf } from "../../../schemas/scalars.ts";
import { CliError } from "../../error.ts";

/** What values of a column mean; null: rows with this value are left out. */
const Values = z.record(z.string(), z.string().nullable());

const Column = z.strictObject({
  column: z.string().min(1),
  values: Values.exactOptional(),
  /** For values that the list does not have; absent: such a row is refused. */
  otherwise: z.string().nullable().exactOptional(),
  /** A regular expression: its first group is the value. A value that does not match is as if the cell were empty. */
  pattern: z
    .string()
    .refine((text) => isPattern(text), { error: "must be a regular expression with a group" })
    .exactOptional(),
  /** For empty cells. */
  default: z.string().exactOptional(),
});
const Constant = z.strictObject({ value: z.string() });
/** A column, or always the same value. */
const Cell = z.union([
  z
    .string()
    .min(1)
    .transform((column): z.infer<typeof Column> => ({ column })),
  Column,
  Constant,
]);
export type Cell = z.infer<typeof Cell>;

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return text.includes("(");
  } catch {
    return false;
  }
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const Time = z.strictObject({
  /** Several columns, like a date and a time, are joined by a space. */
  column: z.union([
    z
      .string()
      .min(1)
      .transform((one) => [one]),
    z.array(z.string().min(1)).min(1).max(3),
  ]),
  zone: z
    .string()
    .refine(isZone, { error: "must be a time zone, like Europe/Berlin or UTC" })
    .exactOptional(),
  /** Letters as in `dd.MM.yyyy HH:mm:ss`; `epoch`, `epoch-ms` or `excel`. Absent: ISO 8601. */
  format: z.string().min(1).exactOptional(),
  /** The time of day for rows that name only a day. */
  at: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, { error: "must be a time of day like 12:00" })
    .exactOptional(),
});
export type TimeMapping = z.infer<typeof Time>;

const Mapping = z.strictObject({
  /** Of the table, in the facts' source: `/import/csv/<name>`. Another name is another import. */
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, { error: "must be a word, like octopus" }),
  delimiter: z.string().min(1).max(1).exactOptional(),
  kind: Cell,
  time: Time,
  fields: z.record(z.string(), Cell),
});
export type Mapping = z.infer<typeof Mapping>;

/** Reads a mapping file. Throws a CliError that says what is wrong with it. */
export function mappingIn(file: string): Mapping {
  let given: unknown;
  try {
    given = parse(readFileSync(file, "utf8"));
  } catch (error) {
    const [why = ""] = error instanceof Error ? error.message.split("\n") : [];
    throw new CliError(`${file}: ${why}`);
  }
  const parsed = Mapping.safeParse(given);
  if (!parsed.success) throw new CliError(`${file}: ${faultsOf(parsed.error)}`);
  return parsed.data;
}
