/** Tells chats what happened. Their addresses are in this function's own secret; what was sent is in its own table. */
import * as z from "zod";
import { dynamodbClient } from "../../adapters/dynamodb/client.ts";
import { dynamodbSentMessages } from "../../adapters/dynamodb/sent-messages.ts";
import { chat } from "../../reactions/chat/chat.ts";
import { Chat } from "../../reactions/chat/settings.ts";
import { variable } from "./secret.ts";
import { LedgerAccess, sqsReaction } from "./sqs-reaction.ts";

const Settings = z.strictObject({ asof: LedgerAccess, chat: Chat });

const sent = dynamodbSentMessages({
  client: dynamodbClient(),
  name: variable("ASOF_SENT_TABLE"),
});

export const handler = sqsReaction(Settings, ({ chat: settings }, dependencies) =>
  chat(settings, { ...dependencies, sent }),
);
