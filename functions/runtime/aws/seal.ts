/**
 * The function that seals. Every minute it seals what was recorded; daily it compares all facts with the log, and has
 * the published checkpoint time-stamped. Only this function signs, and writes to the log's bucket.
 */
import { Logger } from "@aws-lambda-powertools/logger";
import { dynamodbClient } from "../../adapters/dynamodb/client.ts";
import { dynamodbStore } from "../../adapters/dynamodb/store.ts";
import { dynamodbStoredFacts } from "../../adapters/dynamodb/stored-facts.ts";
import { kmsSigner } from "../../adapters/kms/signer.ts";
import { emfMetrics } from "../../adapters/metrics/emf.ts";
import { s3Log } from "../../adapters/s3/log-store.ts";
import { timestampAuthority } from "../../adapters/timestamp-authority.ts";
import { anchor } from "../../seal/anchor.ts";
import { readHead } from "../../seal/head.ts";
import { type Sealing, sealAll } from "../../seal/sealer.ts";
import { sweepAndSeal } from "../../seal/sweep.ts";
import { logSettingsFrom } from "../config/sealed-log.ts";
import { logUnhandled } from "../unhandled-rejections.ts";
import { variable } from "./secret.ts";

const logger = new Logger({ serviceName: "asof" });
logUnhandled(logger);
const recorder = emfMetrics();
const client = dynamodbClient();
const table = { client, name: variable("ASOF_TABLE") };
const store = dynamodbStore(table);
const log = s3Log(variable("ASOF_LOG_BUCKET"));
const { logName = "asof", timestampUrl } = logSettingsFrom(process.env);

let signer: ReturnType<typeof kmsSigner> | undefined;

/** The key is asked for once; a failure is tried again with the next event. */
async function sealing(): Promise<Sealing> {
  signer ??= kmsSigner(variable("ASOF_LOG_KEY"), logName);
  try {
    return { store, log, signer: await signer, now: () => new Date() };
  } catch (error) {
    signer = undefined;
    throw error;
  }
}

async function seal(): Promise<void> {
  const { isDone } = await sealAll(await sealing());
  const { head } = await readHead(log);
  const ageMs = isDone || head === undefined ? 0 : Date.now() - Date.parse(head.sealedAt);
  recorder.record("seal_age", {}, ageMs / 1000);
}

async function sweep(): Promise<void> {
  const { facts, findings } = await sweepAndSeal({
    ...(await sealing()),
    stored: dynamodbStoredFacts(table),
  });
  for (const { what, source, id } of findings)
    logger.error(`a fact is ${what}, as the sealed log shows`, { source, id });
  logger.info("the sealed log was compared with the ledger", { facts, findings: findings.length });
  recorder.record("seal_findings", {}, findings.length);
}

async function stamp(): Promise<void> {
  if (timestampUrl === undefined) return;
  const size = await anchor(log, (await sealing()).signer.key, timestampAuthority(timestampUrl));
  if (size !== undefined) logger.info("a checkpoint was time-stamped", { size });
}

const TASKS = { seal, sweep, stamp } as const;

/** A schedule's event, as the stack has it. */
interface Task {
  readonly task: keyof typeof TASKS;
}

/** What throws is a failure of the function, which has an alarm: sealing has stopped, or a service did not answer. */
export const handler = ({ task }: Task): Promise<void> => TASKS[task]();
