/** The endpoints where people read quarantined events, submit them again, or discard them. */
import type { Context } from "hono";
import type { Quarantine } from "../../../schemas/answers/quarantine.ts";
import type { Mapped } from "../../../schemas/mapped.ts";
import { Discard } from "../../../schemas/operation.ts";
import { QuarantineQuestion } from "../../../schemas/questions/question.ts";
import type { Holder } from "../../ledger/authority/authority.ts";
import { nextCursor, placeOf, sizeOf } from "../../ledger/cursor.ts";
import { receive } from "../../ledger/ingest/ingest.ts";
import type { QuarantineItem } from "../../ledger/ingest/quarantine.ts";
import { rejected } from "../../sources/payload.ts";
import { SOURCES } from "../../sources/sources.ts";
import { toStatement } from "../../sources/standards/cloudevents.ts";
import type { Ledger } from "../context.ts";
import { EndpointError } from "../problem.ts";
import { answerOne } from "../recording/outcomes.ts";
import { bodyOf, found, holder, isRestricted, query, senderOf, unboundHolder } from "../request.ts";

const QUESTION = "the quarantine";

/** Whether a holder may see an item: those who may ask about the whole ledger see all, others what they reported. */
const maySee = (who: Holder, { reportedBy }: Pick<QuarantineItem, "reportedBy">): boolean =>
  reportedBy === who.name || (who.role !== "writer" && !isRestricted(who));

/** One page, newest first. A page of a holder who sees a part may be short, or empty, and not the last. */
export async function quarantinePage(ledger: Ledger, c: Context): Promise<Quarantine> {
  const who = await holder(ledger, c, "ask", "write");
  const paging = query(c, QuarantineQuestion);
  const [cursor] = placeOf(QUESTION, paging);
  const limit = sizeOf(paging, 50, 100);
  const range = cursor === undefined ? { limit } : { limit, cursor };
  const { entries, cursor: next } = await ledger.quarantine.page(range);
  return {
    entries: entries.filter((entry) => maySee(who, entry)),
    next: nextCursor(QUESTION, true, next),
  };
}

/** The item that a request's path names. What a holder may not see is not found. */
async function itemOf(ledger: Ledger, c: Context, who: Holder): Promise<QuarantineItem & { key: string }> {
  const key = c.req.param("key") ?? "";
  const item = await ledger.quarantine.get(key);
  const seen = item !== undefined && maySee(who, item) ? { key, ...item } : undefined;
  return found(seen, `the quarantined item ${key}`);
}

export const quarantineItem = async (ledger: Ledger, c: Context): Promise<object> =>
  itemOf(ledger, c, await holder(ledger, c, "ask", "write"));

/** Senders whose events do not say of which cluster they are; a header said it, and was not kept. */
const BY_HEADER: ReadonlySet<string> = new Set(["argocd", "flux", "helm", "kubernetes"]);

/** What an item is mapped to now: its statement, if it had become one, else its event, mapped again. */
async function mappedAgain(ledger: Ledger, { door, event, statement }: QuarantineItem): Promise<Mapped[]> {
  if (statement !== undefined) return [{ is: "statement", statement, raw: event }];
  if (door === "events" && typeof event === "object") return [toStatement(event)];
  const load = SOURCES.get(door);
  if (load === undefined || BY_HEADER.has(door) || typeof event !== "object")
    throw new EndpointError(
      "not now",
      "This one has to be sent again by its sender: what it was sent with was not kept.",
    );
  const context = { headers: new Headers(), receivedAt: ledger.now().toISOString() };
  return (await load()).toStatements(event, context);
}

/**
 * Takes an item again, reported by the one who asks for it. It leaves the quarantine if every statement of it is recorded,
 * known or not needed.
 */
export async function retry(ledger: Ledger, c: Context): Promise<Response> {
  const who = await unboundHolder(ledger, c, "retract", "the quarantine holds statements about all of it");
  const item = await itemOf(ledger, c, who);
  const mapped = await mappedAgain(ledger, item);
  // It is still in the quarantine, so what is refused again is not stored a second time.
  const received = await receive(
    { ...ledger, quarantine: { ...ledger.quarantine, keep: async () => "known" } },
    senderOf(item.door, who),
    mapped.length > 0 ? mapped : [rejected("it holds no statement", item.event)],
  );
  const isDone = received.every(({ said: { outcome } }) => outcome !== "rejected" && outcome !== "conflict");
  if (isDone) await ledger.quarantine.remove(item.key);
  ledger.log.info("a quarantined item was retried", {
    key: item.key,
    by: who.name,
    recorded: String(isDone),
  });
  return received.length === 1
    ? answerOne(c, received)
    : c.json({ outcomes: received.map((one) => one.said) }, 200);
}

/** Takes an item out for good. The log keeps who did, and why. */
export async function discard(ledger: Ledger, c: Context): Promise<Response> {
  const who = await unboundHolder(ledger, c, "retract", "the quarantine holds statements about all of it");
  const { reason } = await bodyOf(c, Discard);
  const { key, why, door, reportedBy } = await itemOf(ledger, c, who);
  ledger.log.info("a quarantined item was discarded", {
    key,
    by: who.name,
    because: reason,
    why,
    door,
    reportedBy,
  });
  await ledger.quarantine.remove(key);
  return c.json({ key, discarded: true }, 200);
}
