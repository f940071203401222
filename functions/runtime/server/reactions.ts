/** The reactions that are configured on one machine. */
import type { Database } from "../../adapters/sqlite/database.ts";
import { sqliteSentMessages } from "../../adapters/sqlite/sent-messages.ts";
import { chat } from "../../reactions/chat/chat.ts";
import { executors } from "../../reactions/executors/executors.ts";
import type { Asof } from "../../reactions/ledger-client.ts";
import type { Reaction } from "../../reactions/reaction.ts";
import { maintenance } from "../../reactions/silences/silences.ts";
import type { Configuration } from "../config/environment.ts";
import { log } from "./log.ts";

/** By the names of their queues. */
export function reactionsOf(
  { maintenance: silences, executors: list, chat: chats }: Configuration,
  database: Database,
): Record<string, (asof: Asof) => Reaction> {
  const now = () => new Date();
  return {
    ...(list.length === 0 ? {} : { executions: (asof) => executors(list, { asof, now, log }) }),
    ...(silences === undefined ? {} : { maintenance: (asof) => maintenance(silences, { asof, now, log }) }),
    ...(chats === undefined
      ? {}
      : { chat: (asof) => chat(chats, { asof, now, log, sent: sqliteSentMessages(database) }) }),
  };
}
