/** A function that reacts: its queue brings facts as the ledger's bus sent them, and its settings are in a secret. */
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { Logger } from "@aws-lambda-powertools/logger";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import * as z from "zod";
import { endpoint } from "../../../schemas/scalars.ts";
import { type Asof, asofOver, over } from "../../reactions/ledger-client.ts";
import { Heard, type Reaction } from "../../reactions/reaction.ts";
import { json, parse } from "../config/secrets.ts";
import { logUnhandled } from "../unhandled-rejections.ts";
import { secretAs, variable } from "./secret.ts";

/** How the ledger is reached, with a token of the role `executor`. */
export const LedgerAccess = z.strictObject({
  url: endpoint,
  /** Where things are said to it, unless that is the same address. */
  ingestUrl: endpoint.exactOptional(),
  token: z.string().min(1),
});
type LedgerAccess = z.infer<typeof LedgerAccess>;

/** What EventBridge wraps around a fact (Amazon EventBridge user guide, "AWS service event metadata"). */
const Envelope = z.looseObject({ detail: Heard });

interface Around {
  readonly asof: Asof;
  readonly now: () => Date;
  readonly log: Pick<Logger, "info" | "error">;
}

function ledgerAt({ url, ingestUrl = url, token }: LedgerAccess): Asof {
  return asofOver((path, init) => over(init.method === "POST" ? ingestUrl : url)(path, init), token);
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The handler of a queue. What fails is delivered again, and given up when the queue would not deliver it once more:
 * then it becomes a dead letter all the same, for somebody has to look.
 * @param Settings what the secret holds
 */
export function listening<S extends { asof: LedgerAccess }>(
  Settings: z.ZodType<S>,
  make: (settings: S, around: Around) => Reaction,
): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  const logger = new Logger({ serviceName: "asof" });
  logUnhandled(logger);
  const maxReceives = Number(variable("ASOF_MAX_RECEIVES"));
  const processor = new BatchProcessor(EventType.SQS);
  const reaction = secretAs((text) => {
    const settings = parse("ASOF_SECRET", Settings, json("ASOF_SECRET", text));
    return make(settings, { asof: ledgerAt(settings.asof), now: () => new Date(), log: logger });
  });

  async function take({ body, messageId, attributes }: SQSRecord): Promise<void> {
    const isLast = Number(attributes.ApproximateReceiveCount) >= maxReceives;
    try {
      const { detail } = Envelope.parse(JSON.parse(body));
      const { react, giveUp } = await reaction();
      try {
        await react(detail);
      } catch (error) {
        if (isLast) await giveUp(detail, error);
        throw error;
      }
    } catch (error) {
      // The library that reports it to the queue logs nothing, and the queue only counts.
      const what = isLast ? "a message was given up" : "a message failed, and is delivered again";
      logger.error(what, { messageId, reason: reasonOf(error) });
      throw error;
    }
  }

  return (event, context) =>
    processPartialResponse(event, take, processor, { context, throwOnFullBatchFailure: false });
}
