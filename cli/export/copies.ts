/** The readable copies of a package: the facts of the period as NDJSON, CSV and Parquet, each with its place in the log. */
import { createReadStream, createWriteStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { exportTable } from "../../functions/ledger/export/export-table.ts";
import { hashOfLeaf } from "../../functions/seal/merkle.ts";
import { writeProof } from "../../functions/seal/proof.ts";
import { bundleWith, inclusionProofs } from "../../functions/seal/read-log.ts";
import { readSeal, SEAL_OVERLAP_MS } from "../../functions/seal/seal-leaf.ts";
import { entriesOf, pathOf } from "../../functions/seal/tiles.ts";
import { CliError } from "../error.ts";
import { linesIn } from "../file/lines.ts";
import { folderFiles } from "../verify/files.ts";
import { FACTS, PROOFS } from "../verify/package-files.ts";
import { indexesIn } from "./log-copy.ts";
import { type Exported, writeParquet } from "./parquet.ts";

const hashOf = (line: Buffer): string => hashOfLeaf(line).toString("base64");

/** When the newest seal of a copied log with entries was made, in milliseconds. */
export function sealedMs(log: string, size: number): number {
  if (size === 0) return 0;
  const bundle = readFileSync(join(log, pathOf(bundleWith(size - 1, size))));
  const seal = readSeal(entriesOf(bundle)?.at(-1) ?? Buffer.of());
  return seal === undefined ? 0 : Date.parse(seal.sealedAt);
}

const write = (file: string, chunks: AsyncIterable<string | Buffer>): Promise<void> =>
  pipeline(Readable.from(chunks), createWriteStream(file, { mode: 0o600 }));

async function* exportedIn(file: string, indexes: ReadonlyMap<string, number>): AsyncGenerator<Exported> {
  for await (const bytes of linesIn(createReadStream(file))) {
    const line = bytes.toString();
    yield { fact: JSON.parse(line), line, index: indexes.get(hashOf(bytes)) };
  }
}

async function* tableOf(exported: AsyncIterable<Exported>): AsyncGenerator<string> {
  const { head, row } = exportTable(false);
  yield head;
  for await (const { fact, index } of exported) yield row(fact, index);
}

/** The facts that stand in the log. Counts those that are too new for it; throws a CliError on any other. */
async function* sealedOnly(
  exported: AsyncIterable<Exported>,
  newestMs: number,
  counts: { facts: number; unsealed: number },
): AsyncGenerator<string> {
  for await (const { fact, line, index } of exported) {
    if (index !== undefined) {
      counts.facts++;
      yield `${line}\n`;
    } else if (Date.parse(fact.recordedAt) > newestMs - SEAL_OVERLAP_MS) counts.unsealed++;
    else {
      const { source, id, recordedAt } = fact;
      throw new CliError(
        `the fact ${id} of ${source}, recorded ${recordedAt}, is not in the log as the ledger has it: sealing has stopped, or the ledger and its log differ, see docs/sealing.md`,
      );
    }
  }
}

interface Copied {
  readonly facts: number;
  readonly unsealed: number;
  /** By leaf hash, in base64. */
  readonly indexes: ReadonlyMap<string, number>;
}

/**
 * Writes the copies.
 * @param exported the export, as NDJSON
 * @param log the copied log with its hashes, its size, and up to when facts are sealed, in milliseconds
 * @returns how many facts they hold, and how many were too new to be sealed
 */
export async function writeCopies(
  folder: string,
  exported: string,
  log: { readonly folder: string; readonly size: number; readonly sealedMs: number },
): Promise<Copied> {
  const hashes = new Set<string>();
  for await (const line of linesIn(createReadStream(exported))) hashes.add(hashOf(line));
  const indexes = indexesIn(log.folder, log.size, hashes);
  const counts = { facts: 0, unsealed: 0 };
  const sealed = join(folder, FACTS);
  await write(sealed, sealedOnly(exportedIn(exported, indexes), log.sealedMs, counts));
  await write(join(folder, "facts.csv"), tableOf(exportedIn(sealed, indexes)));
  await writeParquet(join(folder, "facts.parquet"), exportedIn(sealed, indexes));
  return { ...counts, indexes };
}

/** Writes the proof of each fact of the copies, in their order: the one after the other, as `asof verify --proof` takes them. */
export async function writeProofs(
  folder: string,
  log: { readonly folder: string; readonly size: number; readonly note: string },
  indexes: ReadonlyMap<string, number>,
): Promise<void> {
  const get = async (path: string) => {
    const bytes = await folderFiles(log.folder).read(path);
    return bytes && { bytes };
  };
  const proofOf = inclusionProofs({ get }, log.size);
  const proofs = async function* (): AsyncGenerator<string> {
    for await (const { index = 0 } of exportedIn(join(folder, FACTS), indexes))
      yield writeProof(index, await proofOf(index), log.note);
  };
  await write(join(folder, PROOFS), proofs());
}
