/** `asof verify`: checks a sealed log, or the proofs of facts, offline. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { type Checkpoint, readCheckpoint } from "../../functions/seal/checkpoint.ts";
import { readKey, type VerifierKey } from "../../functions/seal/note.ts";
import { type Assurance, assuranceOf } from "../../functions/seal/verify/assurance.ts";
import { exitOf, KINDS } from "../../functions/seal/verify/findings.ts";
import { verifyLog } from "../../functions/seal/verify/log.ts";
import { Instant } from "../../schemas/questions/question.ts";
import { millisecondsOf } from "../../schemas/words/durations.ts";
import { CliError, UsageError } from "../error.ts";
import { count, progressOn } from "../file/progress.ts";
import type { Io } from "../io.ts";
import { ledgerFrom, textOf } from "../ledger/ledger.ts";
import { folderFiles, servedFiles } from "./files.ts";
import { ONLY_HASHED, verifyProofPackage, withCopies } from "./package.ts";
import { isPackage, isProofPackage, LOG } from "./package-files.ts";
import { verifyProofs } from "./proof.ts";
import { linesOf, reportOf } from "./report.ts";
import { bundleThreads } from "./threads.ts";

const maybe = z.string().optional();
const Options = z.looseObject({
  key: z.string(),
  since: maybe,
  sinceKey: maybe,
  at: maybe,
  maxGap: maybe,
  tsaCa: maybe,
  proof: maybe,
  fact: maybe,
  tokenFile: maybe,
  json: z.boolean().optional(),
});
type Options = z.infer<typeof Options>;

const HELP = `
Examples:
  asof verify ./log --key "$(cat auditor.vkey)" --since saved-checkpoint
  asof verify ./package --key "$(cat auditor.vkey)"
  asof verify https://asof.example.com --key "$(cat auditor.vkey)"
  asof verify --proof fact.proof --fact fact.json --key "$(cat auditor.vkey)"
  asof verify --proof facts.proofs --fact facts.ndjson --key "$(cat auditor.vkey)"

The key is yours: take it from the operator once, by another way than the log itself. Save the file checkpoint after each
verification, and give it to the next one as --since. Nothing is sent anywhere; an address is only read.

Exit codes (of several failures the lowest):
  0  everything that was checked is right; what was not checked is printed
  1  a file cannot be read
  2  the command line is invalid, or the folder is not there
  4  the ledger cannot be reached
  5  the ledger refused: the token is missing, or may not read the log
${Object.entries(KINDS)
  .map(([kind, code]) => ` ${code}  ${kind}`)
  .join("\n")}
docs/verify.md says what each one means.`;

function keyFrom(given: string): VerifierKey {
  const key = readKey(given);
  if (key === undefined) throw new UsageError("--key: is no key of a log: it looks like name+1a2b3c4d+AbCd…");
  return key;
}

/** A saved checkpoint. It must be signed by the key: else it is no starting point. */
function sinceFrom(file: string, key: VerifierKey): Checkpoint {
  const checkpoint = readCheckpoint(textOf("--since", file), key);
  if (checkpoint === undefined)
    throw new CliError(`--since ${file}: is no checkpoint that this key has signed`, {
      exit: KINDS.signature,
    });
  return checkpoint;
}

function maxGapFrom(given: string): number {
  const ms = millisecondsOf(given, "mhd");
  if (ms === undefined) throw new UsageError(`--max-gap: ${given} must be a duration like 90m, 2h or 3d`);
  return ms;
}

/** An instant, or the end of a day (UTC). */
function timeFrom(given: string): Date {
  const isDay = z.iso.date().safeParse(given).success;
  const read = Instant.safeParse(isDay ? `${given}T23:59:59.999Z` : given);
  if (!read.success) throw new UsageError("--at: is no time like 2026-10-22T08:11:00Z, and no day");
  return new Date(read.data);
}

/** Certificates as PEM; throws a CliError where they cannot be read. */
async function authoritiesFrom(file: string): Promise<string> {
  const pem = textOf("--tsa-ca", file);
  const { certificatesIn } = await import("../../functions/seal/verify/time-stamp.ts");
  try {
    certificatesIn(pem);
    return pem;
  } catch (cause) {
    throw new UsageError(`--tsa-ca ${file}: ${cause instanceof Error ? cause.message : "cannot be read"}`);
  }
}

function filesOf(log: string, options: Options, io: Io) {
  if (/^https?:\/\//.test(log))
    return servedFiles(ledgerFrom({ url: log, tokenFile: options.tokenFile }, io));
  if (!existsSync(log) || !statSync(log).isDirectory())
    throw new UsageError(`${log}: there is no such folder, and it is no address that begins with https://`);
  return folderFiles(isPackage(log) ? join(log, LOG) : log);
}

const ofPackage = (assurance: Assurance): Assurance => ({
  ...assurance,
  notChecked: [...assurance.notChecked, ONLY_HASHED],
});

interface Verified {
  readonly code: number;
  readonly report: object;
  readonly lines: readonly string[];
}

function print({ code, report, lines }: Verified, { json }: Options, io: Io): void {
  for (const line of json === true ? [JSON.stringify(report)] : lines) io.out(line);
  io.end(code);
}

/** Options that are of a log, where there are only proofs. */
function refuseLogOptions({ since, at, maxGap, tsaCa }: Options): void {
  const given = Object.entries({ "--since": since, "--at": at, "--max-gap": maxGap, "--tsa-ca": tsaCa });
  const [option] = given.find(([, value]) => value !== undefined) ?? [];
  if (option !== undefined)
    throw new UsageError(`${option}: is about a log, and here are proofs of facts alone`);
}

async function verifyWhole(log: string, options: Options, io: Io, module: URL): Promise<void> {
  const { since, sinceKey, at, maxGap, tsaCa } = options;
  const key = keyFrom(options.key);
  if (isProofPackage(log)) {
    refuseLogOptions(options);
    print(await verifyProofPackage(log, key), options, io);
    return;
  }
  const saved =
    since === undefined ? undefined : sinceFrom(since, sinceKey === undefined ? key : keyFrom(sinceKey));
  const authorities = tsaCa === undefined ? undefined : await authoritiesFrom(tsaCa);
  const files = filesOf(log, options, io);
  const now = at === undefined ? io.now() : timeFrom(at);
  const progress = progressOn(io);
  const threads = bundleThreads(module);
  try {
    const ofLog = await verifyLog({
      ...{ files, key, now, check: threads.check, ahead: threads.ahead },
      ...(saved === undefined ? {} : { since: saved }),
      ...(maxGap === undefined ? {} : { maxGapMs: maxGapFrom(maxGap) }),
      ...(authorities === undefined ? {} : { authorities }),
      progress: (leaves, size) =>
        progress(
          () => `verifying ${log}: ${count(leaves, "leaf", "leaves")} of ${count(size, "leaf", "leaves")}`,
        ),
    });
    const verification = isPackage(log) ? await withCopies(log, ofLog) : ofLog;
    const assurance = assuranceOf(verification, {
      ...(saved === undefined ? {} : { since: saved.size }),
      hasAuthorities: authorities !== undefined,
      isListed: "names" in files,
    });
    const report = reportOf(key, verification, isPackage(log) ? ofPackage(assurance) : assurance, now);
    print({ code: exitOf(verification.findings), report, lines: linesOf(report) }, options, io);
  } finally {
    await threads.stop();
  }
}

/** @param bundled the file that threads run in the package; from sources they run the module itself */
export function verifyCommand(command: Command, io: Io, bundled: URL): Command {
  const isSource = import.meta.url.endsWith(".ts");
  const module = isSource ? new URL("./thread.ts", import.meta.url) : bundled;
  return command
    .argument("[log]", "the folder of the log or of a package, or the ledger's address")
    .requiredOption("--key <vkey>", "the log's public key, as you got it before: name+hash+base64")
    .option("--since <file>", "a checkpoint that you saved: the log must continue it")
    .option("--since-key <vkey>", "the key of that checkpoint, where the log was carried elsewhere since")
    .option("--at <time>", "the time that the newest seal's age is measured at (default: now)")
    .option("--max-gap <length>", "fail on a longer time without a seal: 90m, 2h, 3d")
    .option("--tsa-ca <file>", "certificates (PEM) of the time-stamping authority that you trust")
    .option("--proof <file>", "check the proof of a fact instead of a log, or those of several")
    .option(
      "--fact <file>",
      "with --proof: the fact as it was exported, or one a line (default: standard input)",
    )
    .option("--token-file <file>", "for an address: a file that holds the token (default: $ASOF_TOKEN)")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", HELP)
    .action(async (log: string | undefined) => {
      const options = Options.parse(command.opts());
      if ((log === undefined) === (options.proof === undefined))
        throw new UsageError("give the log's folder or address, or --proof: one of them");
      if (log !== undefined) await verifyWhole(log, options, io, module);
      else if (options.proof !== undefined) {
        refuseLogOptions(options);
        const { proof, fact = process.stdin, key } = options;
        print(await verifyProofs(proof, fact, keyFrom(key)), options, io);
      }
    });
}
