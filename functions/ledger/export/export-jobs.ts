/** Exports that run as jobs, for periods that take longer than an answer may. */
import * as z from "zod";
import { Grants } from "../authority/grants.ts";

/** An export that was asked for. Its times are instants, so that it does not matter when it runs. */
export const ExportTask = z.strictObject({
  id: z.string(),
  by: z.string(),
  /** What its asker was granted then. */
  grants: Grants,
  /** Of `GET /v1/export`. */
  parameters: z.record(z.string(), z.string()),
  askedAt: z.string(),
});
export type ExportTask = z.infer<typeof ExportTask>;

/** The file of an export. */
export interface ExportedFile {
  readonly sha256: string;
  /** Where it can be fetched without a token until it expires. */
  readonly link: string;
  readonly expires: string;
  /** Of an export without facts: how many facts its other time would give. */
  readonly others?: number;
}

/** The port of jobs that export. */
export interface ExportJobs {
  /** Durable when it returns. The same task may run twice: it writes the same file again. */
  start(task: ExportTask): Promise<void>;
  /** Undefined if there is no such task, or it was forgotten. `file` is absent while it runs, or if it failed. */
  find(id: string): Promise<{ readonly task: ExportTask; readonly file?: ExportedFile } | undefined>;
}
