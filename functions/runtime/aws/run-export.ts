/** Runs an export as a job: writes it to disk first, then copies it to the store of files. */
import { createHash } from "node:crypto";
import { createWriteStream, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ExportQuestion } from "../../../schemas/questions/export-question.ts";
import { OTHERS_HEADER } from "../../../schemas/read-answer.ts";
import type { ExportFiles } from "../../adapters/s3/export-jobs.ts";
import type { Ledger } from "../../http/context.ts";
import { exportFor } from "../../http/export/export.ts";
import type { ExportTask } from "../../ledger/export/export-jobs.ts";

export async function runExport(ledger: Ledger, files: ExportFiles, task: ExportTask): Promise<void> {
  const path = join(tmpdir(), task.id);
  const asked = ExportQuestion.parse(task.parameters);
  try {
    const { body, headers } = await exportFor(ledger, { ...task.grants, name: task.by }, asked);
    const hash = createHash("sha256");
    const chunks = async function* () {
      for await (const chunk of body ?? []) {
        hash.update(chunk);
        yield chunk;
      }
    };
    await pipeline(Readable.from(chunks()), createWriteStream(path));
    const type = headers.get("content-type") ?? "application/octet-stream";
    const others = headers.get(OTHERS_HEADER);
    const more = others === null ? {} : { others: Number(others) };
    await files.put(task, { path, type, sha256: hash.digest("hex"), ...more });
    ledger.log.info("an export is ready", { id: task.id, by: task.by });
  } finally {
    rmSync(path, { force: true });
  }
}
