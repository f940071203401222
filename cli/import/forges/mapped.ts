/** Maps a forge's API objects with the mapping of its webhooks, so that both report one thing in the same way. */
import type { Mapped } from "../../../schemas/mapped.ts";
import type { Item } from "../importer.ts";

const WEBHOOKS = "/webhooks/";
const RECEIPT = "receipt";

/** What a mapping says, as items: from the importer's own source, and without what a webhook's delivery alone means. */
export function* itemsFrom(mapped: readonly Mapped[], where: string): Generator<Item> {
  for (const one of mapped) {
    if (one.is === "rejected") yield { is: "not sent", outcome: "rejected", why: one.reason, where };
    if (one.is !== "statement") continue;
    const { source, timeFrom, ...statement } = one.statement;
    if (timeFrom === RECEIPT) {
      yield { is: "unknown", why: "when something happened that has no time in the API", where };
      continue;
    }
    const own = String(source).replace(WEBHOOKS, "/import/");
    yield {
      is: "statement",
      statement: { ...statement, source: own, ...(timeFrom === undefined ? {} : { timeFrom }) },
    };
  }
}
