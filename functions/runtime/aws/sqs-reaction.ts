/** Runs a reaction on Lambda: an SQS queue delivers facts from the ledger's event bus; the settings are in a secret. */
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { Logger } from "@aws-lambda-powertools/logger";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import * as z from "zod";
import { endpoint } from "../../../schemas/scalars.ts";
import { sender } from "../../adapters/sqs/queue.ts";
import { type Asof, asofOver, sendTo } from "../../reactions/ledger-client.ts";
import { Heard, LookAgain, type Reaction } from "../../reactions/reaction.ts";
import { json, parse } from "../config/secrets.ts";
import { logUnhandled } from "../unhandled-rejections.ts";
import { secretAs, variable } from "./secret.ts";

/** The ledger's address, and a token of the role `executor`. */
export const LedgerAccess = z.strictObject({
  url: endpoint,
  /** The address for recording, if it is another one. */
  ingestUrl: endpoint.exactOptional(),
  token: z.string().min(1),
});
type LedgerAccess = z.infer<typeof LedgerAccess>;

/** EventBridge's envelope around a fact (Amazon EventBridge user guide, "AWS service event metadata"). */
const Envelope = z.union([
  z.looseObject({ source: z.literal("asof"), detail: Heard }),
  /** A schedule's event: time for what no fact tells. */
  z.looseObject({ source: z.literal("aws.events"), "detail-type": z.literal("Scheduled Event") }),
]);

interface Dependencies {
  readonly asof: Asof;
  readonly now: () => Date;
  readonly log: Pick<Logger, "info" | "error">;
}

function ledgerAt({ url, ingestUrl = url, token }: LedgerAccess): Asof {
  return asofOver((path, init) => sendTo(init.method === "POST" ? ingestUrl : url)(path, init), token);
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The handler of a queue. A failed message is redelivered. After its last delivery the reaction gives up, and the message
 * still becomes a dead letter, so that a person looks at it.
 * @param Settings the schema of the secret
 */
export function sqsReaction<S extends { asof: LedgerAccess }>(
  Settings: z.ZodType<S>,
  make: (settings: S, dependencies: Dependencies) => Reaction,
): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  const logger = new Logger({ serviceName: "asof" });
  logUnhandled(logger);
  const maxReceives = Number(variable("ASOF_MAX_RECEIVES"));
  /** Of reactions that look again at what they began. */
  const lookAgain = sender(process.env.ASOF_QUEUE ?? "");
  const processor = new BatchProcessor(EventType.SQS);
  const reaction = secretAs((text) => {
    const settings = parse("ASOF_SECRET", Settings, json("ASOF_SECRET", text));
    return make(settings, { asof: ledgerAt(settings.asof), now: () => new Date(), log: logger });
  });

  async function processFact(fact: Heard, isLast: boolean): Promise<void> {
    const { react, giveUp } = await reaction();
    try {
      await react(fact);
    } catch (error) {
      if (isLast && !(error instanceof LookAgain)) await giveUp(fact, error);
      throw error;
    }
  }

  async function processRecord({ body, messageId, attributes }: SQSRecord): Promise<void> {
    const isLast = Number(attributes.ApproximateReceiveCount) >= maxReceives;
    try {
      const event = Envelope.parse(JSON.parse(body));
      if (event.source === "aws.events") await (await reaction()).check?.();
      else await processFact(event.detail, isLast);
    } catch (error) {
      // A message of its own, not a redelivery: its deliveries are counted from one again.
      if (error instanceof LookAgain) return lookAgain(body, Math.ceil(error.afterMs / 1000));
      // The batch library does not log the error, and SQS only counts it.
      const what = isLast ? "a message was given up" : "a message failed and will be redelivered";
      logger.error(what, { messageId, reason: reasonOf(error) });
      throw error;
    }
  }

  return (event, context) =>
    processPartialResponse(event, processRecord, processor, { context, throwOnFullBatchFailure: false });
}
